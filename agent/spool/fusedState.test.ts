import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Outcome } from "../../proto/gen/measurement.js";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { openRedis, type Redis } from "./connection.js";
import { FusedQueue } from "./fused.js";
import { FusedSender } from "./fusedSender.js";
import type { Settlement, TicketState } from "./fusedTurn.js";
import { WallClock } from "./gotime.js";
import { census, removeRun } from "./namespace.js";
import { newTask, taskText } from "./task.js";

let server: TestRedis;
let redis: Redis;
let working: Redis;
let queue: FusedQueue;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "fused-state" });
});

afterAll(async () => {
	redis?.disconnect();
	working?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
	working = await openRedis(server.url, { name: "fused" });
	queue = new FusedQueue(working, "p:", 10_000);
});

const identify = (taskId: string) => {
	const [, sequence] = /^own-(\d+)$/.exec(taskId) ?? [];
	return sequence === undefined ? undefined : { producer: 0, sequence: Number(sequence) };
};
const isOwn = (taskId: string) => identify(taskId) !== undefined;
const task = (id: string) => newTask({ id, type: "t", payload: "{}", createdAt: "2026-01-01T00:00:00Z" });

/** Three tasks: the first waits for a retry, the second is held, the third is in the queue. */
async function populate(consumer: string, [retried, held, waiting]: readonly [string, string, string]): Promise<void> {
	await new FusedSender(redis, "p:", new WallClock()).enqueue([task(retried), task(held), task(waiting)]);
	await queue.turn({ consumer, number: 1, settlements: [], tickets: [], most: 2 });
	const text = taskText(task(retried), task(retried));
	const settlements: Settlement[] = [
		{ kind: "retried", id: retried, task: text, result: "{}", priority: 1, delayMs: 60_000 },
	];
	const tickets: TicketState[] = [{ field: "1:1", left: [held] }];
	await queue.turn({ consumer, number: 2, settlements, tickets, most: 0 });
}

describe("a fused run that was cut short", () => {
	it("has its held tasks and its retries counted as held", async () => {
		await populate("c", ["own-0", "own-1", "own-2"]);
		const { pages, remaining, held, foreignTasks } = await census(redis, "p:", identify);
		expect(remaining).toEqual([0, 1, 0, 0]);
		expect([held, foreignTasks]).toEqual([2, 0]);
		const bits = (outcome: Outcome) => pages.find((page) => page.outcome === outcome)?.bits[0];
		expect(bits(Outcome.HELD)).toBe(0b011);
		expect(bits(Outcome.REMAINING)).toBe(0b100);
	});

	it("leaves nothing when it was alone", async () => {
		await populate("c", ["own-0", "own-1", "own-2"]);
		await removeRun(redis, "p:", isOwn);
		expect(await redis.keys("*")).toEqual([]);
	});

	it("among others takes its own out", async () => {
		await populate("ours", ["own-0", "own-1", "own-2"]);
		await redis.del("p:queue:normal");
		await populate("theirs", ["x", "y", "z"]);
		await removeRun(redis, "p:", isOwn);
		expect((await redis.keys("p:fused:*")).sort()).toEqual([
			"p:fused:held:theirs",
			"p:fused:leases",
			"p:fused:retries",
		]);
		expect(await redis.zrange("p:fused:retries", "0", "-1")).toEqual(["1:x"]);
		expect((await redis.keys("p:task:*")).sort()).toEqual(["p:task:x", "p:task:y", "p:task:z"]);
	});
});
