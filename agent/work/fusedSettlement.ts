import type { Settlement } from "../spool/fused.js";
import type { WallTime } from "../spool/gotime.js";
import { deadLetterNote, deadLetterReason, failedTask, retryDelayMs } from "../spool/outcome.js";
import { encodeResult, encodeTask, type Priority, type Task, taskText } from "../spool/task.js";
import type { AttemptOutcome } from "./attempt.js";
import { type Handled, noHandlerError } from "./handling.js";

export interface Settled {
	readonly settlement: Settlement;
	readonly outcome: AttemptOutcome;
}

/**
 * What is to be stored of a task that left its handler: the same JSON that Spool's worker stores.
 *
 * @param task as it was dequeued
 * @param startedAt RFC 3339
 * @param handled undefined when its type has no handler: then there is no result
 * @param priority of the queue that it was in
 */
export function settle(
	task: Task,
	startedAt: string,
	handled: Exclude<Handled, { kind: "abandoned" }> | undefined,
	handlerNs: number,
	priority: Priority,
	now: WallTime,
): Settled {
	const { id } = task;
	const common = { taskId: id, completedAt: now.rfc3339, durationNs: handlerNs };
	if (handled?.kind === "done") {
		const result = encodeResult({ ...common, success: true, output: handled.output });
		const progress = {
			state: "completed" as const,
			retryCount: task.retryCount,
			startedAt,
			completedAt: now.rfc3339,
			error: task.error,
		};
		return { settlement: { kind: "completed", id, task: taskText(task, progress), result }, outcome: "completed" };
	}
	const error = handled?.error ?? noHandlerError(task);
	const result = handled && encodeResult({ ...common, success: false, error });
	const failed = failedTask({ ...task, startedAt }, error, now);
	const stored = taskText(failed, failed);
	if (failed.state === "retrying") {
		const delayMs = retryDelayMs(failed);
		return { settlement: { kind: "retried", id, task: stored, result, priority, delayMs }, outcome: "retried" };
	}
	const letter = encodeTask({ ...failed, error: deadLetterReason(failed) });
	const note = deadLetterNote(failed, now);
	return { settlement: { kind: "dead", id, task: stored, result, letter, note }, outcome: "deadLettered" };
}
