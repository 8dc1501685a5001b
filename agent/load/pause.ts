import { sharedAlarm } from "../alarm.js";

/**
 * One sleeper, woken by the alarm, by `wake`, or by the signal, whichever comes first. It listens to the signal once, however
 * often it sleeps.
 */
export class Pause {
	#wake: () => void = () => {};
	readonly #onAbort = () => this.#wake();

	constructor(private readonly signal: AbortSignal) {
		signal.addEventListener("abort", this.#onAbort, { once: true });
	}

	/** @param ms to about 0.1; 0: until the event loop has looked around once */
	async sleep(ms: number): Promise<void> {
		if (this.signal.aborted) return;
		await new Promise<void>((resolve) => {
			this.#wake = resolve;
			if (ms === 0) {
				setImmediate(resolve);
				return;
			}
			const turnOff = sharedAlarm().in(ms, resolve);
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
