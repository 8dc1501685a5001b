import type { Slice } from "../proto/gen/slice.js";
import type { Redis } from "./spool/connection.js";
import type { Clock } from "./spool/gotime.js";
import type { Task } from "./spool/task.js";
import type { WorkObserver } from "./work/attempt.js";
import type { TaskHandler } from "./work/handlers.js";

/** How one agent uses the queue in one run: what its producers and its workers share is theirs alone. */
export interface Engine {
	/**
	 * Puts a task in its queue; resolves when Redis has acknowledged it.
	 *
	 * @throws what Redis or the connection gave: `classifyError` tells whether the task may be in the queue all the same
	 */
	enqueue(task: Task): Promise<void>;

	/** Runs the slice's workers until they are told to stop and have settled what they hold. */
	work(shift: Shift): Promise<void>;

	/** Tasks in nobody's hands and in no queue that will yet come: at least 1 while there are any. Not known exactly. */
	readonly owed: number;

	/** Cuts the connections. What workers hold stays in Redis as it is. May be called twice. */
	abandon(): void;
}

/** What workers are given when the run begins. */
export interface Shift {
	/** By task type. */
	readonly handlers: ReadonlyMap<string, TaskHandler>;
	readonly observer: WorkObserver;
	/** The run's epoch on the clock of `nowUs`. */
	readonly epochUs: number;
	readonly stop: AbortSignal;
	/** Given after `stop`: nobody waits for a task any more. */
	readonly abandon: AbortSignal;
}

/** What an engine is made of. */
export interface EngineParts {
	readonly slice: Slice;
	readonly keyPrefix: string;
	/** Opens a connection that the engine closes. */
	readonly open: (role: string) => Promise<Redis>;
	readonly clock: Clock;
	readonly nowUs: () => number;
	/** Told of what is no error of a task, for the log. */
	readonly onNotice: (notice: string) => void;
}
