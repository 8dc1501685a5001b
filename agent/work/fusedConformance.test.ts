import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
	finalState,
	HANDLERS,
	Normaliser,
	pendingTasks,
	type Recording,
	recordings,
} from "../../tests/support/recordings.js";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { openRedis, type Redis } from "../spool/connection.js";
import { FusedQueue } from "../spool/fused.js";
import { FusedSender } from "../spool/fusedSender.js";
import { WallClock } from "../spool/gotime.js";
import { FusedWorkers } from "./fusedWorkers.js";

const LEASE_MS = 10_000;

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "fused-conformance" });
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
});

describe("the recordings of Spool's Go code", () => {
	it.each(recordings)("$scenario: the same state in the end", async (recording) => {
		const expected = new Normaliser();
		for (const words of recording.commands) expected.command(words);
		const actual = new Normaliser();
		for (const id of await replay(recording)) actual.text(id);
		expect(actual.state(await finalState(redis))).toEqual(expected.state(recording.final_state));
	});
});

/** @returns the tasks' IDs, in the order of the recording */
async function replay(recording: Recording): Promise<string[]> {
	const clock = new WallClock();
	const queue = new FusedQueue(redis, "spool:", LEASE_MS);
	const tasks = pendingTasks(recording);
	await new FusedSender(redis, "spool:", clock).enqueue(tasks);
	if (recording.commands.some(([name]) => name === "lpop")) await work(queue, clock, tasks.length);
	return tasks.map(({ id }) => id);
}

async function work(queue: FusedQueue, clock: WallClock, tasks: number): Promise<void> {
	const stop = new AbortController();
	let open = tasks;
	const workers = new FusedWorkers({
		queues: [queue],
		slots: 8,
		batch: 8,
		leaseMs: LEASE_MS,
		handlers: HANDLERS,
		observer: {
			polled: () => {},
			taken: () => {},
			released: () => {
				if (open === 0) stop.abort();
			},
			settled: ({ outcome }) => {
				if (outcome !== "retried") open--;
			},
			failed: (error) => expect.fail(error.message),
		},
		nowUs: () => performance.now() * 1_000,
		clock,
		onEmpty: () => void whenFilled().then(() => workers.arrived()),
		onTakenBack: () => expect.fail("nobody died"),
		stop: stop.signal,
		abandon: new AbortController().signal,
	});
	await workers.run();
}

/** The retry is enqueued 2 s later, by the workers themselves. */
async function whenFilled(): Promise<void> {
	while ((await redis.llen("spool:queue:normal")) === 0 && (await redis.exists("spool:fused:retries")) === 1);
}
