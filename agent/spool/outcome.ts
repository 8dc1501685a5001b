import { goString } from "./gojson.js";
import type { WallTime } from "./gotime.js";
import type { Task } from "./task.js";

/** What becomes of a task in Spool, whoever stores it. */

export const STORED_TASK_TTL_SECONDS = 7 * 86_400;
export const STORED_RESULT_TTL_SECONDS = 30 * 86_400;
export const DEAD_LETTER_NOTE_TTL_SECONDS = 30 * 86_400;

/** A task whose handler failed: to be enqueued again after a pause, or a dead letter. */
export interface FailedTask extends Task {
	readonly state: "retrying" | "dead_letter";
}

export function startedTask(task: Task, now: WallTime): Task {
	return { ...task, state: "processing", startedAt: now.rfc3339 };
}

export function completedTask(task: Task, now: WallTime): Task {
	return { ...task, state: "completed", completedAt: now.rfc3339 };
}

/** Retrying while the task has retries left, else dead. */
export function failedTask(task: Task, error: string, now: WallTime): FailedTask {
	const retryCount = task.retryCount + 1;
	if (task.retryCount < task.maxRetries) return { ...task, state: "retrying", retryCount, error };
	return { ...task, state: "dead_letter", retryCount, error, completedAt: now.rfc3339 };
}

/** Why a dead task is one; takes the place of its error in the list of dead letters. */
export function deadLetterReason(task: Task): string {
	return `Exceeded max retries (${task.maxRetries}). Last error: ${task.error ?? ""}`;
}

/** What Spool keeps beside a dead letter, as JSON. */
export function deadLetterNote(task: Task, now: WallTime): string {
	const reason = goString(deadLetterReason(task));
	return `{"moved_at":${now.unixSeconds},"reason":${reason},"retry_count":${task.retryCount},"task_id":${goString(task.id)}}`;
}

const RETRY_BASE_MS = 1_000;
const RETRY_MAX_MS = 300_000;

/**
 * How long Spool waits before it enqueues a failed task again: min(1 s · 2^retry_count, 5 min), with the count already
 * raised, so 2 s before the first retry.
 */
export function retryDelayMs(task: Task): number {
	return Math.min(RETRY_BASE_MS * 2 ** task.retryCount, RETRY_MAX_MS);
}
