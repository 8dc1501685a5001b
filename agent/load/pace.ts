/** How much faster than the schedule an agent may go that has fallen behind it. */
const CATCH_UP = 2;

/** Longer between two looks at the clock is a stall, and what it would have allowed is not made good for at once. */
const LONGEST_STEP_US = 5_000;

/**
 * How far into the schedule an agent may have sent: the real clock, except after a stall, when it runs at most at twice its
 * speed until it has caught up. So whatever was late is sent, in order, but not in one flood. In µs since the epoch.
 */
export class Pace {
	#readAtUs: number;
	#reachedUs: number;

	constructor(nowUs: number) {
		this.#readAtUs = nowUs;
		this.#reachedUs = nowUs;
	}

	/** @returns arrivals due by then may be sent now */
	at(nowUs: number): number {
		const stepUs = Math.min(nowUs - this.#readAtUs, LONGEST_STEP_US);
		this.#readAtUs = nowUs;
		this.#reachedUs = Math.min(nowUs, this.#reachedUs + CATCH_UP * stepUs);
		return this.#reachedUs;
	}

	/** Nothing is due before this: waiting for it is no stall. */
	idleUntil(dueUs: number): void {
		if (dueUs <= this.#reachedUs || dueUs === Number.POSITIVE_INFINITY) return;
		this.#reachedUs = dueUs;
		this.#readAtUs = dueUs;
	}
}
