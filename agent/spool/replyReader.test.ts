import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { type Reply, ReplyReader } from "./replyReader.js";

type Value = null | number | string | { readonly bulk: string } | { readonly error: string } | readonly Value[];

const line = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n]/.test(text));
const { value } = fc.letrec<{ value: Value }>((tie) => ({
	value: fc.oneof(
		{ depthSize: "small" },
		fc.constant(null),
		fc.maxSafeInteger(),
		fc.constantFrom("OK", "QUEUED", "QUEUER", "OH"),
		line,
		line.map((error) => ({ error })),
		fc.string({ unit: "binary", maxLength: 200 }).map((bulk) => ({ bulk })),
		fc.array(tie("value"), { maxLength: 5 }),
	),
}));

function encode(reply: Value): string {
	if (reply === null) return "$-1\r\n";
	if (typeof reply === "number") return `:${reply}\r\n`;
	if (typeof reply === "string") return `+${reply}\r\n`;
	if ("bulk" in reply) return `$${Buffer.byteLength(reply.bulk)}\r\n${reply.bulk}\r\n`;
	if ("error" in reply) return `-${reply.error}\r\n`;
	return `*${reply.length}\r\n${reply.map(encode).join("")}`;
}

function expected(reply: Value): unknown {
	if (reply === null || typeof reply === "number" || typeof reply === "string") return reply;
	if ("bulk" in reply) return reply.bulk;
	if ("error" in reply) return { error: reply.error };
	return reply.map(expected);
}

/** An error by its message. */
function plain(reply: Reply): unknown {
	if (reply instanceof Error) return { error: reply.message };
	return Array.isArray(reply) ? reply.map(plain) : reply;
}

function read(pieces: readonly Buffer[]): unknown[] {
	const replies: unknown[] = [];
	const reader = new ReplyReader(
		() => (bytes, from, to) => bytes.toString("utf8", from, to),
		(reply) => replies.push(plain(reply)),
	);
	for (const piece of pieces) reader.push(piece);
	return replies;
}

/** @param cuts as parts of the whole */
function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
	const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
	return places.slice(1).map((to, at) => Buffer.from(bytes.subarray(places[at], to)));
}

const part = fc.double({ min: 0, max: 1, noNaN: true });

test.prop([fc.array(value, { maxLength: 8 }), fc.array(part, { maxLength: 12 })], { numRuns: 500 })(
	"replies are the same in whatever pieces they come",
	(replies, cuts) => {
		expect(read(cutUp(Buffer.from(replies.map(encode).join("")), cuts))).toEqual(replies.map(expected));
	},
);

test.prop([value])("and byte by byte", (reply) => {
	const bytes = Buffer.from(encode(reply));
	expect(read(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual([expected(reply)]);
});

describe("a reader", () => {
	it("hands a bulk string out where it lies", () => {
		const piece = Buffer.from("$3\r\nabc\r\n");
		let seen: [Buffer, number, number] | undefined;
		const reader = new ReplyReader(
			() => (bytes, from, to) => {
				seen = [bytes, from, to];
			},
			() => {},
		);
		reader.push(piece);
		expect(seen).toEqual([piece, 4, 7]);
		expect(seen?.[0]).toBe(piece);
	});

	it("knows an array that is null, and an empty one", () => {
		expect(read([Buffer.from("*-1\r\n*0\r\n")])).toEqual([null, []]);
	});

	it.each(["HTTP/1.1 400 Bad Request\r\n", "H", "%1\r\n"])("refuses what is no RESP2: %j", (text) => {
		expect(() => read([Buffer.from(text)])).toThrow("Unknown RESP type");
	});
});
