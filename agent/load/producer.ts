import type { ProducerShare } from "../../proto/gen/slice.js";
import type { Recorder } from "../measure/recorder.js";
import { stampBytes } from "../measure/stamp.js";
import { classifyError } from "../spool/connection.js";
import type { Task } from "../spool/task.js";
import type { Permits } from "./permits.js";
import { type TaskParts, taskMaker } from "./taskMaker.js";

/** How long a producer waits after Redis refused a task, so that a full server is not hammered. */
const REFUSAL_PAUSE_MS = 10;

export interface ProducerContext extends TaskParts {
	readonly enqueue: (task: Task) => Promise<void>;
	readonly recorder: Recorder;
	readonly nowUs: () => number;
	/** Ends the loop before its next task. */
	readonly stop: AbortSignal;
}

/**
 * A closed-loop producer: sends its tasks one after the other, each as soon as the last one's outcome is known. Where `permits`
 * are given each task takes one, and there are as many tasks as permits. The intended time of a task in a closed loop is the
 * moment it is sent.
 */
export async function runProducer(
	context: ProducerContext,
	share: ProducerShare,
	permits: Permits | undefined,
): Promise<void> {
	const { recorder, stop, nowUs } = context;
	const makeTask = taskMaker(context, share);
	const tasks = permits ? Number.POSITIVE_INFINITY : share.tasks;
	for (let sequence = 0; sequence < tasks && !stop.aborted; sequence++) {
		if (permits) {
			const permit = permits.take();
			if (!(permit === true || (await permit)) || stop.aborted) return;
		}
		const sentAtUs = nowUs();
		const task = makeTask(sequence, sentAtUs, sentAtUs);
		recorder.begun(share.index, sequence, sentAtUs, sentAtUs, stampBytes);
		try {
			await context.enqueue(task);
			recorder.enqueued(share.index, sequence, sentAtUs, nowUs());
		} catch (error) {
			const { kind, outcome } = classifyError(error as Error);
			recorder.refused(share.index, sequence, outcome, kind, sentAtUs);
			if (outcome === "rejected") {
				permits?.give();
				await new Promise((resolve) => setTimeout(resolve, REFUSAL_PAUSE_MS));
			}
		}
	}
}
