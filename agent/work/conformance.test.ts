import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Monitor, type SeenCommand, startMonitor } from "../../tests/support/monitor.js";
import {
	finalState,
	HANDLERS,
	Normaliser,
	pendingTasks,
	type Recording,
	recordings,
} from "../../tests/support/recordings.js";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { ClassicQueue } from "../spool/classic.js";
import { openRedis, type Redis } from "../spool/connection.js";
import { WallClock } from "../spool/gotime.js";
import type { Attempt, WorkObserver } from "./attempt.js";
import { Ticker } from "./ticker.js";
import { runWorker } from "./worker.js";

const POLL_MS = 100;

let server: TestRedis;
let redis: Redis;
let monitor: Monitor;

beforeAll(async () => {
	server = await startRedis();
	redis = await openRedis(server.url, { name: "conformance" });
});

afterAll(async () => {
	redis?.disconnect();
	await server?.stop();
});

beforeEach(async () => {
	await redis.flushall();
	monitor = await startMonitor(new URL(server.url).pathname);
	return () => monitor.stop();
});

describe("the recordings of Spool's Go code", () => {
	it("are all here", () => {
		expect(recordings.map((recording) => recording.scenario).sort()).toEqual([
			"enqueue-every-priority",
			"enqueue-normal",
			"process-failure-no-retry",
			"process-failure-one-retry",
			"process-priority-order",
			"process-success",
			"process-unknown-type",
		]);
	});

	it.each(recordings)("$scenario: the same commands in the same order, and the same state", async (recording) => {
		const sent = await replay(recording);

		const expected = new Normaliser();
		const actual = new Normaliser();
		expect(withoutEmptyPolls(sent.map((command) => actual.command(command.words)))).toEqual(
			withoutEmptyPolls(recording.commands.map((words) => expected.command(words))),
		);
		expect(actual.state(await finalState(redis))).toEqual(expected.state(recording.final_state));
	});

	it("the worker sleeps 2 s before the first retry", async () => {
		const recording = recordings.find(({ scenario }) => scenario === "process-failure-one-retry");
		const sent = await replay(recording as Recording);
		const stored = sent.find(({ words }) => words[1] === "spool:index:state:retrying");
		const again = sent.findLast(({ words }) => words[1]?.startsWith("spool:task:") && words[0] === "set");
		expect((again?.atSeconds ?? 0) - (stored?.atSeconds ?? 0)).toBeGreaterThan(1.99);
		expect(
			sent.filter(({ atSeconds }) => atSeconds > (stored?.atSeconds ?? 0) && atSeconds < (again?.atSeconds ?? 0)),
		).toEqual([]);
	});
});

/** Enqueues the recording's tasks under new IDs and, where it has a worker, lets one run until all are settled. */
async function replay(recording: Recording): Promise<SeenCommand[]> {
	const queue = new ClassicQueue(redis, "spool:", new WallClock());
	const tasks = pendingTasks(recording);
	for (const task of tasks) await queue.enqueue(task);
	if (recording.commands.some(([name]) => name === "lpop")) await work(queue, tasks.length);
	return (await monitor.seen()).filter(({ words }) => words[1]?.startsWith("spool:"));
}

async function work(queue: ClassicQueue, tasks: number): Promise<void> {
	const stop = new AbortController();
	const nowUs = () => performance.now() * 1_000;
	let open = tasks;
	const observer: WorkObserver = {
		polled: () => {},
		taken: () => {},
		released: () => {
			if (open === 0) stop.abort();
		},
		settled: (attempt: Attempt) => {
			if (attempt.outcome !== "retried") open--;
		},
		failed: (error) => expect.fail(error.message),
	};
	const ticker = new Ticker(POLL_MS, performance.now());
	const abandon = new AbortController().signal;
	await runWorker({ queue, handlers: HANDLERS, ticker, observer, nowUs, stop: stop.signal, abandon });
}

const POLL = ["critical", "high", "normal", "low"].map((queue) => `lpop spool:queue:${queue}`);

/** An empty poll asks all four queues in vain; how many there are depends on the moment the worker was stopped. */
function withoutEmptyPolls(commands: readonly (readonly string[])[]): string[] {
	const lines = commands.map((words) => words.join(" "));
	const isEmptyPoll = (at: number) =>
		POLL.every((poll, index) => lines[at + index] === poll) && !lines[at + POLL.length]?.startsWith("get ");
	const kept: string[] = [];
	for (let at = 0; at < lines.length; ) {
		if (isEmptyPoll(at)) at += POLL.length;
		else kept.push(lines[at++] ?? "");
	}
	return kept;
}
