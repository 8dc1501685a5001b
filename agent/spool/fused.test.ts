import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { openRedis, type Redis } from "./connection.js";
import { FusedQueue } from "./fused.js";
import { FusedSender } from "./fusedSender.js";
import type { Settlement, Turn, TurnAnswer } from "./fusedTurn.js";
import { WallClock } from "./gotime.js";
import { RawText, StoredTask, TaskReader } from "./storedTask.js";
import { decodeTask, encodeResult, encodeTask, newTask, type Priority, type Task, taskText } from "./task.js";

const LEASE_MS = 10_000;

let server: TestRedis;
let redis: Redis;
let working: Redis;
let sender: FusedSender;
let queue: FusedQueue;

beforeAll(async () => {
	server = await startRedis();
	[redis, working] = (await Promise.all(["test", "fused"].map((name) => openRedis(server.url, { name })))) as [
		Redis,
		Redis,
	];
	sender = new FusedSender(redis, "p:", new WallClock());
	queue = new FusedQueue(working, "p:", LEASE_MS);
	await queue.prepare();
});

afterAll(async () => {
	redis?.disconnect();
	working?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
});

const task = (id: string, priority: Priority = 1) =>
	newTask({ id, type: "t", payload: '{"a":1}', priority, createdAt: "2026-01-01T00:00:00Z" });
const completed = (id: string, given: Task = task(id)): Settlement & { readonly kind: "completed" } => {
	const times = { startedAt: "2026-01-01T00:00:01Z", completedAt: "2026-01-01T00:00:02Z" };
	return { kind: "completed", id, task: given, ...times, output: "null", durationNs: 5 };
};
/** As a worker reads it that has seen such tasks before. */
const asRead = (id: string, json: string): Task => {
	const bytes = Buffer.from(`before${json}behind`);
	const raw = new RawText(bytes, 6, bytes.length - 6);
	const reader = new TaskReader();
	reader.read(raw, id);
	return reader.read(raw, id);
};
const fetchTurn = (number: number, most: number, consumer = "c"): Turn => ({
	consumer,
	number,
	settlements: [],
	tickets: [],
	most,
});
const idsOf = (answer: TurnAnswer) => (answer.kind === "done" ? answer.taken.flatMap(({ ids }) => ids) : answer.kind);
const textsOf = (answer: TurnAnswer) =>
	answer.kind === "done" ? answer.taken.flatMap(({ ids, tasks }) => ids.map((id, at) => [id, String(tasks[at])])) : [];
/** Lets a consumer's lease be over. */
const expire = (consumer: string) => redis.zadd("p:fused:leases", "XX", 0, consumer);

describe("enqueue", () => {
	it("puts every priority into its queue, in order, and counts", async () => {
		await sender.enqueue([task("a", 0), task("b", 3), task("c", 1), task("d", 1), task("e", 2)]);
		const queues = ["critical", "high", "normal", "low"].map((name) => redis.lrange(`p:queue:${name}`, 0, -1));
		expect(await Promise.all(queues)).toEqual([["b"], ["e"], ["c", "d"], ["a"]]);
		expect(await redis.get("p:stats:total")).toBe("5");
		expect(await redis.exists("p:task:a", "p:task:b", "p:stats:last_enqueue")).toBe(3);
	});

	it("refuses the tasks of a queue that takes none, and leaves nothing of them", async () => {
		await redis.set("p:queue:high", "not a list");
		const refusals = await sender.enqueue([task("a"), task("b", 2), task("c")]);
		expect(refusals.map((refusal) => refusal?.message)).toEqual([
			undefined,
			expect.stringContaining("WRONGTYPE"),
			undefined,
		]);
		expect(await redis.exists("p:task:a", "p:task:b", "p:task:c")).toBe(2);
		expect(await redis.get("p:stats:total")).toBe("2");
	});

	it("that a full Redis refuses has done nothing", async () => {
		await redis.config("SET", "maxmemory", "1");
		await expect(sender.enqueue([task("a")])).rejects.toThrow(/OOM|EXECABORT/);
		await redis.config("SET", "maxmemory", "0");
		expect(await redis.dbsize()).toBe(0);
	});
});

