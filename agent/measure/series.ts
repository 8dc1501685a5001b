import type { Slot } from "../../proto/gen/measurement.js";

const SLOT_US = 200_000;

/** What happened in each 200 ms of a run, since the epoch and since it was last taken. */
export class Series {
	readonly #before = new Map<number, Slot>();
	#recent = new Map<number, Slot>();
	/** Most events fall into the slot of the event before. */
	#last: Slot = emptySlot(-1);

	/** The slot to count an event in. @param atUs since the epoch; what comes before it counts to the first slot */
	at(atUs: number): Slot {
		const index = Math.max(0, Math.floor(atUs / SLOT_US));
		if (index === this.#last.index) return this.#last;
		let slot = this.#recent.get(index);
		if (!slot) {
			slot = emptySlot(index);
			this.#recent.set(index, slot);
		}
		this.#last = slot;
		return slot;
	}

	/** What was counted since the last call. */
	take(): Slot[] {
		const taken = [...this.#recent.values()];
		for (const slot of taken) this.#before.set(slot.index, plus(this.#before.get(slot.index), slot));
		this.#recent = new Map();
		this.#last = emptySlot(-1);
		return taken;
	}

	/** Everything, in order. */
	all(): Slot[] {
		const all = new Map(this.#before);
		for (const slot of this.#recent.values()) all.set(slot.index, plus(all.get(slot.index), slot));
		return [...all.values()].sort((a, b) => a.index - b.index);
	}
}

function emptySlot(index: number): Slot {
	return { index, sent: 0, enqueued: 0, completed: 0, failed: 0 };
}

function plus(a: Slot | undefined, b: Slot): Slot {
	const { index, sent, enqueued, completed, failed } = a ?? emptySlot(b.index);
	return {
		index,
		sent: sent + b.sent,
		enqueued: enqueued + b.enqueued,
		completed: completed + b.completed,
		failed: failed + b.failed,
	};
}
