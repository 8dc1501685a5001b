/** Acknowledgements remembered: the last 65,536 of each of 16 producers, or more of fewer. Memory untouched costs none. */
const CAPACITY = 2 ** 20;

/**
 * When this process's own enqueues were acknowledged, so that the wait of a task that it dequeues too is known. Of constant
 * size: an old acknowledgement gives way to a new one.
 */
export class AckRing {
	readonly #slots: ReadonlyMap<number, number>;
	/** The task in each place, plus 1; 0: none. A task's number is sequence · producers + slot, its place the low 20 bits of it. */
	readonly #tasks = new Float64Array(CAPACITY);
	readonly #atUs = new Float64Array(CAPACITY);
	/** By slot: sequence numbers below this are decided. A producer sends one task after the other. */
	readonly #decided: Float64Array;

	constructor(producers: readonly number[]) {
		this.#slots = new Map(producers.map((producer, slot) => [producer, slot]));
		this.#decided = new Float64Array(producers.length);
	}

	/** A task's enqueue was acknowledged. */
	acknowledged(producer: number, sequence: number, atUs: number): void {
		const slot = this.#slots.get(producer);
		if (slot === undefined) return;
		const task = sequence * this.#slots.size + slot;
		const place = task & (CAPACITY - 1);
		this.#tasks[place] = task + 1;
		this.#atUs[place] = atUs;
		this.#decided[slot] = sequence + 1;
	}

	/**
	 * How long a task waited until it was dequeued; 0 when that came before the acknowledgement. Undefined for another
	 * process's task, and for one whose acknowledgement was forgotten or never came.
	 */
	waitedUs(producer: number, sequence: number, dequeuedAtUs: number): number | undefined {
		const slot = this.#slots.get(producer);
		if (slot === undefined) return undefined;
		if (sequence >= (this.#decided[slot] as number)) return 0;
		const task = sequence * this.#slots.size + slot;
		const place = task & (CAPACITY - 1);
		if (this.#tasks[place] !== task + 1) return undefined;
		return Math.max(0, dequeuedAtUs - (this.#atUs[place] as number));
	}
}
