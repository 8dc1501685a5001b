import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Outcome } from "../../proto/gen/measurement.js";
import { LedgerPages } from "../../proto/ledger.js";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { ClassicQueue } from "./classic.js";
import { openRedis, type Redis } from "./connection.js";
import { WallClock } from "./gotime.js";
import { census, countKeys, purgeNamespace, readServer, removeRun, sampleRedis } from "./namespace.js";
import { newTask, type Priority } from "./task.js";

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "namespace" });
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
});

/** `own-PRODUCER-SEQUENCE` */
const identify = (taskId: string) => {
	const [, producer, sequence] = /^own-(\d+)-(\d+)$/.exec(taskId) ?? [];
	return producer === undefined ? undefined : { producer: Number(producer), sequence: Number(sequence) };
};
const isOwn = (taskId: string) => identify(taskId) !== undefined;

const task = (id: string, priority: Priority = 1, maxRetries = 0) =>
	newTask({ id, type: "t", payload: '{"a":1}', priority, maxRetries, createdAt: "2026-01-01T00:00:00Z" });

/** Every kind of key that Spool makes: one task waiting, one held, one completed, one dead. */
async function populate(prefix: string, name: (index: number) => string): Promise<void> {
	const queue = new ClassicQueue(redis, prefix, new WallClock());
	for (let index = 0; index < 4; index++) await queue.enqueue(task(name(index)));
	for (let index = 0; index < 3; index++) {
		const taken = await queue.start((await queue.dequeue()) ?? task("none"));
		if (index === 1) await queue.complete(taken, "null", 1);
		if (index === 2) await queue.fail(taken, "boom", 1);
	}
}

const own = (index: number) => `own-0-${index}`;
const foreign = (index: number) => `foreign-${index}`;

/** Everything under the prefix: strings, lists, and sets in order. */
async function contents(prefix = ""): Promise<Record<string, string | null | string[]>> {
	const all: Record<string, string | null | string[]> = {};
	for (const key of (await redis.keys("*")).sort()) {
		if (!key.startsWith(prefix)) continue;
		const type = await redis.type(key);
		if (type === "list") all[key] = await redis.lrange(key, 0, -1);
		else if (type === "set") all[key] = (await redis.smembers(key)).sort();
		else all[key] = await redis.get(key);
	}
	return all;
}

/** Glob characters, each in a prefix of its own, and what they would match if they were not quoted. */
const TRAPS = [
	["sp*:", "spool:"],
	["sp??l:", "spool:"],
	["s[op]x:", "sox:"],
	["a[^b]c:", "axc:"],
	["back\\*:", "back*:"],
	["back\\slash:", "backslash:"],
] as const;

describe("countKeys and purgeNamespace", () => {
	it("count and delete what is under the prefix, in their own database only", async () => {
		const other = await openRedis(`${server.url}?db=1`, { name: "other" });
		await other.set("p:x", "1");
		await redis.mset({ "p:a": "1", "p:b": "2", p: "3", "q:p:a": "4" });
		expect(await countKeys(redis, "p:")).toBe(2);
		expect(await purgeNamespace(redis, "p:")).toBe(2);
		expect(await redis.keys("*")).toEqual(expect.arrayContaining(["p", "q:p:a"]));
		expect(await redis.dbsize()).toBe(2);
		expect(await other.get("p:x")).toBe("1");
		other.disconnect();
	});

	it("stop at a limit", async () => {
		for (let key = 0; key < 50; key++) await redis.set(`p:${key}`, "");
		expect(await countKeys(redis, "p:", { limit: 7 })).toBe(7);
		expect(await countKeys(redis, "p:", { limit: 51 })).toBe(50);
	});

	it.each(TRAPS)("take the prefix %j literally, and leave %j alone", async (prefix, victim) => {
		await redis.mset({ [`${prefix}key`]: "1", [`${victim}key`]: "2" });
		expect(await countKeys(redis, prefix)).toBe(1);
		expect(await purgeNamespace(redis, prefix)).toBe(1);
		expect(await redis.keys("*")).toEqual([`${victim}key`]);
	});
});

