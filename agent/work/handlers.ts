import type { Handler } from "../../proto/gen/slice.js";
import { type Alarm, sharedAlarm } from "../alarm.js";
import type { Task } from "../spool/task.js";

/**
 * Does a task's work.
 *
 * @param signal aborts when the task timed out or is given up; it may outlive the task, so listeners are to be removed
 * @returns raw JSON text; at once where there is nothing to wait for
 * @throws Error whose message becomes the task's
 */
export type TaskHandler = (task: Task, signal: AbortSignal) => string | Promise<string>;

/**
 * The handler that a plan asks for.
 *
 * @param random uniform in [0, 1)
 */
export function makeHandler(handler: Handler, random: () => number): TaskHandler {
	const { kind } = handler;
	switch (kind?.$case) {
		case "noop":
			return () => "null";
		case "sleep": {
			const { meanMs, exponential } = kind.value;
			// The inverse of the exponential distribution's P(T ≤ t) = 1 − e^(−t/mean).
			const alarm = sharedAlarm();
			return (_task, signal) => sleep(exponential ? -meanMs * Math.log(1 - random()) : meanMs, alarm, signal);
		}
		case "cpu": {
			const { durationMs } = kind.value;
			return () => burnCpu(durationMs);
		}
		case "fail": {
			const { probability } = kind.value;
			return (task) => {
				if (random() < probability) throw new Error("failed as the plan asks");
				return benchmark(task);
			};
		}
		case "hang":
			return (_task, signal) => new Promise((_resolve, reject) => onceAborted(signal, reject));
		case "benchmark":
		case undefined:
			return benchmark;
	}
}

/** Of the last second in which a task was handled. */
let output = { second: Number.NaN, text: "" };

/** What the handler of Spool's own benchmark does. */
function benchmark(task: Task): string {
	JSON.parse(task.payload);
	const second = Math.floor(Date.now() / 1_000);
	if (second !== output.second) output = { second, text: `{"processed":true,"timestamp":${second}}` };
	return output.text;
}

function sleep(ms: number, alarm: Alarm, signal: AbortSignal): Promise<string> {
	return new Promise((resolve, reject) => {
		const turnOff = alarm.in(ms, () => {
			cancel();
			resolve("null");
		});
		const cancel = onceAborted(signal, (reason) => {
			turnOff();
			reject(reason);
		});
	});
}

/** @returns removes the listener */
function onceAborted(signal: AbortSignal, listener: (reason: Error) => void): () => void {
	const onAbort = () => listener(signal.reason as Error);
	if (signal.aborted) onAbort();
	else signal.addEventListener("abort", onAbort, { once: true });
	return () => signal.removeEventListener("abort", onAbort);
}

const BURN_STEPS = 5_000;

/** By the process's CPU time: while this runs its own thread is the busy one, and being preempted does not shorten the work. */
function burnCpu(durationMs: number): string {
	const start = process.cpuUsage();
	let state = 1;
	for (;;) {
		for (let step = 0; step < BURN_STEPS; step++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		const { user, system } = process.cpuUsage(start);
		// The work's own outcome takes part in the answer, so that no compiler leaves the work out.
		if (user + system >= durationMs * 1_000) return String(state);
	}
}
