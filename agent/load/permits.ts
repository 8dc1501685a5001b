/**
 * A counting gate: holds back the senders of a closed loop until a permit is free. Waiters are served in order.
 */
export class Permits {
	#free: number;
	readonly #waiting: Array<(granted: boolean) => void> = [];
	#closed = false;

	constructor(free: number) {
		this.#free = free;
	}

	/** Takes a permit. @returns false when the gate was closed: there will be no more */
	take(): boolean | Promise<boolean> {
		if (this.#closed) return false;
		if (this.#free > 0) {
			this.#free--;
			return true;
		}
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	/** Puts a permit back, or makes a new one. */
	give(): void {
		const next = this.#waiting.shift();
		if (next) next(true);
		else this.#free++;
	}

	/** Turns away everybody who waits, now and later. May be called twice. */
	close(): void {
		this.#closed = true;
		for (const turnAway of this.#waiting.splice(0)) turnAway(false);
	}
}