describe("turn", () => {
	it("takes the highest priority first, within one the oldest, and notes who holds what", async () => {
		await sender.enqueue([task("a", 0), task("b", 2), task("c", 3), task("d", 2), task("e", 1)]);
		expect(idsOf(await queue.turn(fetchTurn(1, 4)))).toEqual(["c", "b", "d", "e"]);
		expect(await redis.hgetall("p:fused:held:c")).toEqual({
			turn: "1",
			"1:3": '["c"]',
			"1:2": '["b","d"]',
			"1:1": '["e"]',
		});
		expect(idsOf(await queue.turn(fetchTurn(2, 4)))).toEqual(["a"]);
		expect(idsOf(await queue.turn(fetchTurn(3, 4)))).toEqual([]);
		expect((await redis.smembers("p:index:state:processing")).sort()).toEqual(["a", "b", "c", "d", "e"]);
	});

	it("returns null for a task that is gone", async () => {
		await sender.enqueue([task("a"), task("b")]);
		await redis.del("p:task:a");
		const answer = await queue.turn(fetchTurn(1, 4));
		expect(answer.kind === "done" && answer.taken[0]?.tasks.map((json) => json === null)).toEqual([true, false]);
	});

	it("settles what the client could not be told was settled only once", async () => {
		await sender.enqueue([task("a"), task("b"), task("c")]);
		await queue.turn(fetchTurn(1, 2));
		const turn: Turn = {
			consumer: "c",
			number: 2,
			settlements: [completed("a")],
			tickets: [{ field: "1:1", left: ["b"] }],
			most: 5,
		};
		const first = await queue.turn(turn);
		expect(idsOf(first)).toEqual(["c"]);
		const again = await queue.turn(turn);
		expect(textsOf(again)).toEqual(textsOf(first));
		expect(textsOf(again)).toEqual([["c", encodeTask(task("c"))]]);
		expect(await redis.get("p:stats:completed")).toBe("1");
		expect(await redis.hgetall("p:fused:held:c")).toEqual({ turn: "2", "1:1": '["b"]', "2:1": '["c"]' });
	});

	it("does nothing before the turn before it", async () => {
		await sender.enqueue([task("a")]);
		await queue.turn(fetchTurn(1, 0));
		expect(await queue.turn(fetchTurn(3, 1))).toEqual({ kind: "outOfOrder" });
		expect(idsOf(await queue.turn(fetchTurn(2, 1)))).toEqual(["a"]);
	});

	it("of a consumer whose lease is over is refused whole", async () => {
		await sender.enqueue([task("a")]);
		await queue.turn(fetchTurn(1, 1));
		await expire("c");
		expect((await queue.maintain()).takenBack).toBe(1);
		const before = await redis.keys("*");
		const late = { ...fetchTurn(2, 1), settlements: [completed("a")], tickets: [{ field: "1:1", left: [] }] };
		expect(await queue.turn(late)).toEqual({ kind: "lost" });
		expect(await redis.keys("*")).toEqual(before);
		expect(await redis.lrange("p:queue:normal", 0, -1)).toEqual(["a"]);
	});

	it("says what keeps a queue from being read, and takes from the others", async () => {
		await redis.set("p:queue:critical", "not a list");
		await sender.enqueue([task("a")]);
		const answer = await queue.turn(fetchTurn(1, 5));
		expect(idsOf(answer)).toEqual(["a"]);
		expect(answer.kind === "done" && answer.fault?.message).toContain("WRONGTYPE");
	});

	it("goes on when indexes and statistics cannot be kept", async () => {
		for (const key of ["p:index:state:processing", "p:index:state:completed", "p:stats:completed"]) {
			await redis.hset(key, "not", "what is expected");
		}
		await sender.enqueue([task("a")]);
		await queue.turn(fetchTurn(1, 1));
		const turn = { ...fetchTurn(2, 0), settlements: [completed("a")], tickets: [{ field: "1:1", left: [] }] };
		expect((await queue.turn(turn)).kind).toBe("done");
		expect(await redis.exists("p:store:task:a", "p:store:result:a", "p:task:a")).toBe(2);
	});

	it("is carried out, once, by a server that has forgotten the scripts", async () => {
		await sender.enqueue([task("a"), task("b")]);
		await redis.script("FLUSH");
		expect(idsOf(await queue.turn(fetchTurn(1, 1)))).toEqual(["a"]);
		await redis.script("FLUSH");
		const turn = { ...fetchTurn(2, 1), settlements: [completed("a")], tickets: [{ field: "1:1", left: [] }] };
		expect(idsOf(await queue.turn(turn))).toEqual(["b"]);
		expect(await redis.get("p:stats:completed")).toBe("1");
		await redis.script("FLUSH");
		expect((await queue.maintain("c")).renewed).toBe(1);
	});

	it("of a consumer whose lease is taken while it is on its way is refused whole", async () => {
		await sender.enqueue([task("a")]);
		await queue.turn(fetchTurn(1, 1));
		// It watches: nothing is asked before what it sends.
		await expire("c");
		const late = { ...fetchTurn(2, 1), settlements: [completed("a")], tickets: [{ field: "1:1", left: [] }] };
		const [{ takenBack }, answer] = await Promise.all([
			new FusedQueue(redis, "p:", LEASE_MS).maintain(),
			queue.turn(late),
		]);
		// Whichever came first: both never are.
		expect([takenBack, answer.kind]).toEqual(answer.kind === "lost" ? [1, "lost"] : [0, "done"]);
		expect(await redis.exists("p:store:task:a", "p:store:result:a")).toBe(answer.kind === "lost" ? 0 : 2);
		expect(await redis.llen("p:queue:normal")).toBe(answer.kind === "lost" ? 1 : 0);
	});

	const taskJson = async (id: string) => (await redis.get(`p:task:${id}`)) ?? "";
	const settling = (...settlements: Settlement[]): Turn => {
		const tickets = [{ field: "1:1", left: [] }];
		return { ...fetchTurn(2, 0), settlements, tickets };
	};

	it.each(["plain", "größer als ASCII", 'with \\"quotes\\" and \\u003c'])(
		"stores a task that a worker has left in its bytes as it would write it whole: %s",
		async (text) => {
			const given = newTask({ id: "a", type: "t", payload: `{"a":"${text}"}`, createdAt: "2026-01-01T00:00:00Z" });
			await sender.enqueue([given]);
			const read = completed("a", asRead("a", await taskJson("a")));
			const settlement = { ...read, output: `{"a":"${text}"}` };
			expect(settlement.task).toBeInstanceOf(StoredTask);
			await queue.turn(fetchTurn(1, 1));
			expect((await queue.turn(settling(settlement))).kind).toBe("done");
			const stored = (await redis.get("p:store:task:a")) ?? "";
			const { startedAt, completedAt } = settlement;
			expect(stored).toBe(encodeTask({ ...given, state: "completed", startedAt, completedAt }));
			const result = { taskId: "a", success: true, output: settlement.output, completedAt, durationNs: 5 };
			expect(await redis.get("p:store:result:a")).toBe(encodeResult(result));
			expect(await redis.ttl("p:store:result:a")).toBe(30 * 86_400);
			expect(await redis.ttl("p:store:task:a")).toBe(604_800);
		},
	);

	it("settles a task that is not what was read, and one twice", async () => {
		await sender.enqueue([task("a"), task("b")]);
		const settlements = await Promise.all(["a", "b"].map(async (id) => completed(id, asRead(id, await taskJson(id)))));
		await queue.turn(fetchTurn(1, 2));
		await redis.set("p:task:a", "something else");
		const [a, b] = settlements as [Settlement, Settlement];
		const turn = settling(a, b, b);
		expect((await queue.turn(turn)).kind).toBe("done");
		for (const id of ["a", "b"]) {
			expect(decodeTask((await redis.get(`p:store:task:${id}`)) ?? "")).toEqual({
				...task(id),
				state: "completed",
				startedAt: "2026-01-01T00:00:01Z",
				completedAt: "2026-01-01T00:00:02Z",
			});
		}
		expect(await redis.keys("p:task:*")).toEqual([]);
	});

	it("asks for the tasks by name where SORT may not", async () => {
		await redis.acl("SETUSER", "narrow", "on", "nopass", "~p:*", "+@all");
		const own = await openRedis(server.url, { name: "narrow" });
		await own.call("AUTH", "narrow", "any");
		const narrow = new FusedQueue(own, "p:", LEASE_MS);
		await narrow.prepare();
		await sender.enqueue([task("a"), task("b", 3)]);
		const answer = await narrow.turn(fetchTurn(1, 5));
		expect(answer.kind === "done" && answer.taken.flatMap(({ tasks }) => tasks.map(String))).toEqual([
			encodeTask(task("b", 3)),
			encodeTask(task("a")),
		]);
		own.disconnect();
	});

	it("takes a thousand tasks and settles them", async () => {
		const ids = Array.from({ length: 1_000 }, (_, index) => String(index));
		await sender.enqueue(ids.map((id) => task(id)));
		expect(idsOf(await queue.turn(fetchTurn(1, 1_000)))).toEqual(ids);
		const tickets = [{ field: "1:1", left: [] }];
		await queue.turn({ ...fetchTurn(2, 0), settlements: ids.map((id) => completed(id)), tickets });
		expect(await redis.get("p:stats:completed")).toBe("1000");
		await queue.release("c");
		expect(await redis.keys("p:fused:*")).toEqual([]);
	});
});

