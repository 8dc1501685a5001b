import type { Task } from "./task.js";

/** Batches under way at once: one is made here while Redis works on the other. */
const MOST_UNDER_WAY = 2;

interface Waiting {
	readonly task: Task;
	readonly resolve: () => void;
	readonly reject: (error: Error) => void;
}

/**
 * Group commit for those who enqueue: whatever was handed in while batches are under way leaves with the next one. Nobody
 * waits for a timer: a task that comes alone leaves at the end of this turn of the event loop.
 */
export class GroupedEnqueue {
	#waiting: Waiting[] = [];
	#underWay = 0;
	#flushDue = false;

	/**
	 * @param send resolves to each task's own refusal or undefined, and rejects with what befell all of them
	 * @param most tasks in a batch
	 */
	constructor(
		private readonly send: (tasks: readonly Task[]) => Promise<readonly (Error | undefined)[]>,
		private readonly most: number,
	) {}

	/** Resolves when the task is in its queue. @throws as the batch did, or what its own queue refused it with */
	enqueue(task: Task): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ task, resolve, reject });
			if (this.#flushDue || this.#underWay >= MOST_UNDER_WAY) return;
			this.#flushDue = true;
			// After the promises that are due: all who were woken by one answer hand in their next task first.
			process.nextTick(() => this.#flush());
		});
	}

	#flush(): void {
		this.#flushDue = false;
		while (this.#waiting.length > 0 && this.#underWay < MOST_UNDER_WAY) {
			const batch = this.#waiting.length > this.most ? this.#waiting.splice(0, this.most) : this.#waiting;
			if (batch === this.#waiting) this.#waiting = [];
			void this.#send(batch);
		}
	}

	async #send(batch: readonly Waiting[]): Promise<void> {
		this.#underWay++;
		try {
			const refusals = await this.send(batch.map(({ task }) => task));
			for (let place = 0; place < batch.length; place++) {
				const refusal = refusals[place];
				if (refusal) batch[place]?.reject(refusal);
				else batch[place]?.resolve();
			}
		} catch (error) {
			for (const { reject } of batch) reject(error as Error);
		}
		this.#underWay--;
		if (this.#waiting.length > 0 && !this.#flushDue) {
			this.#flushDue = true;
			process.nextTick(() => this.#flush());
		}
	}
}
