import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { ClassicQueue } from "./classic.js";
import { classifyError, openRedis, type Redis } from "./connection.js";
import { WallClock } from "./gotime.js";
import { retryDelayMs } from "./outcome.js";
import { newTask, type Priority } from "./task.js";

let server: TestRedis;
let redis: Redis;
let queue: ClassicQueue;
let ignored: string[];

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "classic" });
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
	ignored = [];
	queue = new ClassicQueue(redis, "p:", new WallClock(), (error) => ignored.push(classifyError(error).kind));
});

const task = (id: string, priority: Priority = 1) =>
	newTask({ id, type: "t", payload: "{}", priority, createdAt: "2026-01-01T00:00:00Z" });

describe("enqueue", () => {
	it("whose push is refused takes the task back and rejects", async () => {
		await redis.set("p:queue:normal", "not a list");
		const refused = await queue.enqueue(task("1")).catch((error: Error) => error);
		expect(classifyError(refused as Error)).toEqual({ kind: "WRONGTYPE", outcome: "rejected" });
		expect(await redis.exists("p:task:1")).toBe(0);
	});

	it("whose statistics fail has enqueued all the same, and tells", async () => {
		await redis.rpush("p:stats:total", "not a number");
		await queue.enqueue(task("1"));
		expect(await redis.lrange("p:queue:normal", 0, -1)).toEqual(["1"]);
		expect(ignored).toEqual(["WRONGTYPE"]);
	});
});

describe("dequeue", () => {
	it("takes the highest priority first, and within one the oldest", async () => {
		for (const [id, priority] of [
			["a", 0],
			["b", 2],
			["c", 3],
			["d", 2],
			["e", 1],
		] as const) {
			await queue.enqueue(task(id, priority));
		}
		const ids: (string | undefined)[] = [];
		for (let poll = 0; poll < 6; poll++) ids.push((await queue.dequeue())?.id);
		expect(ids).toEqual(["c", "b", "d", "e", "a", undefined]);
	});

	it("skips an ID whose task is gone, and goes on with the next lower queue", async () => {
		await queue.enqueue(task("gone", 2));
		await queue.enqueue(task("same queue", 2));
		await queue.enqueue(task("lower", 0));
		await redis.del("p:task:gone");
		expect((await queue.dequeue())?.id).toBe("lower");
		expect((await queue.dequeue())?.id).toBe("same queue");
		expect(await redis.exists("p:processing:gone")).toBe(0);
	});

	it("puts the ID back at the head when its task cannot be fetched", async () => {
		await queue.enqueue(task("1"));
		await queue.enqueue(task("2"));
		await redis.del("p:task:1");
		await redis.rpush("p:task:1", "a list");
		await expect(queue.dequeue()).rejects.toThrow("WRONGTYPE");
		expect(await redis.lrange("p:queue:normal", 0, -1)).toEqual(["1", "2"]);
	});

	it("deletes a task that cannot be read", async () => {
		await queue.enqueue(task("1"));
		await redis.set("p:task:1", '{"id":7}');
		await expect(queue.dequeue()).rejects.toThrow("task: id: expected text, got 7");
		expect(await redis.exists("p:task:1")).toBe(0);
	});
});

describe("bookkeeping that fails", () => {
	it("does not keep a task from being completed, and each error is told", async () => {
		await queue.enqueue(task("1"));
		for (const key of ["p:index:state:processing", "p:index:state:completed", "p:stats:completed"]) {
			await redis.hset(key, "not", "what is expected");
		}
		const taken = await queue.dequeue();
		await queue.complete(await queue.start(taken ?? task("none")), undefined, 1);
		expect(ignored).toEqual(["WRONGTYPE", "WRONGTYPE", "WRONGTYPE"]);
		expect(await redis.exists("p:task:1", "p:processing:1")).toBe(0);
		expect(await redis.exists("p:store:task:1", "p:store:result:1")).toBe(2);
	});
});

it.each([
	[1, 2_000],
	[2, 4_000],
	[8, 256_000],
	[9, 300_000],
	[2_000, 300_000],
])("after %d failures the next try is %d ms away", (retryCount, delayMs) => {
	expect(retryDelayMs({ ...task("1"), retryCount })).toBe(delayMs);
});
