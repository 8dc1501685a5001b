import { Engine as EngineKind, Slice } from "../../../proto/gen/slice.js";
import type { Engine } from "../../engine.js";
import { openEngine } from "../../engines.js";
import { payloadMaker } from "../../load/payload.js";
import { nowUs } from "../../measure/clock.js";
import { ClassicQueue } from "../../spool/classic.js";
import { openRedis, type Redis } from "../../spool/connection.js";
import { FusedQueue } from "../../spool/fused.js";
import { WallClock } from "../../spool/gotime.js";
import type { WorkObserver } from "../../work/attempt.js";
import { makeHandler } from "../../work/handlers.js";
import type { RedisServer } from "../redisServer.js";
import type { Benchmark, Prepared } from "./benchmark.js";
import { taskOf } from "./code.js";

const KEY_PREFIX = "bench:";
/** As many as the coordinator's default: each waits for its own answer. */
const PRODUCERS = 16;
const BATCH = 64;
const CONCURRENCY = 32;
const LEASE_MS = 10_000;
const KILOBYTE = 1_024;

type EngineName = "classic" | "fused";
const ENGINES: readonly EngineName[] = ["classic", "fused"];

/** Tasks that one benchmark has in Redis at most: 1 KB each, 10 KB of the largest payload. */
export const MOST_QUEUE_ITERATIONS = 100_000;

/** The queue on a real Redis, both engines; workers poll back to back. */
export function queueBenchmarks(server: RedisServer): Benchmark[] {
	return ENGINES.flatMap((engine) => [
		...[1, 2, 4, 8, 16].map((workers) =>
			processing(server, `TaskThroughput/Engine=${engine}/Workers=${workers}`, { engine, workers }),
		),
		enqueueOnly(server, engine),
		dequeueOnly(server, engine),
		...[100, 1_024, 10_240].map((payloadBytes) =>
			processing(server, `TaskProcessing/Engine=${engine}/PayloadSize=${payloadBytes}B`, {
				engine,
				workers: 4,
				payloadBytes,
			}),
		),
	]);
}

interface Shape {
	readonly engine: EngineName;
	readonly workers: number;
	readonly payloadBytes?: number;
}

/** From a full queue to the last acknowledgement. */
function processing(
	server: RedisServer,
	name: string,
	{ engine: kind, workers, payloadBytes = KILOBYTE }: Shape,
): Benchmark {
	return {
		name,
		async prepare(iterations) {
			const engine = await open(server, kind, workers);
			await fill(engine, iterations, payloadBytes);
			return {
				run: () => work(engine, iterations),
				clear: () => close(server, engine),
			};
		},
	};
}

function enqueueOnly(server: RedisServer, kind: EngineName): Benchmark {
	return {
		name: `EnqueueOnly/Engine=${kind}`,
		async prepare(iterations) {
			const engine = await open(server, kind, 0);
			return {
				run: () => fill(engine, iterations, KILOBYTE),
				clear: () => close(server, engine),
			};
		},
	};
}

/** Taking tasks without settling them: one consumer, a task a call (classic) or a batch a call (fused). */
function dequeueOnly(server: RedisServer, kind: EngineName): Benchmark {
	return {
		name: `DequeueOnly/Engine=${kind}`,
		async prepare(iterations) {
			const engine = await open(server, kind, 0);
			await fill(engine, iterations, KILOBYTE);
			const redis = await openRedis(server.url, {
				name: "bench-dequeue",
				signal: AbortSignal.timeout(LEASE_MS),
				onError: () => {},
			});
			return {
				run: () => (kind === "classic" ? takeSingly(redis, iterations) : takeInBatches(redis, iterations)),
				clear: () => {
					redis.disconnect();
					close(server, engine);
				},
			} satisfies Prepared;
		},
	};
}

async function takeSingly(redis: Redis, tasks: number): Promise<void> {
	const queue = new ClassicQueue(redis, KEY_PREFIX, new WallClock());
	for (let taken = 0; taken < tasks; taken++) {
		if (!(await queue.dequeue())) throw new Error(`the queue was empty after ${taken} of ${tasks} tasks`);
	}
}

async function takeInBatches(redis: Redis, tasks: number): Promise<void> {
	const queue = new FusedQueue(redis, KEY_PREFIX, LEASE_MS);
	await queue.prepare();
	for (let taken = 0, number = 1; taken < tasks; number++) {
		const answer = await queue.turn({ consumer: "bench", number, settlements: [], tickets: [], most: BATCH });
		const count = answer.kind === "done" ? answer.taken.reduce((sum, { ids }) => sum + ids.length, 0) : 0;
		if (count === 0) throw new Error(`the queue was empty after ${taken} of ${tasks} tasks`);
		taken += count;
	}
}

function open(server: RedisServer, kind: EngineName, workers: number): Promise<Engine> {
	const slice = Slice.fromPartial({
		engine: kind === "fused" ? EngineKind.FUSED : EngineKind.CLASSIC,
		workers: { count: workers, pollIntervalMs: 0, concurrency: CONCURRENCY },
		batch: BATCH,
	});
	return openEngine({
		slice,
		keyPrefix: KEY_PREFIX,
		open: (role) =>
			openRedis(server.url, { name: `bench-${role}`, signal: new AbortController().signal, onError: () => {} }),
		clock: new WallClock(),
		nowUs,
		onNotice: () => {},
	});
}

async function fill(engine: Engine, tasks: number, payloadBytes: number): Promise<void> {
	const payload = payloadMaker(payloadBytes);
	let next = 0;
	const producer = async () => {
		while (next < tasks) await engine.enqueue(taskOf(next++, payload));
	};
	await Promise.all(Array.from({ length: PRODUCERS }, producer));
}

async function work(engine: Engine, tasks: number): Promise<void> {
	const stop = new AbortController();
	let settled = 0;
	let failure: Error | undefined;
	const observer: WorkObserver = {
		polled: () => {},
		taken: () => {},
		released: () => {},
		settled: () => {
			if (++settled === tasks) stop.abort();
		},
		failed: (error) => {
			failure = error;
			stop.abort();
		},
	};
	const handler = makeHandler({ kind: { $case: "benchmark", value: {} } }, Math.random);
	await engine.work({
		handlers: new Map([["benchmark_task", handler]]),
		observer,
		epochUs: nowUs(),
		stop: stop.signal,
		abandon: new AbortController().signal,
	});
	if (failure) throw failure;
}

function close(server: RedisServer, engine: Engine): void {
	engine.abandon();
	server.empty();
}
