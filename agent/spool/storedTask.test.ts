import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { CommandBuffer } from "./commandBuffer.js";
import { Piece } from "./piece.js";
import { PlainTask, type WrittenText } from "./plainTask.js";
import { ReplyReader } from "./replyReader.js";
import { RawText, StoredTask, TaskReader } from "./storedTask.js";
import { decodeTask, encodeTask, newTask, type Priority, type Task } from "./task.js";

const TIMES = { startedAt: "2026-01-02T03:04:05.6Z", completedAt: "2026-01-02T03:04:05.678901234Z" };

/** In the midst of other bytes, as a reply has it. */
function rawOf(json: string): RawText {
	const bytes = Buffer.from(`*9\r\n${json}\r\n$5\r\n`);
	return new RawText(bytes, 4, 4 + Buffer.byteLength(json));
}

const reader = new TaskReader();
/** As a worker reads it that has seen such a task before. */
function read(json: string, id: string): Task {
	reader.read(rawOf(json), id);
	return reader.read(rawOf(json), id);
}

/** The last of `count` arguments that were added, as Redis reads it. */
function written(add: (buffer: CommandBuffer) => void, count = 1): unknown {
	const buffer = new CommandBuffer();
	buffer.begin(count);
	add(buffer);
	let words: unknown;
	const asText = () => (bytes: Buffer, from: number, to: number) => bytes.toString("utf8", from, to);
	new ReplyReader(asText, (reply) => {
		words = reply;
	}).push(buffer.written);
	return (words as unknown[]).at(-1);
}

const FIELDS = [
	...(["id", "type", "payload", "priority", "state", "maxRetries", "retryCount", "timeoutNs"] as const),
	...(["createdAt", "scheduledAt", "metadata"] as const),
];
const fields = (task: Task) => FIELDS.map((name) => task[name]);

const TAIL =
	',"priority":1,"state":"pending","max_retries":3,"retry_count":0,"timeout":30000000000,"created_at":"c","scheduled_at":"s"';
const TRAPS = [
	TAIL,
	`{"a":1${TAIL}}`,
	{ a: { id: "x", priority: 1, state: "pending" } },
	`"}${TAIL}}`,
	JSON.parse(`{"x":1${TAIL},"metadata":{"y":2}}`) as unknown,
];
const json = fc.oneof(fc.jsonValue({ depthSize: "small" }), fc.constantFrom(...TRAPS));
const task = fc
	.record({
		id: fc.oneof(fc.uuid(), fc.string({ minLength: 1 })),
		type: fc.constantFrom("t", "benchmark_task", "größer", 'a"b', "<x>"),
		payload: json.map((each) => JSON.stringify(each)),
		priority: fc.constantFrom<Priority>(0, 1, 2, 3),
		maxRetries: fc.constantFrom(0, 3, 12),
		timeoutNs: fc.constantFrom(1e9, 30e9),
		createdAt: fc.constantFrom("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678901234Z"),
		metadata: fc.option(
			fc.dictionary(fc.string({ minLength: 1 }), json, { minKeys: 1 }).map((each) => JSON.stringify(each)),
			{ nil: undefined },
		),
	})
	.map(({ metadata, ...init }) => newTask({ ...init, ...(metadata === undefined ? undefined : { metadata }) }));

describe("a task left in its bytes", () => {
	test.prop([task], { numRuns: 1_000 })("says what its JSON says, and is completed as that is", (given) => {
		const text = encodeTask(given);
		const known = read(text, given.id);
		expect(fields(known)).toEqual(fields(decodeTask(text)));
		if (!(known instanceof StoredTask)) return;
		expect(known.toTask()).toEqual(decodeTask(text));
		const completed = encodeTask({ ...given, state: "completed", ...TIMES });
		expect(written((buffer) => known.addCompleted(buffer, TIMES.startedAt, TIMES.completedAt))).toBe(completed);
		expect(written((buffer) => known.addKey(buffer, Piece.of("key:")))).toBe(`key:${given.id}`);
	});

	const plain = (init: { payload?: string; metadata?: string }) =>
		newTask({ id: "a-1", type: "t", payload: "{}", createdAt: "2026-01-02T03:04:05Z", ...init });

	it.each([
		["as Spool's own benchmark makes them", { payload: '{"data":"x"}', metadata: '{"enqueue_time":"2026"}' }],
		["without metadata", {}],
		["with text beyond ASCII", { payload: '"größer"', metadata: '{"ä":"ö"}' }],
		["with what looks like an end in its payload", { payload: `{"x":1${TAIL},"metadata":{"y":2}}` }],
		["with what looks like an end in a text", { metadata: JSON.stringify({ a: TAIL }) }],
	])("is what tasks become %s", (_, init) => {
		const given = plain(init);
		const known = read(encodeTask(given), given.id);
		expect(known).toBeInstanceOf(StoredTask);
		expect(fields(known)).toEqual(fields(given));
	});

	it.each([
		["that were tried before", encodeTask({ ...plain({}), state: "retrying", retryCount: 1, error: "boom" })],
		["with what looks like an end in their metadata", encodeTask(plain({ metadata: `{"x":{"a":1${TAIL}}}` }))],
		["with white space", encodeTask(plain({})).replace(',"priority"', ', "priority"')],
		["in another order", encodeTask(plain({})).replace('"id":"a-1","type":"t"', '"type":"t","id":"a-1"')],
		["with empty metadata", encodeTask(plain({})).replace(/}$/, ',"metadata":{}}')],
	])("is not what tasks become %s: they are read all the same", (_, text) => {
		const known = read(text, "a-1");
		expect(known).not.toBeInstanceOf(StoredTask);
		expect(known).toEqual(decodeTask(text));
	});

	it("is nobody else's", () => {
		const text = encodeTask(plain({}));
		read(text, "a-1");
		expect(() => reader.read(rawOf(text), "a-2")).toThrow("task: id: expected a-2, got a-1");
		expect(() => reader.read(rawOf(text.slice(0, -1)), "a-1")).toThrow("task: ");
	});
});

const asWritten = (text: string): WrittenText => ({
	bytes: text.length,
	addTo: (buffer) => buffer.ascii(text),
	toString: () => text,
});
const plainText = fc.stringMatching(/^[ !#-%'-;=?-[\]-~]*$/);

test.prop([plainText, plainText, plainText, fc.nat(), fc.option(plainText, { nil: undefined })])(
	"a plain task is written as any other",
	(id, type, data, number, text) => {
		const payload = { start: `{"data":"${data}","n":`, end: `${number}}` };
		const metadata = text === undefined ? undefined : `{"a":"${text}"}`;
		const common = { id, type, createdAt: TIMES.startedAt, priority: 2, maxRetries: 5, timeoutNs: 1e9 } as const;
		const plain = new PlainTask({
			...common,
			payload,
			metadata: metadata === undefined ? undefined : asWritten(metadata),
		});
		const given = newTask({
			...common,
			payload: payload.start + payload.end,
			...(metadata !== undefined && { metadata }),
		});
		expect(encodeTask(plain)).toBe(encodeTask(given));
		let idAt = -1;
		const add = (buffer: CommandBuffer) => {
			idAt = plain.addTo(buffer, Piece.of("key:"));
			expect(buffer.written.toString("latin1", idAt, idAt + id.length)).toBe(id);
		};
		expect(written(add, 2)).toBe(encodeTask(given));
	},
);
