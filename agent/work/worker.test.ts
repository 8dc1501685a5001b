import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { ClassicQueue } from "../spool/classic.js";
import { openRedis, type Redis } from "../spool/connection.js";
import { WallClock } from "../spool/gotime.js";
import { newTask, type TaskInit } from "../spool/task.js";
import type { Attempt, WorkObserver } from "./attempt.js";
import type { TaskHandler } from "./handlers.js";
import { Ticker } from "./ticker.js";
import { runWorker } from "./worker.js";

let server: TestRedis;
let redis: Redis;
let queue: ClassicQueue;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "worker" });
	queue = new ClassicQueue(redis, "p:", new WallClock());
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
});

const nowUs = () => performance.now() * 1_000;

/** Counts what the worker tells, and lets a test wait for it. */
class Watcher implements WorkObserver {
	readonly attempts: Attempt[] = [];
	readonly errors: { message: string; taskId: string | undefined }[] = [];
	found = 0;
	empty = 0;
	inHand = 0;
	#checks: (() => void)[] = [];

	polled(found: boolean): void {
		if (found) this.found++;
		else this.empty++;
		this.#check();
	}
	taken(): void {
		this.inHand++;
		this.#check();
	}
	released(): void {
		this.inHand--;
		this.#check();
	}
	settled(attempt: Attempt): void {
		this.attempts.push(attempt);
		this.#check();
	}
	failed(error: Error, taskId: string | undefined): void {
		this.errors.push({ message: error.message, taskId });
		this.#check();
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

	#check(): void {
		for (const check of this.#checks) check();
	}
}

const running: { end(): Promise<void> }[] = [];
afterEach(async () => {
	for (const worker of running.splice(0)) await worker.end();
});

function work(handlers: Record<string, TaskHandler>, intervalMs = 1) {
	const watcher = new Watcher();
	const stop = new AbortController();
	const abandon = new AbortController();
	const ended = runWorker({
		queue,
		handlers: new Map(Object.entries(handlers)),
		ticker: new Ticker(intervalMs, performance.now()),
		observer: watcher,
		nowUs,
		stop: stop.signal,
		abandon: abandon.signal,
	});
	const end = () => {
		stop.abort();
		abandon.abort();
		return ended;
	};
	running.push({ end });
	return { watcher, stop, abandon, ended };
}

const enqueue = (init: Partial<TaskInit> & { id: string }) =>
	queue.enqueue(newTask({ type: "t", payload: "{}", createdAt: "2026-01-01T00:00:00Z", ...init }));

const result = async (id: string) => JSON.parse((await redis.get(`p:store:result:${id}`)) ?? "null");

describe("runWorker", () => {
	it("completes tasks and tells their times in order", async () => {
		await enqueue({ id: "sync" });
		await enqueue({ id: "async", type: "async" });
		const { watcher } = work({ t: () => '{"a":1}', async: () => Promise.resolve("2") });
		await watcher.until(() => watcher.attempts.length === 2 && watcher.inHand === 0);

		expect(watcher.attempts.map(({ task, outcome }) => [task.id, outcome])).toEqual([
			["sync", "completed"],
			["async", "completed"],
		]);
		for (const attempt of watcher.attempts) {
			const { polledAtUs, dequeuedAtUs, startedAtUs, handledAtUs, settledAtUs } = attempt;
			const times = [polledAtUs, dequeuedAtUs, startedAtUs, handledAtUs, settledAtUs];
			expect(times).toEqual([...times].sort((a, b) => a - b));
			expect(polledAtUs).toBeLessThan(dequeuedAtUs);
			expect(handledAtUs).toBeLessThan(settledAtUs);
			expect(attempt.handlerNs).toBeCloseTo((handledAtUs - startedAtUs) * 1_000, 0);
		}
		expect(watcher.found).toBe(2);
		expect(watcher.inHand).toBe(0);
		expect((await result("sync")).output).toEqual({ a: 1 });
		expect(await result("async")).toMatchObject({ success: true, output: 2 });
	});

	it("takes one task a poll and polls back to back at an interval of 0", async () => {
		for (let id = 0; id < 20; id++) await enqueue({ id: String(id) });
		const { watcher } = work({ t: () => "null" }, 0);
		await watcher.until(() => watcher.attempts.length === 20);
		expect(watcher.attempts.map(({ task }) => Number(task.id))).toEqual(Array.from({ length: 20 }, (_none, id) => id));
		expect(watcher.found).toBe(20);
	});

	it("ends a handler that takes too long, and its task with Spool's words", async () => {
		await enqueue({ id: "1", maxRetries: 0, timeoutNs: 25e6 });
		await enqueue({ id: "2", maxRetries: 0, timeoutNs: 25e6 });
		const signals: AbortSignal[] = [];
		const { watcher } = work({
			t: (_task, signal) => {
				signals.push(signal);
				return new Promise<string>(() => {});
			},
		});
		await watcher.until(() => watcher.attempts.length === 2);
		expect(watcher.attempts.map(({ outcome }) => outcome)).toEqual(["deadLettered", "deadLettered"]);
		expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
		expect(await result("1")).toMatchObject({ success: false, error: "task timed out after 25ms" });
		expect((await result("1")).duration).toBeGreaterThanOrEqual(24e6);
		const [dead = "{}"] = await redis.lrange("p:dlq:tasks", 0, -1);
		expect(JSON.parse(dead).error).toBe("Exceeded max retries (0). Last error: task timed out after 25ms");
	});

	const FAILING: readonly (readonly [string, TaskHandler, string])[] = [
		[
			"throws",
			() => {
				throw new Error("boom");
			},
			"boom",
		],
		["rejects", () => Promise.reject(new Error("bang")), "bang"],
		[
			"throws what is no error",
			() => {
				AbortSignal.abort("text").throwIfAborted();
				return "null";
			},
			"text",
		],
	];
	it.each(FAILING)("a handler that %s fails its task", async (_how, handler, error) => {
		await enqueue({ id: "1", maxRetries: 0 });
		const { watcher } = work({ t: handler });
		await watcher.until(() => watcher.attempts.length === 1);
		expect(watcher.attempts[0]).toMatchObject({ outcome: "deadLettered" });
		expect(await result("1")).toMatchObject({ success: false, error });
	});

	it("a type that nobody handles is dead without a result", async () => {
		await enqueue({ id: "1", type: "unknown", maxRetries: 0 });
		const { watcher } = work({});
		await watcher.until(() => watcher.attempts.length === 1);
		expect(watcher.attempts[0]).toMatchObject({ outcome: "deadLettered", handlerNs: 0 });
		expect(await result("1")).toBeNull();
	});

	it("hands out an attempt's task as it was dequeued, and settles a retry before it sleeps", async () => {
		await enqueue({ id: "1", maxRetries: 2 });
		const { watcher, stop, abandon, ended } = work({ t: () => Promise.reject(new Error("boom")) });
		await watcher.until(() => watcher.attempts.length === 1);
		expect(watcher.attempts[0]).toMatchObject({ outcome: "retried", task: { retryCount: 0, state: "pending" } });
		expect(watcher.inHand).toBe(1);
		expect(await redis.llen("p:queue:normal")).toBe(0);

		stop.abort();
		abandon.abort();
		await ended;
		expect(watcher.inHand).toBe(0);
		expect(await redis.llen("p:queue:normal")).toBe(0);
		expect(await redis.exists("p:task:1", "p:processing:1")).toBe(2);
		expect(JSON.parse((await redis.get("p:store:task:1")) ?? "")).toMatchObject({ state: "retrying", retry_count: 1 });
	});

	it("told to stop, finishes the task in hand and takes no other", async () => {
		await enqueue({ id: "1" });
		await enqueue({ id: "2" });
		let finish: ((output: string) => void) | undefined;
		const { watcher, stop, ended } = work({
			t: () =>
				new Promise<string>((resolve) => {
					finish = resolve;
				}),
		});
		await watcher.until(() => watcher.inHand === 1);
		stop.abort();
		while (!finish) await redis.ping();
		finish("null");
		await ended;
		expect(watcher.attempts.map(({ task, outcome }) => [task.id, outcome])).toEqual([["1", "completed"]]);
		expect(await redis.lrange("p:queue:normal", 0, -1)).toEqual(["2"]);
	});

	it("abandoned, leaves the task of a handler that hangs as it is", async () => {
		await enqueue({ id: "1" });
		let signal: AbortSignal | undefined;
		const { watcher, stop, abandon, ended } = work({
			t: (_task, given) => {
				signal = given;
				return new Promise<string>(() => {});
			},
		});
		await watcher.until(() => watcher.inHand === 1);
		stop.abort();
		abandon.abort();
		await ended;
		expect(watcher.attempts).toEqual([]);
		expect(watcher.inHand).toBe(0);
		expect(signal?.aborted).toBe(true);
		expect(await redis.exists("p:task:1", "p:processing:1")).toBe(2);
		expect(await redis.exists("p:store:result:1")).toBe(0);
	});

	it("tells an error of Redis and goes on at the next tick", async () => {
		await redis.set("p:queue:critical", "not a list");
		const { watcher } = work({ t: () => "null" });
		await watcher.until(() => watcher.errors.length === 2);
		expect(watcher.errors[0]).toEqual({ message: expect.stringContaining("WRONGTYPE"), taskId: undefined });
		await redis.del("p:queue:critical");
		await enqueue({ id: "1" });
		await watcher.until(() => watcher.attempts.length === 1 && watcher.inHand === 0);
	});

	it("tells which task it gave up when the task cannot be enqueued again", { timeout: 20_000 }, async () => {
		await enqueue({ id: "1", maxRetries: 1 });
		const { watcher } = work({
			t: async () => {
				await redis.del("p:queue:normal");
				await redis.set("p:queue:normal", "not a list");
				throw new Error("boom");
			},
		});
		await watcher.until(() => watcher.errors.some(({ taskId }) => taskId !== undefined) && watcher.inHand === 0);
		expect(watcher.errors.find(({ taskId }) => taskId !== undefined)).toMatchObject({ taskId: "1" });
	});

	it("ends with its connection when Redis is gone", async () => {
		const own = await openRedis(server.url, { name: "lost" });
		const watcher = new Watcher();
		const stop = new AbortController();
		const ended = runWorker({
			queue: new ClassicQueue(own, "p:", new WallClock()),
			handlers: new Map(),
			ticker: new Ticker(0, 0),
			observer: watcher,
			nowUs,
			stop: stop.signal,
			abandon: stop.signal,
		});
		await watcher.until(() => watcher.empty > 0);
		own.disconnect();
		await watcher.until(() => watcher.errors.length > 3);
		stop.abort();
		await ended;
		expect(watcher.inHand).toBe(0);
	});

	it("many workers share signals without a warning", async () => {
		const warnings: Error[] = [];
		const onWarning = (warning: Error) => warnings.push(warning);
		process.on("warning", onWarning);
		const stop = new AbortController();
		const abandon = new AbortController();
		const workers = Array.from({ length: 50 }, () =>
			runWorker({
				queue,
				handlers: new Map(),
				ticker: new Ticker(60_000, performance.now()),
				observer: new Watcher(),
				nowUs,
				stop: stop.signal,
				abandon: abandon.signal,
			}),
		);
		stop.abort();
		await Promise.all(workers);
		await new Promise(setImmediate);
		process.off("warning", onWarning);
		expect(warnings).toEqual([]);
	});
});
