import { setMaxListeners } from "node:events";
import type { ClassicQueue } from "../spool/classic.js";
import { type FailedTask, retryDelayMs } from "../spool/outcome.js";
import type { Task } from "../spool/task.js";
import type { AttemptOutcome, WorkObserver } from "./attempt.js";
import type { TaskHandler } from "./handlers.js";
import { Handling, noHandlerError } from "./handling.js";
import { pause, type Ticker } from "./ticker.js";

export interface WorkerOptions {
	readonly queue: ClassicQueue;
	/** By task type. */
	readonly handlers: ReadonlyMap<string, TaskHandler>;
	/** Started on the clock that `nowUs` reads. */
	readonly ticker: Ticker;
	readonly observer: WorkObserver;
	readonly nowUs: () => number;
	/** Ends the worker when the task in hand is settled. */
	readonly stop: AbortSignal;
	/** Given after `stop`: a handler that waits and a sleep before a retry end at once, and the task stays in Redis as it is. */
	readonly abandon: AbortSignal;
}

/**
 * Spool's worker. One turn of it:
 *
 *   tick ─▶ poll ─┬─ nothing: next tick
 *                 └─ task ─▶ started ─▶ handler ─┬─ done ─▶ completed
 *                                                └─ error, timeout or no handler ─┬─ retrying ─▶ sleep ─▶ enqueued again
 *                                                                                 └─ dead letter
 *
 * One poll a tick, at most one task a poll, and nothing else while it sleeps. An error of Redis is told to the observer, and
 * the worker goes on at the next tick. Settles when told to stop; a command that waits for a lost Redis ends with its
 * connection.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
	const stop = follow(options.stop);
	const abandon = follow(options.abandon);
	const worker = new Worker({ ...options, abandon: abandon.signal });
	const nowMs = () => options.nowUs() / 1_000;
	while (await options.ticker.wait(nowMs, stop.signal)) await worker.poll();
	stop.release();
	abandon.release();
}

/**
 * A signal of this worker's own that aborts with another one. The waits of a thousand workers on one signal would make each
 * of them search through a thousand listeners.
 */
function follow(signal: AbortSignal): { readonly signal: AbortSignal; release(): void } {
	const own = new AbortController();
	const onAbort = () => own.abort(signal.reason);
	// As many as there are workers: more than the ten at which Node warns of a leak.
	setMaxListeners(0, signal);
	if (signal.aborted) onAbort();
	else signal.addEventListener("abort", onAbort, { once: true });
	return { signal: own.signal, release: () => signal.removeEventListener("abort", onAbort) };
}

class Worker {
	readonly #handling: Handling;

	constructor(private readonly options: WorkerOptions) {
		this.#handling = new Handling(options.abandon);
	}

	async poll(): Promise<void> {
		const { queue, observer, nowUs } = this.options;
		const polledAtUs = nowUs();
		let task: Task | undefined;
		try {
			task = await queue.dequeue();
		} catch (error) {
			observer.failed(error as Error, undefined);
			return;
		}
		const dequeuedAtUs = nowUs();
		observer.polled(task !== undefined);
		if (!task) return;
		observer.taken();
		try {
			await this.#process(task, polledAtUs, dequeuedAtUs);
		} catch (error) {
			observer.failed(error as Error, task.id);
		} finally {
			observer.released();
		}
	}

	async #process(dequeued: Task, polledAtUs: number, dequeuedAtUs: number): Promise<void> {
		const { queue, handlers, observer, nowUs, abandon } = this.options;
		const task = await queue.start(dequeued);
		const handler = handlers.get(task.type);
		const startedAtUs = nowUs();
		const running = handler ? this.#handling.run(handler, task) : undefined;
		const handled = running instanceof Promise ? await running : running;
		const handledAtUs = nowUs();
		if (handled?.kind === "abandoned") return;
		const handlerNs = handled ? (handledAtUs - startedAtUs) * 1_000 : 0;
		const settle = (outcome: AttemptOutcome) =>
			observer.settled({
				task: dequeued,
				polledAtUs,
				dequeuedAtUs,
				startedAtUs,
				handledAtUs,
				handlerNs,
				settledAtUs: nowUs(),
				outcome,
			});
		if (handled?.kind === "done") {
			await queue.complete(task, handled.output, handlerNs);
			settle("completed");
			return;
		}
		const failed: FailedTask = handled
			? await queue.fail(task, handled.error, handlerNs)
			: await queue.fail(task, noHandlerError(task), undefined);
		if (failed.state === "dead_letter") {
			settle("deadLettered");
			return;
		}
		settle("retried");
		await pause(retryDelayMs(failed), abandon);
		if (!abandon.aborted) await queue.enqueue(failed);
	}
}
