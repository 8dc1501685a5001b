/** Acknowledgements remembered: the last 65,536 of each of 16 producers, or more of fewer. Memory untouched costs none. */
const CAPACITY = 2 ** 20;

/**
 * When this process's own enqueues were acknowledged, so that the wait of a task that it dequeues too is known. Of constant
 * size: an old acknowledgement gives way to a new one.
 */
export class AckRing {
	readonly #slots: ReadonlyMap<number, number>;
	/**
	 * Which task is in each place; 0: none. A task's number is sequence · producers + slot, its place the low 20 bits of it, and
	 * the rest, plus 1, is here.
	 */
	readonly #rounds = new Uint32Array(CAPACITY);
	readonly #atUs = new Float64Array(CAPACITY);

	constructor(producers: readonly number[]) {
		this.#slots = new Map(producers.map((producer, slot) => [producer, slot]));
	}

	/** A task is being sent. */
	begun(producer: number, sequence: number): void {
		this.#note(producer, sequence, Number.POSITIVE_INFINITY);
	}

	/** A task's enqueue was acknowledged. */
	acknowledged(producer: number, sequence: number, atUs: number): void {
		this.#note(producer, sequence, atUs);
	}

	#note(producer: number, sequence: number, atUs: number): void {
		const slot = this.#slots.get(producer);
		if (slot === undefined) return;
		const task = sequence * this.#slots.size + slot;
		const place = task & (CAPACITY - 1);
		this.#rounds[place] = roundOf(task);
		this.#atUs[place] = atUs;
	}

	/**
	 * How long a task waited until it was dequeued; 0 when that came before the acknowledgement. Undefined for another
	 * process's task, and for one that was forgotten.
	 */
	waitedUs(producer: number, sequence: number, dequeuedAtUs: number): number | undefined {
		const slot = this.#slots.get(producer);
		if (slot === undefined) return undefined;
		const task = sequence * this.#slots.size + slot;
		const place = task & (CAPACITY - 1);
		if (this.#rounds[place] !== roundOf(task)) return undefined;
		return Math.max(0, dequeuedAtUs - (this.#atUs[place] as number));
	}
}

function roundOf(task: number): number {
	return Math.floor(task / CAPACITY) + 1;
}
