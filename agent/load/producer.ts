import { drawer } from "../../proto/draw.js";
import type { ProducerShare, TaskShape } from "../../proto/gen/slice.js";
import { makeTaskId } from "../../proto/taskid.js";
import type { Recorder } from "../measure/recorder.js";
import { type Stamper, stampBytes } from "../measure/stamp.js";
import { classifyError } from "../spool/connection.js";
import type { WallClock } from "../spool/gotime.js";
import { newTask, type Priority, type Task } from "../spool/task.js";
import type { Permits } from "./permits.js";

/** How long a producer waits after Redis refused a task, so that a full server is not hammered. */
const REFUSAL_PAUSE_MS = 10;

export interface ProducerContext {
	readonly enqueue: (task: Task) => Promise<void>;
	readonly runTag: number;
	readonly shape: TaskShape;
	readonly payload: (taskNumber: number, dataBytes: number) => string;
	readonly stamper: Stamper;
	readonly recorder: Recorder;
	readonly nowUs: () => number;
	readonly wall: WallClock;
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
	const { recorder, stamper, shape, stop, nowUs } = context;
	const draw = drawer(shape, share.index);
	const tasks = permits ? Number.POSITIVE_INFINITY : share.tasks;
	for (let sequence = 0; sequence < tasks && !stop.aborted; sequence++) {
		if (permits) {
			const permit = permits.take();
			if (!(permit === true || (await permit)) || stop.aborted) return;
		}
		const sentAtUs = nowUs();
		const createdAt = context.wall.now().rfc3339;
		const { priority, payloadBytes } = draw(sequence);
		const metadata = stamper.metadata(share.index, sequence, sentAtUs, sentAtUs, createdAt);
		const task = newTask({
			id: makeTaskId(context.runTag, share.index, sequence),
			type: shape.type,
			payload: context.payload(share.firstTask + sequence, payloadBytes),
			isPlain: true,
			priority: priority as Priority,
			maxRetries: shape.maxRetries,
			timeoutNs: shape.timeoutMs * 1e6,
			createdAt,
			metadata,
		});
		recorder.begun(share.index, sequence, sentAtUs, sentAtUs, stampBytes);
		try {
			await context.enqueue(task);
			recorder.enqueued(share.index, sequence, sentAtUs, nowUs());
		} catch (error) {
			const { kind, outcome } = classifyError(error as Error);
			recorder.refused(share.index, sequence, outcome, kind);
			if (outcome === "rejected") {
				permits?.give();
				await new Promise((resolve) => setTimeout(resolve, REFUSAL_PAUSE_MS));
			}
		}
	}
}
