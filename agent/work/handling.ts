import { formatDuration } from "../spool/gotime.js";
import type { Task } from "../spool/task.js";
import type { TaskHandler } from "./handlers.js";

const DEFAULT_TIMEOUT_NS = 30e9;

/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A handler's run, as its worker sees it. */
export type Handled =
	| { readonly kind: "done"; readonly output: string }
	| { readonly kind: "failed"; readonly error: string }
	| { readonly kind: "abandoned" };

const ABANDONED: Handled = { kind: "abandoned" };

/** Runs one handler at a time, up to its answer, its timeout or its worker's abandonment, whichever comes first. */
export class Handling {
	/** Used again until it has aborted, so that a task that comes to its end costs none. */
	#attempt = new AbortController();

	constructor(private readonly abandon: AbortSignal) {}

	/** At once, without a promise or a timer, when the handler answers at once. */
	run(handler: TaskHandler, task: Task): Handled | Promise<Handled> {
		try {
			const answer = handler(task, this.#attempt.signal);
			return typeof answer === "string" ? { kind: "done", output: answer } : this.#await(answer, task);
		} catch (error) {
			return failure(error);
		}
	}

	#await(answer: Promise<string>, task: Task): Promise<Handled> {
		const { abandon } = this;
		const timeoutNs = task.timeoutNs || DEFAULT_TIMEOUT_NS;
		return new Promise((resolve) => {
			const end = (handled: Handled) => {
				clearTimeout(timer);
				abandon.removeEventListener("abort", onAbandon);
				resolve(handled);
			};
			const cut = (handled: Handled) => {
				end(handled);
				this.#attempt.abort();
				this.#attempt = new AbortController();
			};
			const onAbandon = () => cut(ABANDONED);
			const onTimeout = () => cut({ kind: "failed", error: `task timed out after ${formatDuration(timeoutNs)}` });
			const timer = setTimeout(onTimeout, Math.min(timeoutNs / 1e6, MAX_TIMER_MS));
			abandon.addEventListener("abort", onAbandon);
			answer.then(
				(output) => end({ kind: "done", output }),
				(error: unknown) => end(failure(error)),
			);
			if (abandon.aborted) onAbandon();
		});
	}
}

function failure(error: unknown): Handled {
	return { kind: "failed", error: error instanceof Error ? error.message : String(error) };
}

/** Spool's words for a task that no handler takes. */
export function noHandlerError(task: Task): string {
	return `no handler registered for task type '${task.type}'`;
}
