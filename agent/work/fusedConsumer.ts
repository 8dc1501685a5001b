import type { TicketState } from "../spool/fusedTurn.js";

/** One name under which tasks are held. Once its lease is lost it is never used again. */
export class Consumer {
	isLost = false;
	/** Places in tickets that are not settled. */
	held = 0;
	#turns = 0;

	/** @param name nobody else's */
	constructor(readonly name: string) {}

	/** From 1. */
	nextTurn(): number {
		return ++this.#turns;
	}

	/** Redis knows of it. */
	get isRegistered(): boolean {
		return this.#turns > 0;
	}

	/** @param field what the turn called it */
	ticket(field: string, ids: readonly string[]): Ticket {
		return new Ticket(this, field, ids);
	}
}

/** What a turn took from one queue, and how much of it is settled: Redis is told with each turn that settles some of it. */
export class Ticket {
	readonly #settled: boolean[];
	#open: number;

	constructor(
		readonly consumer: Consumer,
		private readonly field: string,
		private readonly ids: readonly string[],
	) {
		this.#open = ids.length;
		this.#settled = ids.map(() => false);
	}

	settle(place: number): void {
		if (this.#settled[place] !== false) return;
		this.#settled[place] = true;
		this.#open--;
	}

	state(): TicketState {
		const left = this.#open === 0 ? [] : this.ids.filter((_, place) => !this.#settled[place]);
		return { field: this.field, left };
	}
}
