/** Timers cannot be set more finely, and fire up to a millisecond late. */
const SHORTEST_MS = 1;

/**
 * One sleeper, woken by a timer, by `wake`, or by the signal, whichever comes first. It listens to the signal once, however
 * often it sleeps.
 */
export class Pause {
	#wake: () => void = () => {};
	readonly #onAbort = () => this.#wake();

	constructor(private readonly signal: AbortSignal) {
		signal.addEventListener("abort", this.#onAbort, { once: true });
	}

	/** @param ms rounded down, at least 1; 0: until the event loop has looked around once */
	async sleep(ms: number): Promise<void> {
		if (this.signal.aborted) return;
		await new Promise<void>((resolve) => {
			this.#wake = resolve;
			if (ms === 0) {
				setImmediate(resolve);
				return;
			}
			const timer = setTimeout(resolve, Math.max(SHORTEST_MS, Math.floor(ms)));
			this.#wake = () => {
				clearTimeout(timer);
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