describe("maintain", () => {
	it("renews a lease, and takes nothing from who has one", async () => {
		await sender.enqueue([task("a")]);
		await queue.turn(fetchTurn(1, 1));
		const before = Number(await redis.zscore("p:fused:leases", "c"));
		await redis.zadd("p:fused:leases", "XX", before - LEASE_MS / 2, "c");
		expect(await queue.maintain("c")).toEqual({
			renewed: 1,
			takenBack: 0,
			enqueued: 0,
			nextRetryMs: undefined,
			owed: 0,
		});
		expect(Number(await redis.zscore("p:fused:leases", "c"))).toBeGreaterThanOrEqual(before);
		expect((await queue.maintain("other")).owed).toBe(1);
	});

	test.prop(
		[
			fc.array(fc.constantFrom<Priority>(0, 1, 2, 3), { minLength: 1, maxLength: 30 }),
			fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 5 }),
			fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
		],
		{ numRuns: 40 },
	)(
		"puts back what a dead consumer had not settled, in order, before what waits",
		async (priorities, fetches, dones) => {
			await redis.flushall();
			const tasks = priorities.map((priority, index) => task(String(index), priority));
			await sender.enqueue(tasks);
			const settlements: Settlement[] = [];
			const tickets: { field: string; left: string[] }[] = [];
			for (const [index, most] of fetches.entries()) {
				const answer = await queue.turn(fetchTurn(index + 1, most));
				for (const { field, ids } of answer.kind === "done" ? answer.taken : []) {
					const done = ids.filter((id) => dones[Number(id)]);
					settlements.push(...done.map((id) => completed(id)));
					if (done.length > 0) tickets.push({ field, left: ids.filter((id) => !dones[Number(id)]) });
				}
			}
			await queue.turn({ ...fetchTurn(fetches.length + 1, 0), settlements, tickets });
			await expire("c");
			await queue.maintain("other");

			const settled = new Set(settlements.map((settlement) => ("id" in settlement ? settlement.id : "")));
			for (const [priority, name] of ["low", "normal", "high", "critical"].entries()) {
				const expected = tasks
					.filter((each) => each.priority === priority && !settled.has(each.id))
					.map(({ id }) => id);
				expect(await redis.lrange(`p:queue:${name}`, 0, -1)).toEqual(expected);
			}
			expect(await redis.keys("p:fused:*")).toEqual([]);
		},
	);

	it("enqueues retries when they are due, and says when the next one is", async () => {
		await sender.enqueue([task("a", 2), task("b")]);
		await queue.turn(fetchTurn(1, 2));
		const retried = (id: string, priority: Priority, delayMs: number): Settlement => {
			const text = taskText(task(id), { ...task(id), state: "retrying", retryCount: 1, error: "boom" });
			return { kind: "retried", id, task: text, result: undefined, priority, delayMs };
		};
		const tickets = ["1:2", "1:1"].map((field) => ({ field, left: [] }));
		await queue.turn({ ...fetchTurn(2, 0), settlements: [retried("a", 2, 0), retried("b", 1, 60_000)], tickets });
		await queue.release("c");
		const done = await queue.maintain();
		expect(done).toMatchObject({ enqueued: 1, owed: 1 });
		expect(done.nextRetryMs).toBeGreaterThan(50_000);
		expect(await redis.lrange("p:queue:high", 0, -1)).toEqual(["a"]);
		expect(await redis.get("p:stats:total")).toBe("3");
		expect(JSON.parse((await redis.get("p:task:a")) ?? "")).toMatchObject({ state: "retrying", retry_count: 1 });
	});
});

it("release keeps a consumer that holds something", async () => {
	await sender.enqueue([task("a")]);
	await queue.turn(fetchTurn(1, 1));
	await queue.release("c");
	expect(await redis.exists("p:fused:held:c", "p:fused:leases")).toBe(2);
});
