import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startMonitor } from "../../tests/support/monitor.js";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { Arrivals } from "../spool/arrivals.js";
import { ClassicQueue } from "../spool/classic.js";
import { openRedis, type Redis } from "../spool/connection.js";
import { FusedQueue } from "../spool/fused.js";
import { FusedSender } from "../spool/fusedSender.js";
import { WallClock } from "../spool/gotime.js";
import { StoredTask } from "../spool/storedTask.js";
import { encodeTask, newTask, type Task, type TaskInit } from "../spool/task.js";
import type { Attempt, WorkObserver } from "./attempt.js";
import { FusedWorkers, LANES } from "./fusedWorkers.js";
import type { TaskHandler } from "./handlers.js";
import { Ticker } from "./ticker.js";
import { runWorker } from "./worker.js";

const LEASE_MS = 10_000;
/** Of the shortest turn: no other script is called with as many. */
const TURN_WORDS = 15;
const clock = new WallClock();
const nowUs = () => performance.now() * 1_000;

let server: TestRedis;
let redis: Redis;
let sender: FusedSender;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "test" });
	sender = new FusedSender(redis, "p:", clock);
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
});

/** Notes what workers tell, and lets a test wait for it. */
class Watcher implements WorkObserver {
	readonly attempts: Attempt[] = [];
	readonly errors: { readonly name: string; readonly message: string; readonly taskId: string | undefined }[] = [];
	empty = 0;
	inHand = 0;
	takenBack = 0;
	#checks: (() => void)[] = [];

	polled(found: boolean): void {
		if (!found) this.empty++;
		this.check();
	}
	taken(): void {
		this.inHand++;
		this.check();
	}
	released(): void {
		this.inHand--;
		this.check();
	}
	settled(attempt: Attempt): void {
		this.attempts.push(attempt);
		this.check();
	}
	failed({ name, message }: Error, taskId: string | undefined): void {
		this.errors.push({ name, message, taskId });
		this.check();
	}

	/** IDs in the order of their settlement. */
	get completed(): string[] {
		return this.attempts.filter(({ outcome }) => outcome === "completed").map(({ task }) => task.id);
	}

	until(condition: () => boolean): Promise<void> {
		return new Promise((resolve) => {
			const check = () => {
				if (!condition()) return;
				this.#checks = this.#checks.filter((other) => other !== check);
				resolve();
			};
			this.#checks.push(check);
			check();
		});
	}

	check(): void {
		for (const check of this.#checks) check();
	}
}

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of ending.splice(0)) await end();
});

interface Setup {
	readonly slots?: number;
	readonly batch?: number;
	readonly leaseMs?: number;
	readonly lanes?: number;
	readonly stop?: AbortController;
}

/** Workers with connections of their own, as an agent has them. */
async function work(handlers: Record<string, TaskHandler>, setup: Setup = {}) {
	const { slots = 8, batch = 8, leaseMs = LEASE_MS, lanes = LANES, stop = new AbortController() } = setup;
	const abandon = new AbortController();
	const watcher = new Watcher();
	const name = `worker-${randomUUID()}`;
	const own = await Promise.all(Array.from({ length: lanes }, () => openRedis(server.url, { name })));
	const [first, ...further] = own.map((each) => new FusedQueue(each, "p:", leaseMs));
	if (!first) throw new Error("no lane");
	const watching = await Promise.all([0, 1, 2, 3].map(() => openRedis(server.url, { name: "arrivals" })));
	const workers = new FusedWorkers({
		queues: [first, ...further],
		slots,
		batch,
		leaseMs,
		handlers: new Map(Object.entries(handlers)),
		observer: watcher,
		nowUs,
		clock,
		onEmpty: () => arrivals.watch(),
		onTakenBack: (tasks) => {
			watcher.takenBack += tasks;
			watcher.check();
		},
		stop: stop.signal,
		abandon: abandon.signal,
	});
	const arrivals = new Arrivals(
		watching,
		"p:",
		() => workers.arrived(),
		(error) => watcher.failed(error, undefined),
	);
	const ended = workers.run();
	/** As a process that is killed: nothing more is sent. */
	const die = () => {
		for (const each of own) each.disconnect();
		stop.abort();
		abandon.abort();
		arrivals.close();
		return ended;
	};
	ending.push(async () => {
		await die();
	});
	return { watcher, stop, abandon, ended, die, own, name, workers };
}

const make = (init: Partial<TaskInit> & { id: string }) =>
	newTask({ type: "t", payload: "{}", createdAt: "2026-01-01T00:00:00Z", ...init });
