import type { Task } from "../spool/task.js";

/**
 * One task handed to one worker, from the poll that found it until it was settled. Times are microseconds on this process's
 * clock (`agent/measure/clock`), written once each, in the order of the fields.
 */
export interface Attempt {
	/** As it was dequeued: `retryCount` is that of this attempt. */
	readonly task: Task;
	/** The poll that found it was sent. */
	readonly polledAtUs: number;
	/** Its dequeue was answered, all round trips of it. */
	readonly dequeuedAtUs: number;
	readonly startedAtUs: number;
	readonly handledAtUs: number;
	/** Handler only; 0 when there was no handler for the type. */
	readonly handlerNs: number;
	/** The last acknowledgement of settling it (ack, dead letter; for a retry: of storing its state, before the sleep). */
	readonly settledAtUs: number;
	readonly outcome: AttemptOutcome;
}

export type AttemptOutcome = "completed" | "retried" | "deadLettered";

/** What a worker tells while it works. Implementations must not throw and must be quick: they run between round trips. */
export interface WorkObserver {
	polled(found: boolean): void;
	/** A worker took a task; balanced by one `released`, however the attempt ends. A sleep before a retry lies between. */
	taken(): void;
	released(): void;
	settled(attempt: Attempt): void;
	/** A Redis error; `taskId` where a task was in hand, which is then abandoned as Spool's worker does. */
	failed(error: Error, taskId: string | undefined): void;
}
