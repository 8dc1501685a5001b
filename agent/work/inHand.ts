import type { Settlement } from "../spool/fusedTurn.js";
import type { Priority, Task } from "../spool/task.js";
import type { Attempt, AttemptOutcome } from "./attempt.js";
import type { Ticket } from "./fusedConsumer.js";

/** A place of a ticket on its way back to Redis. */
export interface Settling {
	readonly ticket: Ticket;
	readonly place: number;
	readonly settlement: Settlement;
	/** What the observer is to hear once it is settled; undefined for a task that no handler had. */
	readonly attempt: Attempt | undefined;
}

/** A task from its fetch to its settlement: one object all the way, for there are tens of thousands a second. */
export class InHand implements Settling, Attempt {
	startedAtUs = 0;
	handledAtUs = 0;
	handlerNs = 0;
	settledAtUs = 0;
	outcome: AttemptOutcome = "completed";
	settlement: Settlement = { kind: "gone" };
	#wasHandled = false;

	constructor(
		readonly ticket: Ticket,
		readonly place: number,
		readonly priority: Priority,
		readonly task: Task,
		readonly polledAtUs: number,
		readonly dequeuedAtUs: number,
	) {}

	handled(settlement: Settlement, outcome: AttemptOutcome): void {
		this.settlement = settlement;
		this.outcome = outcome;
		this.#wasHandled = true;
	}

	get attempt(): Attempt | undefined {
		return this.#wasHandled ? this : undefined;
	}
}
