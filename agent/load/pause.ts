import { sharedAlarm } from "../alarm.js";

/** The grain of Node's timers, which are up to as much late again: near it they cost a tenth of a core less than the alarm. */
const TIMER_MS = 1;

/**
 * One sleeper, woken by its time, by `wake`, or by the signal, whichever comes first. It listens to the signal once, however
 * often it sleeps.
 */
export class Pause {
	#wake: () => void = () => {};
	readonly #onAbort = () => this.#wake();

	constructor(private readonly signal: AbortSignal) {
		signal.addEventListener("abort", this.#onAbort, { once: true });
	}

	/** @param ms more than 1: to about 0.1; up to 1: to about 2; 0: until the event loop has looked around once */
	async sleep(ms: number): Promise<void> {
		if (this.signal.aborted) return;
		await new Promise<void>((resolve) => {
			this.#wake = resolve;
			if (ms === 0) {
				setImmediate(resolve);
				return;
			}
			const turnOff = ms > TIMER_MS ? sharedAlarm().in(ms, resolve) : timer(resolve);
			this.#wake = () => {
				turnOff();
				resolve();
			};
		});
		this.#wake = () => {};
	}

	/** Ends the sleep that is on, if one is. */
	wake(): void {
		this.#wake();
	}

	close(): void {
		this.signal.removeEventListener("abort", this.#onAbort);
	}
}

function timer(ring: () => void): () => void {
	const id = setTimeout(ring, TIMER_MS);
	return () => clearTimeout(id);
}
