/**
 * Go's time.Ticker as Spool's workers use it: beats at whole intervals from its start, in absolute time; one missed beat is
 * held and all others are dropped. A worker that was busy past some beats so polls again at once, then is back on the beat.
 *
 * With an interval of 0 there is always a beat.
 */
export class Ticker {
	/** Number of the first beat that was not taken; beat 0 is the start and is none. */
	#next = 1;

	/** @param startMs on the clock that is given to the methods */
	constructor(
		private readonly intervalMs: number,
		private readonly startMs: number,
	) {}

	/** When the next beat is, or was: up to `nowMs`, it is held. */
	nextTick(nowMs: number): number {
		return this.intervalMs === 0 ? nowMs : this.startMs + this.#next * this.intervalMs;
	}

	/** Takes the beat that is held at `nowMs`, and drops the others that were missed. */
	take(nowMs: number): void {
		if (this.intervalMs === 0) return;
		this.#next = Math.max(this.#next, Math.floor((nowMs - this.startMs) / this.intervalMs)) + 1;
	}

	/**
	 * Waits for the next beat and takes it.
	 *
	 * @returns false when the signal aborted first
	 */
	async wait(nowMs: () => number, signal: AbortSignal): Promise<boolean> {
		if (this.intervalMs === 0) {
			await nextTurn();
		} else {
			for (let now = nowMs(); now < this.nextTick(now) && !signal.aborted; now = nowMs()) {
				// A timer may fire a little early by this clock: then it is set again.
				await pause(this.nextTick(now) - now, signal);
			}
		}
		if (signal.aborted) return false;
		this.take(nowMs());
		return true;
	}
}

/** Resolves after the time, or early when the signal aborts. Whole milliseconds, rounded up: the timers know no others. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) {
			resolve();
			return;
		}
		const end = () => {
			clearTimeout(timer);
			signal.removeEventListener("abort", end);
			resolve();
		};
		const timer = setTimeout(end, Math.ceil(ms));
		signal.addEventListener("abort", end);
	});
}

let turn: Promise<void> | undefined;

/**
 * Resolves when the event loop has served what is due. All who wait share one turn, so that what they then write to a socket
 * leaves together.
 */
function nextTurn(): Promise<void> {
	turn ??= new Promise((resolve) => {
		setImmediate(() => {
			turn = undefined;
			resolve();
		});
	});
	return turn;
}