describe("census", () => {
	it("reads the states of the own tasks, whatever is in their payloads", async () => {
		await populate("p:", own);
		await populate("p:", foreign);
		const clock = new WallClock();
		const queue = new ClassicQueue(redis, "p:", clock);
		// Of the latest state nothing tells but the record itself: the queue and the processing key are gone.
		const trap = ',"priority":1,"state":"completed","max_retries":3';
		const large = newTask({
			id: own(4),
			type: "t",
			payload: JSON.stringify({ data: "x".repeat(5_000), trap }),
			createdAt: "2026-01-01T00:00:00Z",
		});
		await queue.start(large);
		await queue.complete({ ...large, id: own(5), metadata: `{"long":"${"y".repeat(3_000)}"}` }, "null", 1);
		await redis.set("p:store:task:own-0-6", "no record at all");
		const { pages, statesRead } = await census(redis, "p:", identify, { readStates: true });
		expect(statesRead).toBe(true);
		const ledger = new LedgerPages();
		ledger.or(pages);
		const of = (outcome: Outcome) => [0, 1, 2, 3, 4, 5, 6].filter((sequence) => ledger.has(0, outcome, sequence));
		expect(of(Outcome.RECORDED_COMPLETED)).toEqual([1, 5]);
		expect(of(Outcome.RECORDED_DEAD_LETTERED)).toEqual([2]);
		expect(of(Outcome.RECORDED_OPEN)).toEqual([0, 3, 4, 6]);
		expect(ledger.producers()).toEqual([0]);
	});

	it("tells waiting from held tasks, and own from foreign ones", async () => {
		await populate("p:", own);
		await populate("p:", foreign);
		const queue = new ClassicQueue(redis, "p:", new WallClock());
		await queue.enqueue(task("own-3-8192", 3));
		await queue.enqueue(task("own-3-20000", 0));
		// In the hands of a worker that sleeps before a retry, then back in the queue: its processing key stays.
		await redis.set("p:processing:own-3-8192", "1");
		await redis.set("p:unknown", "1");

		const found = await census(redis, "p:", identify);

		const bits = found.pages.map(({ producer, outcome, page, bits }) => {
			const set = [...bits].flatMap((byte, at) =>
				[0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (1 << bit)).map((bit) => at * 8 + bit),
			);
			return `${Outcome[outcome]} ${producer}/${page}: ${set.join()}`;
		});
		// `populate` of the foreign tasks took own-0-3 first, which it left held, and then the first two foreign ones.
		expect(bits.sort()).toEqual(["HELD 0/0: 0,3", "REMAINING 3/1: 0", "REMAINING 3/2: 3616"]);
		expect(found.remaining).toEqual([1, 2, 0, 1]);
		expect(found.held).toBe(3);
		expect(found.foreignTasks).toBe(4);
		expect(Object.fromEntries(found.keysByKind)).toMatchObject({ queue: 3, processing: 3, other: 1, "dlq:tasks": 1 });
		expect(found.redis).toBeUndefined();
	});

	it("of nothing is empty", async () => {
		const found = await census(redis, "p:", identify);
		expect(found).toMatchObject({ pages: [], remaining: [0, 0, 0, 0], held: 0, foreignTasks: 0 });
	});
});

