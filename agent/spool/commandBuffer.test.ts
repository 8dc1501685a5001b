import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { CommandBuffer, CommandBuffers, digits, LastPiece } from "./commandBuffer.js";
import { openRedis, type Redis } from "./connection.js";

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "command-buffer" });
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
});

const text = fc.oneof(
	fc.string({ unit: "grapheme", maxLength: 200 }),
	fc.string({ unit: "binary-ascii", minLength: 50, maxLength: 300 }),
	fc.string(),
);

async function stored(buffer: CommandBuffer, texts: readonly string[]): Promise<string[]> {
	await redis.del("list");
	buffer.begin(2 + texts.length);
	buffer.add("RPUSH");
	buffer.add("list");
	for (const each of texts) buffer.add(each);
	expect(await buffer.send(redis, "rpush")).toEqual([texts.length]);
	return redis.lrange("list", 0, -1);
}

test.prop([fc.array(text, { minLength: 1, maxLength: 20 })])("Redis receives every argument whole", async (texts) => {
	expect(await stored(new CommandBuffer(), texts)).toEqual(texts);
});

const piece = fc.oneof(
	fc.string({ unit: "binary-ascii", maxLength: 300 }).map((ascii) => ({ ascii })),
	fc.nat().map((number) => ({ number })),
	fc
		.integer({ min: 1, max: 12 })
		.chain((width) => fc.record({ width: fc.constant(width), hex: fc.nat({ max: 16 ** width - 1 }) })),
	fc.uint8Array({ maxLength: 400 }).map((bytes) => ({ bytes })),
);

test.prop([fc.array(fc.array(piece, { maxLength: 8 }), { minLength: 1, maxLength: 5 })])(
	"an argument in pieces is what they are together",
	async (lists) => {
		const buffer = new CommandBuffer();
		await redis.del("list");
		buffer.begin(2 + lists.length);
		buffer.add("RPUSH");
		buffer.add("list");
		const expected = lists.map((pieces) => {
			const bytes = pieces.map((each) => {
				if ("bytes" in each) return each.bytes;
				if ("hex" in each) return Buffer.from(each.hex.toString(16).padStart(each.width, "0"));
				return Buffer.from("ascii" in each ? each.ascii : String(each.number));
			});
			buffer.open(bytes.reduce((sum, { length }) => sum + length, 0));
			for (const each of pieces) {
				if ("ascii" in each) buffer.ascii(each.ascii);
				else if ("number" in each) buffer.number(each.number);
				else if ("hex" in each) buffer.hex(each.hex, each.width);
				else buffer.copy(each.bytes, 0, each.bytes.length);
			}
			buffer.close();
			return Buffer.concat(bytes);
		});
		expect(await buffer.send(redis, "rpush")).toEqual([lists.length]);
		buffer.begin(4);
		for (const word of ["LRANGE", "list", "0", "-1"]) buffer.add(word);
		const asBytes = (bytes: Buffer, from: number, to: number) => Buffer.from(bytes.subarray(from, to));
		expect(await buffer.send(redis, "lrange", asBytes)).toEqual([expected]);
	},
);

test.prop([fc.nat({ max: Number.MAX_SAFE_INTEGER })])("a number takes its digits", (number) => {
	expect(digits(number)).toBe(String(number).length);
});

test("a piece that is there already is written again", async () => {
	const buffer = new CommandBuffer();
	buffer.begin(3);
	buffer.add("SET");
	buffer.open(3);
	const place = buffer.end;
	buffer.ascii("key");
	buffer.close();
	buffer.open(100_003);
	buffer.again(place, 3);
	buffer.ascii("x".repeat(100_000));
	buffer.close();
	await buffer.send(redis, "set");
	expect(await redis.get("key")).toBe(`key${"x".repeat(100_000)}`);
});

test.prop([fc.array(text)])("the last text's bytes are its own", (texts) => {
	const last = new LastPiece("before ", " behind");
	for (const each of texts) expect(last.of(each).bytes).toEqual(Buffer.from(`before ${each} behind`));
});

test("lengths around each power of ten, and texts whose bytes outnumber their characters", async () => {
	const lengths = [0, 1, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000, 99_999, 100_000];
	const texts = lengths.flatMap((length) => ["x".repeat(length), `${"é".repeat(length)}${"€".repeat(length)}`]);
	expect(await stored(new CommandBuffer(), texts)).toEqual(texts);
});

test("a buffer is used again, and two at once where two commands are under way", async () => {
	const buffers = new CommandBuffers();
	const set = (key: string, value: string) =>
		buffers.use((buffer) => {
			buffer.begin(3);
			for (const word of ["SET", key, value]) buffer.add(word);
			return buffer.send(redis, "set");
		});
	await Promise.all([set("a", "1".repeat(100_000)), set("b", "2".repeat(200_000))]);
	await set("c", "3");
	expect(await redis.mget("a", "b", "c")).toEqual(["1".repeat(100_000), "2".repeat(200_000), "3"]);
});

test("what Redis refuses is its answer, and a lost connection rejects", async () => {
	const buffer = new CommandBuffer();
	buffer.begin(1);
	buffer.add("NONSENSE");
	expect(await buffer.send(redis, "nonsense")).toEqual([
		expect.objectContaining({ name: "ReplyError", message: expect.stringContaining("unknown command") }),
	]);
	const own = await openRedis(server.url, { name: "lost" });
	buffer.begin(3);
	for (const word of ["BLPOP", "nothing", "0"]) buffer.add(word);
	// Caught before it can happen: the loss may be seen before the answer to KILL.
	const refusal = buffer.send(own, "blpop").catch(({ message }: Error) => message);
	await redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
	expect(await refusal).toContain("the connection was lost");
	own.disconnect();
});

test("several commands leave together and are answered each", async () => {
	const buffer = new CommandBuffer();
	buffer.begin(3);
	for (const word of ["SET", "several", "größer"]) buffer.add(word);
	buffer.next(2);
	for (const word of ["LPOP", "several"]) buffer.add(word);
	buffer.next(2);
	for (const word of ["GET", "several"]) buffer.add(word);
	expect(await buffer.send(redis, "set")).toEqual([
		"OK",
		expect.objectContaining({ message: expect.stringContaining("WRONGTYPE") }),
		"größer",
	]);
});
