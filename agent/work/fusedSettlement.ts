import type { Settlement } from "../spool/fusedTurn.js";
import type { WallTime } from "../spool/gotime.js";
import { deadLetterNote, deadLetterReason, failedTask, retryDelayMs } from "../spool/outcome.js";
import { StoredTask } from "../spool/storedTask.js";
import { encodeResult, encodeTask, type Priority, type Task, taskText } from "../spool/task.js";
import type { AttemptOutcome } from "./attempt.js";
import { type Handled, noHandlerError } from "./handling.js";

export interface Settled {
	readonly settlement: Settlement;
	readonly outcome: AttemptOutcome;
}

interface Held {
	readonly task: Task;
	readonly handlerNs: number;
	/** Of the queue that it was in. */
	readonly priority: Priority;
}

/**
 * What is to be stored of a task that left its handler: the same JSON that Spool's worker stores.
 *
 * @param held as it was dequeued
 * @param startedAt RFC 3339
 * @param handled undefined when its type has no handler: then there is no result
 */
export function settle(
	held: Held,
	startedAt: string,
	handled: Exclude<Handled, { kind: "abandoned" }> | undefined,
	now: WallTime,
): Settled {
	const { task, handlerNs, priority } = held;
	const { id } = task;
	const completedAt = now.rfc3339;
	if (handled?.kind === "done") {
		const { output } = handled;
		return {
			settlement: { kind: "completed", id, task, startedAt, completedAt, output, durationNs: handlerNs },
			outcome: "completed",
		};
	}
	const error = handled?.error ?? noHandlerError(task);
	const result = handled && encodeResult({ taskId: id, success: false, error, completedAt, durationNs: handlerNs });
	const whole = task instanceof StoredTask ? task.toTask() : task;
	const failed = failedTask({ ...whole, startedAt }, error, now);
	const text = taskText(failed, failed);
	if (failed.state === "retrying") {
		const delayMs = retryDelayMs(failed);
		return { settlement: { kind: "retried", id, task: text, result, priority, delayMs }, outcome: "retried" };
	}
	const letter = encodeTask({ ...failed, error: deadLetterReason(failed) });
	const note = deadLetterNote(failed, now);
	return { settlement: { kind: "dead", id, task: text, result, letter, note }, outcome: "deadLettered" };
}