describe("removeRun", () => {
	it("of a run that was alone leaves nothing", async () => {
		await populate("p:", own);
		await redis.set("q:x", "1");
		const keys = await countKeys(redis, "p:");
		expect(await removeRun(redis, "p:", isOwn)).toEqual({ removed: keys, left: 0 });
		expect(await redis.keys("*")).toEqual(["q:x"]);
	});

	it("leaves keys that are not Spool's, such as another namespace below the prefix", async () => {
		await populate("p:", own);
		await populate("p:inner:", foreign);
		const before = await contents("p:inner:");
		const { left } = await removeRun(redis, "p:", isOwn);
		expect(await contents()).toEqual(before);
		expect(left).toBe(Object.keys(before).length);
	});

	it("of a run among others takes its own keys and members out, and touches nothing else", async () => {
		await populate("p:", foreign);
		const before = await contents();
		const queue = new ClassicQueue(redis, "p:", new WallClock());
		// The foreign task that waits stays where it is: own tasks go through the higher queue.
		for (let index = 0; index < 4; index++) await queue.enqueue(task(own(index), 3));
		await queue.complete(await queue.start((await queue.dequeue()) ?? task("none")), "null", 1);
		await queue.fail(await queue.start((await queue.dequeue()) ?? task("none")), "boom", 1);
		await queue.start((await queue.dequeue()) ?? task("none"));
		await queue.enqueue(task("own-1-1"));

		const keys = await countKeys(redis, "p:");

		const { removed, left } = await removeRun(redis, "p:", isOwn);

		const withoutStatistics = (state: Awaited<ReturnType<typeof contents>>) =>
			Object.fromEntries(Object.entries(state).filter(([key]) => !key.startsWith("p:stats:")));
		const after = await contents();
		expect(withoutStatistics(after)).toEqual(withoutStatistics(before));
		expect(Object.keys(after)).toEqual(Object.keys(before));
		expect(after["p:stats:total"]).toBe("9");
		expect(left).toBe(Object.keys(before).length);
		expect(removed).toBe(keys - left);
	});

	it("copes with lists and sets of many pieces, own and foreign mixed", async () => {
		const pipeline = redis.pipeline();
		for (let index = 0; index < 5_000; index++) {
			const id = index % 3 === 0 ? foreign(index) : own(index);
			pipeline.rpush("p:queue:low", id).sadd("p:index:state:completed", id).set(`p:store:task:${id}`, "{}");
		}
		await pipeline.exec();
		const { removed } = await removeRun(redis, "p:", isOwn);
		const kept = Array.from({ length: 5_000 }, (_none, index) => index)
			.filter((index) => index % 3 === 0)
			.map(foreign);
		expect(removed).toBe(5_000 - kept.length);
		expect(await redis.lrange("p:queue:low", 0, -1)).toEqual(kept);
		expect((await redis.smembers("p:index:state:completed")).sort()).toEqual([...kept].sort());
		expect(await redis.dbsize()).toBe(kept.length + 2);
	});
});

describe("the server", () => {
	it("tells what it is", async () => {
		expect(await readServer(redis)).toEqual({
			version: expect.stringMatching(/^\d+\.\d+\.\d+/),
			mode: "standalone",
			os: expect.stringContaining("Linux"),
			serverName: expect.stringMatching(/^(redis|valkey)$/),
			maxMemoryBytes: 0,
			evictionPolicy: "noeviction",
			persistence: "none",
		});
		await redis.config("SET", "save", "900 1", "appendonly", "yes");
		expect((await readServer(redis)).persistence).toBe("rdb+aof");
		await redis.config("SET", "save", "", "appendonly", "no");
	});

	it("gives backlog and load in one sample", async () => {
		await redis.rpush("p:queue:critical", "a", "b", "c");
		await redis.rpush("p:queue:low", "d");
		const sample = await sampleRedis(redis, "p:", 1_234);
		expect(sample).toMatchObject({ atUs: 1_234, backlog: [1, 0, 0, 3], evictedKeys: 0, connectedClients: 1 });
		expect(sample.usedMemoryBytes).toBeGreaterThan(100_000);
		expect(sample.cpuMainUs).toBeGreaterThan(0);
		expect(sample.commands).toBeGreaterThan(0);
	});

	it("that permits neither INFO nor CONFIG is unknown, and its backlog is still told", async () => {
		await redis.acl("SETUSER", "frugal", "on", ">f", "~*", "+@all", "-@dangerous");
		const frugal = await openRedis(server.tcpUrl.replace("redis://", "redis://frugal:f@"), { name: "frugal" });
		expect(await readServer(frugal)).toEqual({
			version: "unknown",
			mode: "unknown",
			os: "unknown",
			serverName: "unknown",
			maxMemoryBytes: -1,
			evictionPolicy: "unknown",
			persistence: "unknown",
		});
		await redis.rpush("p:queue:high", "a");
		expect(await sampleRedis(frugal, "p:", 0)).toEqual({
			atUs: 0,
			backlog: [0, 0, 1, 0],
			usedMemoryBytes: -1,
			cpuMainUs: -1,
			commands: -1,
			evictedKeys: -1,
			connectedClients: -1,
		});
		frugal.disconnect();
	});

	it("that is gone fails the sample", async () => {
		const gone = await openRedis(server.url, { name: "gone" });
		gone.disconnect();
		await expect(sampleRedis(gone, "p:", 0)).rejects.toThrow();
		await expect(readServer(gone)).rejects.toThrow();
	});
});
