import type { Task } from "../spool/task.js";
import type { TaskHandler } from "./handlers.js";
import { type Handled, Handling } from "./handling.js";

/** Handlers that run side by side, and can all be given up. */
export class Slots {
	readonly #idle: Slot[] = [];
	readonly #busy = new Set<Slot>();

	/** At once where the handler answers at once; else `onEnd` is called with the outcome, and undefined returned. */
	run(handler: TaskHandler, task: Task, onEnd: (handled: Handled) => void): Handled | undefined {
		const slot = this.#idle.pop() ?? new Slot();
		const handled = slot.handling.run(handler, task);
		if (!(handled instanceof Promise)) {
			this.#idle.push(slot);
			return handled;
		}
		this.#busy.add(slot);
		void handled.then((outcome) => {
			this.#busy.delete(slot);
			this.#idle.push(slot);
			onEnd(outcome);
		});
		return undefined;
	}

	/** Ends the waiting for every handler that runs. */
	abandon(): void {
		for (const slot of this.#busy) slot.abandon.abort();
	}
}

/** Each with a signal of its own: a thousand listeners on one signal would be searched one by one. */
class Slot {
	readonly abandon = new AbortController();
	readonly handling = new Handling(this.abandon.signal);
}
