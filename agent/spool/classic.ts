import type { Redis } from "./connection.js";
import type { Clock } from "./gotime.js";
import { SpoolKeys } from "./keys.js";
import {
	completedTask,
	DEAD_LETTER_NOTE_TTL_SECONDS,
	deadLetterNote,
	deadLetterReason,
	type FailedTask,
	failedTask,
	STORED_RESULT_TTL_SECONDS,
	STORED_TASK_TTL_SECONDS,
	startedTask,
} from "./outcome.js";
import { decodeTask, encodeResult, encodeTask, type Priority, type Result, type Task } from "./task.js";

const PROCESSING_TTL_SECONDS = 3_600;

const HIGHEST_FIRST: readonly Priority[] = [3, 2, 1, 0];

/**
 * Spool's queue, store and dead letters, command for command as its Go code sends them, each command after the answer to the
 * one before it.
 *
 * Spool goes on when bookkeeping fails: statistics, processing keys, stored states and results, acknowledgements. So does
 * this, and tells `onIgnored`. What a method rejects with is an error that Spool's worker, too, gives the task up for.
 */
export class ClassicQueue {
	readonly #keys: SpoolKeys;

	constructor(
		private readonly redis: Redis,
		prefix: string,
		private readonly clock: Clock,
		private readonly onIgnored: (error: Error) => void = () => {},
	) {
		this.#keys = new SpoolKeys(prefix);
	}

	/**
	 * Puts a task at the tail of its priority's queue. Resolves once it is there, whatever becomes of the statistics.
	 *
	 * @throws what Redis or the connection gave: `classifyError` tells whether the task may be in the queue all the same
	 */
	async enqueue(task: Task): Promise<void> {
		const { redis } = this;
		const taskKey = this.#keys.task(task.id);
		await redis.set(taskKey, encodeTask(task));
		try {
			await redis.rpush(this.#keys.queues[task.priority], task.id);
		} catch (error) {
			await this.#lenient(redis.del(taskKey));
			throw error;
		}
		await this.#lenient(redis.incr(this.#keys.totalCount));
		await this.#lenient(redis.set(this.#keys.lastEnqueue, this.clock.now().unixSeconds));
	}

	/**
	 * Takes the task at the head of the highest queue that has one; undefined when all are empty. An ID whose task is gone is
	 * skipped without a word, and the next lower queue tried.
	 *
	 * @throws when Redis fails, and for a task that cannot be read, which is deleted
	 */
	async dequeue(): Promise<Task | undefined> {
		const { redis } = this;
		for (const priority of HIGHEST_FIRST) {
			const queueKey = this.#keys.queues[priority];
			const id = await redis.lpop(queueKey);
			if (id === null) continue;
			const json = await this.#taskJson(queueKey, id);
			if (json === null) continue;
			const task = await this.#decoded(id, json);
			const processingKey = this.#keys.processing(id);
			await this.#lenient(redis.set(processingKey, this.clock.now().unixSeconds, "EX", PROCESSING_TTL_SECONDS));
			await this.#lenient(redis.set(this.#keys.lastDequeue, this.clock.now().unixSeconds));
			return task;
		}
		return undefined;
	}

	/** The ID goes back to the head of its queue when its task cannot be fetched. */
	async #taskJson(queueKey: string, id: string): Promise<string | null> {
		try {
			return await this.redis.get(this.#keys.task(id));
		} catch (error) {
			await this.#lenient(this.redis.lpush(queueKey, id));
			throw error;
		}
	}

	async #decoded(id: string, json: string): Promise<Task> {
		try {
			return decodeTask(json);
		} catch (error) {
			await this.#lenient(this.redis.del(this.#keys.task(id)));
			throw error;
		}
	}

	/** A worker has taken the task: stores and indexes it as processing. */
	async start(task: Task): Promise<Task> {
		const started = startedTask(task, this.clock.now());
		await this.#store(started);
		return started;
	}

	/**
	 * The handler succeeded: stores the result and the completed task, and acknowledges it.
	 *
	 * @param output raw JSON text; undefined where there is none
	 */
	async complete(task: Task, output: string | undefined, durationNs: number): Promise<Task> {
		const result: Result = { taskId: task.id, success: true, completedAt: this.clock.now().rfc3339, durationNs };
		await this.#storeResult(output === undefined ? result : { ...result, output });
		const completed = completedTask(task, this.clock.now());
		await this.#store(completed);
		await this.#release(task.id, this.#keys.completedCount);
		return completed;
	}

	/**
	 * The handler failed, or there was none. While the task has retries left it is stored as retrying, and it is for the
	 * worker to enqueue it again after `retryDelayMs`; otherwise it becomes a dead letter.
	 *
	 * @param durationNs how long the handler ran; undefined where there was none, and then no result is stored
	 */
	async fail(task: Task, error: string, durationNs: number | undefined): Promise<FailedTask> {
		if (durationNs !== undefined) {
			const completedAt = this.clock.now().rfc3339;
			await this.#storeResult({ taskId: task.id, success: false, error, completedAt, durationNs });
		}
		const failed = failedTask(task, error, this.clock.now());
		await this.#store(failed);
		if (failed.state === "retrying") return failed;
		await this.#bury(failed);
		await this.#release(task.id, this.#keys.failedCount);
		return failed;
	}

	async #bury(dead: Task): Promise<void> {
		const { redis } = this;
		const letter = encodeTask({ ...dead, error: deadLetterReason(dead) });
		if (!(await this.#lenient(redis.rpush(this.#keys.deadLetters, letter)))) return;
		const note = deadLetterNote(dead, this.clock.now());
		await this.#lenient(redis.set(this.#keys.deadLetterNote(dead.id), note, "EX", DEAD_LETTER_NOTE_TTL_SECONDS));
		await this.#lenient(redis.incr(this.#keys.deadLetterCount));
	}

	async #store(task: Task): Promise<void> {
		const key = this.#keys.storedTask(task.id);
		const stored = await this.#lenient(this.redis.set(key, encodeTask(task), "EX", STORED_TASK_TTL_SECONDS));
		if (stored) await this.#lenient(this.redis.sadd(this.#keys.stateIndex(task.state), task.id));
	}

	async #storeResult(result: Result): Promise<void> {
		const key = this.#keys.storedResult(result.taskId);
		await this.#lenient(this.redis.set(key, encodeResult(result), "EX", STORED_RESULT_TTL_SECONDS));
	}

	async #release(id: string, countKey: string): Promise<void> {
		await this.#lenient(this.redis.del(this.#keys.processing(id)));
		await this.#lenient(this.redis.del(this.#keys.task(id)));
		await this.#lenient(this.redis.incr(countKey));
	}

	/** Whether the command succeeded; its error is told and passed over. */
	async #lenient(command: Promise<unknown>): Promise<boolean> {
		try {
			await command;
			return true;
		} catch (error) {
			this.onIgnored(error as Error);
			return false;
		}
	}
}
