import type { Redis } from "./connection.js";
import { PRIORITIES, SpoolKeys } from "./keys.js";

/** Below the silence after which a connection is taken for dead. */
const WAIT_SECONDS = 20;
const RETRY_MS = 500;

/**
 * Tells when something lies in a queue, whoever put it there, without asking again and again and without taking it.
 *
 * On each queue a connection waits in BLMOVE from the queue's head to that same head: it answers as soon as there is an
 * element and leaves the queue as it was. So there is no moment at which a crash could lose a task, and any number of
 * processes that wait are all told. Nothing is sent while the queues are busy.
 */
export class Arrivals {
	readonly #queues: readonly Wait[];
	#watching = false;
	#closed = false;

	/** @param connections of its own, one for each priority; closed with it */
	constructor(
		private readonly connections: readonly Redis[],
		prefix: string,
		private readonly onArrival: () => void,
		private readonly onError: (error: Error) => void,
	) {
		const { queues } = new SpoolKeys(prefix);
		this.#queues = PRIORITIES.flatMap((priority) => {
			const redis = connections[priority];
			return redis ? [{ redis, key: queues[priority], waiting: false }] : [];
		});
	}

	/** From now on the next arrival, or what lies there already, is told: once, until this is called again. */
	watch(): void {
		if (this.#watching || this.#closed) return;
		this.#watching = true;
		for (const queue of this.#queues) if (!queue.waiting) void this.#wait(queue);
	}

	/** May be called twice. */
	close(): void {
		this.#closed = true;
		this.#watching = false;
		for (const redis of this.connections) redis.disconnect();
	}

	async #wait(queue: Wait): Promise<void> {
		queue.waiting = true;
		while (this.#watching) {
			const found = await this.#once(queue);
			if (!found || !this.#watching) continue;
			this.#watching = false;
			this.onArrival();
		}
		queue.waiting = false;
	}

	async #once({ redis, key }: Wait): Promise<boolean> {
		try {
			return (await redis.blmove(key, key, "LEFT", "LEFT", WAIT_SECONDS)) !== null;
		} catch (error) {
			if (this.#closed) return false;
			this.onError(error as Error);
			await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
			return false;
		}
	}
}

interface Wait {
	readonly redis: Redis;
	readonly key: string;
	waiting: boolean;
}
