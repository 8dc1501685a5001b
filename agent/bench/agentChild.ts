import { FailureKind, StopScope } from "../../proto/gen/cluster.js";
import type { Slice } from "../../proto/gen/slice.js";
import { makeLogger } from "../log.js";
import { Runner, RunnerError } from "../runner.js";
import { runUndisturbed } from "../undisturbed.js";
import { CountingRecorder } from "./countingRecorder.js";
import type { FromAgent, ToAgent } from "./messages.js";

/** One agent's load without the coordinator: the agent's own runner, driven by the messages of the process that started it. */

const SNAPSHOT_MS = 100;

runUndisturbed();

const send = (message: FromAgent) => process.send?.(message);
let runner: Runner | undefined;

process.on("message", (message: ToAgent) => void handle(message));
process.on("disconnect", () => process.exit(1));

async function handle(message: ToAgent): Promise<void> {
	switch (message.kind) {
		case "prepare":
			await prepare(message.slice, message.recording);
			break;
		case "arm":
			await run(message.epochUs);
			break;
		case "stop":
			runner?.stop(StopScope.ALL);
			break;
	}
}

async function prepare(slice: Slice, recording: boolean): Promise<void> {
	const request = { ordinal: 0, slice, lead: false, purge: false, profile: undefined };
	const log = await makeLogger("warn", { role: "agent" });
	try {
		const makeRecorder = recording ? undefined : CountingRecorder.make;
		runner = await Runner.prepare(request, log, new AbortController().signal, makeRecorder);
		send({ kind: "ready" });
	} catch (error) {
		const kind = error instanceof RunnerError ? error.kind : FailureKind.INTERNAL;
		send({ kind: "failed", reason: `${kind}: ${(error as Error).message}` });
	}
}

async function run(epochUs: number): Promise<void> {
	if (!runner) throw new Error("not prepared");
	const running = runner;
	running.arm({ ordinal: 0, epochMonotonicUs: epochUs, epochRedisUs: 0, clockBoundUs: 0, hostIndex: 0, hostCount: 1 });
	const timer = setInterval(() => {
		const { totals } = running.snapshot();
		send({ kind: "progress", enqueued: totals?.enqueued ?? 0, completed: totals?.completed ?? 0 });
	}, SNAPSHOT_MS);
	const deltas = setInterval(() => void running.takeDelta(), 1_000);
	const { counters, span, resources, errors } = await running.finished;
	clearInterval(timer);
	clearInterval(deltas);
	running.close();
	runner = undefined;
	send({
		kind: "done",
		enqueued: counters?.enqueued ?? 0,
		completed: counters?.completed ?? 0,
		polls: counters?.polls ?? 0,
		firstSentAtUs: span?.firstSentAtUs ?? -1,
		lastEnqueuedAtUs: span?.lastEnqueuedAtUs ?? -1,
		lastCompletedAtUs: span?.lastCompletedAtUs ?? -1,
		cpuUs: (resources?.cpuUserUs ?? 0) + (resources?.cpuSystemUs ?? 0),
		peakRssBytes: resources?.peakRssBytes ?? 0,
		errors: [...errors].map(([kind, count]) => `${kind} ×${count}`),
	});
}