const enqueue = (...inits: (Partial<TaskInit> & { id: string })[]) => sender.enqueue(inits.map(make));
const numbered = (count: number) => Array.from({ length: count }, (_, index) => ({ id: String(index) }));
const ownKeys = () => redis.keys("p:fused:*");

describe("workers", () => {
	it("complete tasks in order, where one lane takes them all, and tell their times", async () => {
		await enqueue(...numbered(20));
		const { watcher, stop, ended } = await work({ t: () => '{"a":1}' }, { lanes: 1 });
		await watcher.until(() => watcher.attempts.length === 20 && watcher.inHand === 0);
		stop.abort();
		await ended;
		expect(watcher.completed).toEqual(numbered(20).map(({ id }) => id));
		for (const attempt of watcher.attempts) {
			const { polledAtUs, dequeuedAtUs, startedAtUs, handledAtUs, settledAtUs } = attempt;
			const times = [polledAtUs, dequeuedAtUs, startedAtUs, handledAtUs, settledAtUs];
			expect(times).toEqual([...times].sort((a, b) => a - b));
			expect(polledAtUs).toBeLessThan(dequeuedAtUs);
			expect(handledAtUs).toBeLessThan(settledAtUs);
			expect(attempt.handlerNs).toBeCloseTo((handledAtUs - startedAtUs) * 1_000, 0);
		}
		expect(new Set(watcher.attempts.map(({ startedAtUs }) => startedAtUs)).size).toBe(20);
		expect(await redis.get("p:stats:completed")).toBe("20");
		expect(await ownKeys()).toEqual([]);
	});

	it("let go of the bytes of what they have completed, and of no others", async () => {
		await enqueue(...numbered(70));
		const held: Task[] = [];
		const { watcher, stop, ended } = await work({
			t: (task) => {
				held.push(task);
				if (task.id === "65") throw new Error("no");
				return "null";
			},
		});
		await watcher.until(() => watcher.attempts.length === 70 && watcher.inHand === 0);
		stop.abort();
		await ended;
		const left = held.filter((task) => task instanceof StoredTask);
		expect(left.length).toBeGreaterThan(50);
		for (const task of left) {
			if (watcher.completed.includes(task.id)) expect(() => task.payload).toThrow("let go");
			else expect(task.payload).toBe("{}");
		}
		expect(left.map(({ id }) => id)).toContain("65");
	});

	it("sleep while there is nothing, without a command, and wake when a Spool producer pushes", async () => {
		const { watcher } = await work({ t: () => "null" });
		await watcher.until(() => watcher.empty === 1);
		await expect.poll(() => redis.info("clients")).toContain("blocked_clients:4");
		const monitor = await startMonitor(new URL(server.url).pathname);
		await new Promise((resolve) => setTimeout(resolve, 300));
		expect((await monitor.seen()).filter(({ words }) => words.some((word) => word.startsWith("p:")))).toEqual([]);
		monitor.stop();

		// What Spool's Enqueue sends.
		await redis.set("p:task:go", encodeTask(make({ id: "go" })));
		await redis.rpush("p:queue:normal", "go");
		await watcher.until(() => watcher.completed.includes("go"));
	});

	it("take a few tasks with one turn, and settle them with the one that sees that there are no more", async () => {
		const { watcher } = await work({ t: () => "null" }, { slots: 64, batch: 64 });
		await watcher.until(() => watcher.empty === 1);
		await expect.poll(() => redis.info("clients")).toContain("blocked_clients:4");
		const monitor = await startMonitor(new URL(server.url).pathname);
		await enqueue(...numbered(5));
		await watcher.until(() => watcher.completed.length === 5 && watcher.empty === 2);
		const turns = (await monitor.seen()).filter(({ words }) => words[0] === "EVALSHA" && words.length >= TURN_WORDS);
		monitor.stop();
		expect(turns).toHaveLength(2);
	});

	it("run as many handlers at once as there are slots, and no more", async () => {
		await enqueue(...numbered(30));
		const finish: (() => void)[] = [];
		const watcherOf = await work(
			{ t: () => new Promise((resolve) => finish.push(() => resolve("null"))) },
			{ slots: 7 },
		);
		const { watcher } = watcherOf;
		let done = 0;
		while (done < 30) {
			await watcher.until(() => watcher.inHand === Math.min(7, 30 - done));
			expect(finish.length).toBeLessThanOrEqual(7);
			const round = finish.splice(0);
			for (const each of round) each();
			done += round.length;
			await watcher.until(() => watcher.attempts.length === done);
		}
		expect(watcher.completed.length).toBe(30);
	});

	it("tell an unreadable task and delete it, skip one that is gone, and go on past a queue that is none", async () => {
		await enqueue({ id: "gone" }, { id: "bad" }, { id: "other" }, { id: "good" });
		await redis.del("p:task:gone");
		await redis.set("p:task:bad", "{");
		await redis.set("p:task:other", encodeTask(make({ id: "not other" })));
		await redis.set("p:queue:critical", "not a list");
		const { watcher, stop, ended } = await work({ t: () => "null" });
		await watcher.until(() => watcher.completed.length === 1 && watcher.inHand === 0);
		stop.abort();
		await ended;
		expect(watcher.errors.filter(({ taskId }) => taskId !== undefined).map(({ taskId }) => taskId)).toEqual([
			"bad",
			"other",
		]);
		expect(watcher.errors.some(({ message }) => message.includes("WRONGTYPE"))).toBe(true);
		expect(await redis.keys("p:task:*")).toEqual([]);
		expect(await ownKeys()).toEqual([]);
	});

	it("told to stop, give back what they have not begun, in order", async () => {
		await enqueue(...numbered(10));
		const stop = new AbortController();
		const { watcher, ended } = await work(
			{
				t: () => {
					stop.abort();
					return "null";
				},
			},
			{ stop, slots: 6 },
		);
		await ended;
		expect(watcher.completed).toEqual(["0"]);
		expect(watcher.inHand).toBe(0);
		expect(await redis.lrange("p:queue:normal", 0, -1)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
		expect(await ownKeys()).toEqual([]);
	});

	it("let no retry block them, and move it back when it is due", { timeout: 20_000 }, async () => {
		await enqueue({ id: "fails", maxRetries: 1 }, ...numbered(20));
		let failures = 0;
		const { watcher } = await work(
			{
				t: (task) => {
					if (task.id === "fails" && failures++ === 0) throw new Error("boom");
					return "null";
				},
			},
			{ slots: 1, batch: 1 },
		);
		await watcher.until(() => watcher.completed.length === 20);
		expect(watcher.completed).not.toContain("fails");
		await watcher.until(() => watcher.completed.includes("fails"));
		const [first, second] = watcher.attempts.filter(({ task }) => task.id === "fails");
		expect((second?.startedAtUs ?? 0) - (first?.handledAtUs ?? 0)).toBeGreaterThan(1.99e6);
		expect(second?.task).toMatchObject({ state: "retrying", retryCount: 1, error: "boom" });
	});
});

describe("nothing is lost", () => {
	it("when a consumer dies with tasks in hand: another takes them back, once its lease is over", async () => {
		await enqueue(...numbered(12));
		const dead = await work({ t: () => new Promise(() => {}) }, { slots: 8 });
		await dead.watcher.until(() => dead.watcher.inHand === 8);
		await dead.die();
		expect(await redis.llen("p:queue:normal")).toBe(4);

		await endLeases();
		const { watcher } = await work({ t: () => "null" }, { slots: 3, batch: 3, leaseMs: 1_000 });
		await watcher.until(() => watcher.completed.length === 12);
		expect(watcher.takenBack).toBe(8);
		expect(watcher.completed.sort((a, b) => Number(a) - Number(b))).toEqual(numbered(12).map(({ id }) => id));
		expect(await redis.get("p:stats:completed")).toBe("12");
	});

	it("when connections are cut at any moment: every task is completed once", { timeout: 60_000 }, async () => {
		const tasks = 3_000;
		const { watcher, name, stop, ended } = await work({ t: () => "null" }, { slots: 64, batch: 16 });
		for (let at = 0; at < tasks; at += 250) await enqueue(...numbered(tasks).slice(at, at + 250));
		while (watcher.completed.length < tasks) {
			await cut(name);
			const now = watcher.attempts.length;
			await watcher.until(() => watcher.attempts.length > now || watcher.completed.length >= tasks);
		}
		await watcher.until(() => watcher.inHand === 0);
		stop.abort();
		await ended;
		expect(watcher.errors.some(({ name: kind }) => kind === "ConnectionLostError")).toBe(true);
		expect(new Set(watcher.completed).size).toBe(tasks);
		expect(watcher.completed.length).toBe(tasks);
		expect(await redis.get("p:stats:completed")).toBe(String(tasks));
		expect(await redis.keys("p:task:*")).toEqual([]);
		expect(await ownKeys()).toEqual([]);
	});

	it("when a lease is lost while the handler runs: the late settlement is refused, and told", async () => {
		await enqueue({ id: "slow" });
		const finish: (() => void)[] = [];
		const late = await work({ t: () => new Promise((resolve) => finish.push(() => resolve('"late"'))) });
		await late.watcher.until(() => late.watcher.inHand === 1);
		await endLeases();
		const other = await work({ t: () => '"in time"' }, { leaseMs: 1_000 });
		await other.watcher.until(() => other.watcher.completed.length === 1);

		finish[0]?.();
		await late.watcher.until(() => late.watcher.inHand === 0);
		expect(late.watcher.errors.filter(({ taskId }) => taskId === "slow")).toMatchObject([{ name: "lease lost" }]);
		expect(late.watcher.attempts).toEqual([]);
		expect(JSON.parse((await redis.get("p:store:result:slow")) ?? "")).toMatchObject({ output: "in time" });
		expect(await redis.get("p:stats:completed")).toBe("1");

		await enqueue({ id: "next" });
		await other.die();
		while (finish.length < 2) await redis.ping();
		finish[1]?.();
		await late.watcher.until(() => late.watcher.completed.includes("next"));
	});

	it("when who failed a task is gone before its retry is due", { timeout: 20_000 }, async () => {
		await enqueue({ id: "a", maxRetries: 1 });
		const first = await work({ t: () => Promise.reject(new Error("boom")) });
		await first.watcher.until(() => first.watcher.attempts.length === 1 && first.watcher.inHand === 0);
		await first.die();
		expect(await redis.exists("p:task:a")).toBe(1);
		await endLeases();
		const second = await work({ t: () => "null" });
		await second.watcher.until(() => second.watcher.completed.length === 1);
		expect(second.watcher.attempts[0]?.task).toMatchObject({ retryCount: 1 });
		expect(second.workers.owed).toBe(0);
	});
});

it("classic and fused, producers and workers, on one queue at once: every task is completed once", async () => {
	const tasks = 1_200;
	const fused = await work({ t: () => "null" }, { slots: 4, batch: 4 });
	const watcher = new Watcher();
	const own = await openRedis(server.url, { name: "classic" });
	const stop = new AbortController();
	const classic = Array.from({ length: 8 }, () =>
		runWorker({
			queue: new ClassicQueue(own, "p:", clock),
			handlers: new Map([["t", () => "null"]]),
			ticker: new Ticker(0, 0),
			observer: watcher,
			nowUs,
			stop: stop.signal,
			abandon: stop.signal,
		}),
	);
	const producer = new ClassicQueue(redis, "p:", clock);
	const priorities = [0, 1, 2, 3] as const;
	for (let at = 0; at < tasks; at += 8) {
		const round = numbered(tasks)
			.slice(at, at + 8)
			.map((each, index) => ({ ...each, priority: priorities[(at + index) % 4] ?? 1 }));
		await Promise.all([enqueue(...round.slice(0, 4)), ...round.slice(4).map((each) => producer.enqueue(make(each)))]);
	}
	const all = () => [...watcher.completed, ...fused.watcher.completed];
	await Promise.race([watcher.until(() => all().length === tasks), fused.watcher.until(() => all().length === tasks)]);
	await fused.watcher.until(() => fused.watcher.inHand === 0);
	await watcher.until(() => watcher.inHand === 0);
	stop.abort();
	fused.stop.abort();
	await Promise.all([...classic, fused.ended]);
	own.disconnect();

	expect(new Set(all()).size).toBe(tasks);
	expect(watcher.completed.length).toBeGreaterThan(0);
	expect(fused.watcher.completed.length).toBeGreaterThan(0);
	expect([...watcher.errors, ...fused.watcher.errors]).toEqual([]);
	expect(await redis.get("p:stats:completed")).toBe(String(tasks));
	expect(await redis.get("p:stats:total")).toBe(String(tasks));
	expect(await redis.scard("p:index:state:completed")).toBe(tasks);
	expect(await redis.keys("p:task:*")).toEqual([]);
	expect(await redis.keys("p:processing:*")).toEqual([]);
	expect(await ownKeys()).toEqual([]);
});

/** As if nobody had given a sign of life for the length of a lease. */
async function endLeases(): Promise<void> {
	for (const consumer of await redis.zrange("p:fused:leases", "0", "-1")) {
		await redis.zadd("p:fused:leases", "XX", 0, consumer);
	}
}

/** Ends a connection from the server's side, whatever is under way on it. */
async function cut(name: string): Promise<void> {
	const clients = String(await redis.client("LIST")).split("\n");
	const id = clients.find((line) => line.includes(`name=${name} `))?.match(/^id=(\d+)/)?.[1];
	if (id !== undefined) await redis.client("KILL", "ID", id);
}
