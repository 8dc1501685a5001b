/** Acknowledgements remembered: the last 32,768 of each of 16 producers, or more of fewer. Memory untouched costs none. */
const CAPACITY = 2 ** 19;
const LONGEST_US = 2 ** 32 - 3;
/** In place of what an enqueue took, plus 1. */
const NONE = 0;
const NOT_YET = 2 ** 32 - 1;

/**
 * How long this process's own enqueues took until they were acknowledged, so that the wait of a task that it dequeues too is
 * known: its stamp says when it was sent. Of constant size, 3 MB: an old acknowledgement gives way to a new one.
 */
export class AckRing {
	/** By producer, its place among this process's, plus 1; 0: not one of them. */
	readonly #slots: Uint32Array;
	readonly #producers: number;
	/**
	 * Which task is in each place. A task's number is sequence · producers + slot, its place the low 19 bits of it, and of the
	 * rest the low 16 are here: the same comes again 34 thousand million tasks later.
	 */
	readonly #rounds = new Uint16Array(CAPACITY);
	/** What each place's enqueue took, in µs plus 1, NONE or NOT_YET. */
	readonly #took = new Uint32Array(CAPACITY);

	constructor(producers: readonly number[]) {
		this.#producers = producers.length;
		this.#slots = new Uint32Array(Math.max(0, ...producers) + 1);
		for (const [slot, producer] of producers.entries()) this.#slots[producer] = slot + 1;
	}

	/** A task is being sent. */
	begun(producer: number, sequence: number): void {
		this.#note(producer, sequence, NOT_YET);
	}

	/** A task's enqueue was acknowledged, so long after it was sent. */
	acknowledged(producer: number, sequence: number, tookUs: number): void {
		this.#note(producer, sequence, Math.min(Math.max(0, Math.round(tookUs)), LONGEST_US) + 1);
	}

	#note(producer: number, sequence: number, took: number): void {
		const task = this.#taskOf(producer, sequence);
		if (task < 0) return;
		const place = placeOf(task);
		this.#rounds[place] = roundOf(task);
		this.#took[place] = took;
	}

	/**
	 * How long a task waited until it was dequeued; 0 when that came before the acknowledgement. Undefined for another
	 * process's task, and for one that was forgotten.
	 *
	 * @param sinceSentUs from when it was sent until it was dequeued
	 */
	waitedUs(producer: number, sequence: number, sinceSentUs: number): number | undefined {
		const task = this.#taskOf(producer, sequence);
		if (task < 0) return undefined;
		const place = placeOf(task);
		const took = this.#took[place] as number;
		if (took === NONE || this.#rounds[place] !== roundOf(task)) return undefined;
		return took === NOT_YET ? 0 : Math.max(0, sinceSentUs - (took - 1));
	}

	/** @returns -1 for another process's */
	#taskOf(producer: number, sequence: number): number {
		const slot = this.#slots[producer] ?? 0;
		return slot === 0 ? -1 : sequence * this.#producers + slot - 1;
	}
}

// Whole numbers beyond 32 bits lose their high ones here, and those count for neither.
function placeOf(task: number): number {
	return task & (CAPACITY - 1);
}

function roundOf(task: number): number {
	return (task / CAPACITY) & 0xffff;
}
