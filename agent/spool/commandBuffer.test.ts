import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { CommandBuffer, CommandBuffers } from "./commandBuffer.js";
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

const parts = fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme-composite" }), fc.string());

async function stored(buffer: CommandBuffer, lists: readonly (readonly [string, string, string])[]): Promise<string[]> {
	await redis.del("list");
	buffer.begin(2 + lists.length);
	buffer.add("RPUSH");
	buffer.add("list");
	for (const [first, second, third] of lists) buffer.add(first, second, third);
	expect(await buffer.send(redis, "rpush")[0]).toBe(lists.length);
	return redis.lrange("list", 0, -1);
}

test.prop([fc.array(parts, { minLength: 1, maxLength: 20 })])("Redis receives every argument whole", async (lists) => {
	expect(await stored(new CommandBuffer(), lists)).toEqual(lists.map((each) => each.join("")));
});

test("lengths around each power of ten, and texts whose bytes outnumber their characters", async () => {
	const lengths = [0, 1, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000, 99_999, 100_000];
	const lists = lengths.flatMap((length): [string, string, string][] => [
		["x".repeat(length), "", ""],
		["é".repeat(length), "", "€".repeat(length)],
	]);
	expect(await stored(new CommandBuffer(), lists)).toEqual(lists.map((each) => each.join("")));
});

test("a buffer is used again, and two at once where two commands are under way", async () => {
	const buffers = new CommandBuffers();
	const set = (key: string, value: string) =>
		buffers.use((buffer) => {
			buffer.begin(3);
			for (const word of ["SET", key, value]) buffer.add(word);
			return Promise.all(buffer.send(redis, "set"));
		});
	await Promise.all([set("a", "1".repeat(100_000)), set("b", "2".repeat(200_000))]);
	await set("c", "3");
	expect(await redis.mget("a", "b", "c")).toEqual(["1".repeat(100_000), "2".repeat(200_000), "3"]);
});

test("what Redis refuses rejects", async () => {
	const buffer = new CommandBuffer();
	buffer.begin(1);
	buffer.add("NONSENSE");
	await expect(buffer.send(redis, "nonsense")[0]).rejects.toThrow("unknown command");
});

test("several commands leave together and are answered each", async () => {
	const buffer = new CommandBuffer();
	buffer.begin(3);
	for (const word of ["SET", "several", "größer"]) buffer.add(word);
	buffer.next(2);
	for (const word of ["LPOP", "several"]) buffer.add(word);
	buffer.next(2);
	for (const word of ["GET", "several"]) buffer.add(word);
	const [set, pop, get] = buffer.send(redis, "set", "lpop", "get");
	await expect(pop).rejects.toThrow("WRONGTYPE");
	expect(await Promise.all([set, get])).toEqual(["OK", "größer"]);
});
