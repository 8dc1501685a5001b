import { setMaxListeners } from "node:events";
import type { FusedQueue } from "../spool/fused.js";
import type { Taken, Turn, TurnAnswer } from "../spool/fusedTurn.js";
import type { Clock } from "../spool/gotime.js";
import { type RawText, StoredTask, TaskReader } from "../spool/storedTask.js";
import type { Task } from "../spool/task.js";
import type { WorkObserver } from "./attempt.js";
import type { Consumer, Ticket } from "./fusedConsumer.js";
import { Maintenance } from "./fusedMaintenance.js";
import { settle } from "./fusedSettlement.js";
import type { TaskHandler } from "./handlers.js";
import type { Handled } from "./handling.js";
import { InHand, type Settling } from "./inHand.js";
import { Lane } from "./lane.js";
import { persistently } from "./persistently.js";
import { Slots } from "./slots.js";

/** Lanes that keep all busy: Redis works on one's turn while the tasks of the other are handled here. */
export const LANES = 2;
/** How long handlers that answer at once keep the event loop from everything else. */
const SLICE_US = 20_000;
const TASKS_A_LOOK_AT_THE_CLOCK = 16;

export interface FusedWorkersOptions {
	/** Each on a connection of its own; `LANES` of them do. */
	readonly queues: readonly [FusedQueue, ...FusedQueue[]];
	/** Handlers at once. */
	readonly slots: number;
	/** The most tasks in one turn. */
	readonly batch: number;
	readonly leaseMs: number;
	/** By task type. */
	readonly handlers: ReadonlyMap<string, TaskHandler>;
	readonly observer: WorkObserver;
	readonly nowUs: () => number;
	readonly clock: Clock;
	/** The queues are empty: `arrived` is to be called when they are not. */
	readonly onEmpty: () => void;
	/** Told of tasks that were taken back from consumers that are gone. */
	readonly onTakenBack: (tasks: number) => void;
	/** Ends the workers when the tasks in hand are settled; what was fetched and not begun goes back. */
	readonly stop: AbortSignal;
	/** Given after `stop`: handlers that wait end at once, and what is in hand stays held until its lease ends. */
	readonly abandon: AbortSignal;
}

/** Somebody else has a task that was held here: this process gave no sign of life for the length of its lease. */
export class LeaseLostError extends Error {
	override readonly name = "lease lost";
}

/**
 * All workers of an agent, on one queue, in turns:
 *
 *   settling ────┐
 *                ├─ turn ─┬─ tasks ─▶ ready ─▶ slot: handler ─▶ settling
 *   free slots ──┘        └─ too few ─▶ empty ─ arrived ─▶ turn
 *
 * There are some lanes, and a turn at a time in each. What is settled meanwhile leaves with the next one of the lane that
 * fetched it. A turn that Redis did not answer is sent again, as it was, until it is answered: it is carried out once. A lost
 * lease ends a lane's consumer, and it goes on as another.
 */
export class FusedWorkers {
	readonly #lanes: readonly [Lane, ...Lane[]];
	#free: number;
	/** The most tasks to fetch in one turn, so that the slots keep all lanes busy. */
	readonly #share: number;
	#underWay = 0;
	/** Of them, those that fetch. */
	#fetching = 0;
	/** Places in tickets that are not settled. */
	#inHand = 0;
	/** Tasks that the observer was told were taken, and not that they were released. */
	#taken = 0;
	#ready: InHand[] = [];
	/** There may be tasks in the queues. */
	#hopeful = true;
	/** The last fetch got all that it asked for: there are so many that a second turn is worth it. */
	#plenty = false;
	#pumpDue = false;
	#workDue = false;
	readonly #slots = new Slots();
	readonly #reader = new TaskReader();
	#maintenance: Maintenance | undefined;
	#finish: () => void = () => {};

	constructor(private readonly options: FusedWorkersOptions) {
		const [first, ...further] = options.queues;
		this.#lanes = [new Lane(first), ...further.map((queue) => new Lane(queue))];
		this.#free = options.slots;
		this.#share = Math.min(options.batch, Math.ceil(options.slots / this.#lanes.length));
	}

	/** Settles when told to stop and nothing is in hand, or when abandoned. */
	async run(): Promise<void> {
		const { stop, abandon, queues, leaseMs, onTakenBack, observer } = this.options;
		const finished = new Promise<void>((resolve) => {
			this.#finish = resolve;
		});
		const onStop = () => this.#pumpSoon();
		const onAbandon = () => this.#abandon();
		setMaxListeners(0, stop, abandon);
		stop.addEventListener("abort", onStop, { once: true });
		abandon.addEventListener("abort", onAbandon, { once: true });
		this.#maintenance = new Maintenance({
			queue: queues[0],
			leaseMs,
			consumers: () => this.#lanes.map(({ consumer }) => consumer.name),
			beforeEach: () => this.#releaseIdle(),
			onTakenBack,
			onError: (error) => observer.failed(error, undefined),
		});
		if (stop.aborted) onStop();
		if (abandon.aborted) onAbandon();
		this.#pumpSoon();
		await finished;
		this.#maintenance.stop();
		stop.removeEventListener("abort", onStop);
		abandon.removeEventListener("abort", onAbandon);
		if (!abandon.aborted) await Promise.all(this.#lanes.map((lane) => this.#release(lane)));
	}

	/** Something lies in a queue. */
	arrived(): void {
		this.#hopeful = true;
		this.#pumpSoon();
	}

	/** See `Maintenance`. */
	get owed(): number {
		return this.#maintenance?.owed ?? 0;
	}

	/** After all that is due in this turn of the event loop, so that tasks that are settled in it leave together. */
	#pumpSoon(): void {
		if (this.#pumpDue) return;
		this.#pumpDue = true;
		process.nextTick(() => {
			this.#pumpDue = false;
			this.#pump();
		});
	}

	#pump(): void {
		const { stop, abandon } = this.options;
		if (abandon.aborted) return;
		if (stop.aborted && this.#underWay === 0) this.#giveBackReady();
		for (let lane = this.#idleLane(); lane; lane = this.#idleLane()) {
			// From empty queues nothing is fetched on the way: whoever waits there says when there is something.
			const fetches = this.#hopeful && (this.#fetching === 0 || this.#plenty) && !stop.aborted;
			const most = fetches ? Math.min(this.#share, this.#free) : 0;
			const size = Math.max(lane.settling, most);
			// Beside a turn that is under way only one that is worth it: many small ones cost more than they bring.
			if (size === 0 || (this.#underWay > 0 && size < this.#share / 2)) break;
			void this.#turn(lane, lane.takeSettling(this.options.batch), most);
		}
		if (stop.aborted && this.#underWay === 0 && this.#inHand === 0) this.#finish();
	}

	/** The one that has most to settle. */
	#idleLane(): Lane | undefined {
		let found: Lane | undefined;
		for (const lane of this.#lanes) {
			if (!lane.isBusy && (!found || lane.settling > found.settling)) found = lane;
		}
		return found;
	}

	async #turn(lane: Lane, all: readonly Settling[], most: number): Promise<void> {
		const { consumer } = lane;
		const own = all.filter(({ ticket }) => ticket.consumer === consumer);
		for (const each of all) if (each.ticket.consumer !== consumer) this.#lose(each);
		const tickets = new Set<Ticket>();
		for (const { ticket, place } of own) {
			ticket.settle(place);
			tickets.add(ticket);
		}
		const turn: Turn = {
			consumer: consumer.name,
			number: consumer.nextTurn(),
			settlements: own.map(({ settlement }) => settlement),
			tickets: [...tickets].map((ticket) => ticket.state()),
			most,
		};
		lane.isBusy = true;
		this.#underWay++;
		if (most > 0) this.#fetching++;
		this.#free -= most;
		const polledAtUs = this.options.nowUs();
		const answer = await this.#carryOut(turn, lane, consumer);
		if (this.options.abandon.aborted) return;
		lane.isBusy = false;
		this.#underWay--;
		if (most > 0) this.#fetching--;
		if (answer) {
			this.#settled(own);
			this.#took(answer.taken, most, consumer, polledAtUs);
			if (answer.fault) this.options.observer.failed(answer.fault, undefined);
		} else {
			for (const each of own) this.#lose(each);
			this.#free += most;
		}
		this.#pump();
	}

	/** @returns undefined when the consumer's lease is lost, or when abandoned */
	async #carryOut(
		turn: Turn,
		lane: Lane,
		consumer: Consumer,
	): Promise<(TurnAnswer & { readonly kind: "done" }) | undefined> {
		const { observer, abandon } = this.options;
		const attempt = async () => {
			const answer = consumer.isLost ? LOST : await lane.queue.turn(turn);
			return answer.kind === "outOfOrder" ? undefined : answer;
		};
		const answer = await persistently(attempt, (error) => observer.failed(error, undefined), abandon);
		if (answer?.kind === "done") return answer;
		lane.forsake(consumer);
		return undefined;
	}

	/** It is somebody else's now. */
	#lose({ settlement, attempt, ticket }: Settling): void {
		this.#letGo(ticket);
		if (!attempt) return;
		const id = "id" in settlement ? settlement.id : undefined;
		this.options.observer.failed(new LeaseLostError("the lease ended before the task was settled"), id);
		this.#released();
	}

	#letGo({ consumer }: Ticket): void {
		this.#inHand--;
		consumer.held--;
	}

	#released(): void {
		this.#taken--;
		this.options.observer.released();
	}

	#settled(settling: readonly Settling[]): void {
		const { observer, nowUs } = this.options;
		const settledAtUs = nowUs();
		for (const { attempt, ticket } of settling) {
			this.#letGo(ticket);
			if (!attempt) continue;
			if (attempt instanceof InHand) attempt.settledAtUs = settledAtUs;
			observer.settled(attempt);
			const { task, outcome } = attempt;
			// A handler that was given up may still read its own.
			if (task instanceof StoredTask && outcome === "completed") task.letGo();
			this.#released();
		}
	}

	#took(taken: readonly Taken[], most: number, consumer: Consumer, polledAtUs: number): void {
		const { observer, nowUs, onEmpty } = this.options;
		const dequeuedAtUs = nowUs();
		let count = 0;
		for (const { field, priority, ids, tasks } of taken) {
			const ticket = consumer.ticket(field, ids);
			count += ids.length;
			consumer.held += ids.length;
			for (let place = 0; place < ids.length; place++) {
				this.#inHand++;
				const task = this.#read(ids[place] as string, tasks[place] ?? null, ticket, place);
				if (!task) continue;
				this.#taken++;
				observer.taken();
				this.#ready.push(new InHand(ticket, place, priority, task, polledAtUs, dequeuedAtUs));
			}
		}
		this.#free += most - count;
		if (most > 0) {
			observer.polled(count > 0);
			this.#plenty = count === most;
			// More may have come behind what was there: that is seen with the next turn, which is due to settle these.
			this.#hopeful = count > 0;
			if (!this.#hopeful) onEmpty();
		}
		this.#work();
	}

	/** @returns undefined for a task that is gone or cannot be read */
	#read(id: string, raw: RawText | null, ticket: Ticket, place: number): Task | undefined {
		if (raw === null) {
			this.#put({ ticket, place, settlement: { kind: "gone" }, attempt: undefined });
			return undefined;
		}
		try {
			return this.#reader.read(raw, id);
		} catch (error) {
			this.options.observer.failed(error as Error, id);
			this.#put({ ticket, place, settlement: { kind: "deleted", id }, attempt: undefined });
			return undefined;
		}
	}

	#put(settling: Settling): void {
		const { consumer } = settling.ticket;
		const lane = this.#lanes.find((each) => each.consumer === consumer) ?? this.#lanes[0];
		lane.put(settling);
		this.#free++;
	}

	/** Hands what is ready to the handlers, a while. */
	#work(): void {
		const { nowUs, stop } = this.options;
		const untilUs = nowUs() + SLICE_US;
		// A handler may be what stops the workers: what it has begun is not in the list then.
		const ready = this.#ready;
		this.#ready = [];
		let begun = 0;
		while (begun < ready.length && !stop.aborted) {
			this.#begin(ready[begun++] as InHand);
			if (begun % TASKS_A_LOOK_AT_THE_CLOCK === 0 && nowUs() > untilUs) break;
		}
		if (begun < ready.length) this.#ready = ready.slice(begun);
		if (this.#ready.length === 0 || this.#workDue || stop.aborted) return;
		this.#workDue = true;
		setImmediate(() => {
			this.#workDue = false;
			this.#work();
			this.#pump();
		});
	}

	#begin(held: InHand): void {
		const { handlers, nowUs, clock } = this.options;
		const { task } = held;
		if (held.ticket.consumer.isLost) {
			this.#put(held);
			this.#released();
			return;
		}
		const startedAt = clock.now().rfc3339;
		const handler = handlers.get(task.type);
		held.startedAtUs = nowUs();
		if (!handler) {
			this.#end(held, undefined, startedAt);
			return;
		}
		const handled = this.#slots.run(handler, task, (outcome) => {
			this.#end(held, outcome, startedAt);
			this.#pumpSoon();
		});
		if (handled) this.#end(held, handled, startedAt);
	}

	#end(held: InHand, handled: Handled | undefined, startedAt: string): void {
		const { nowUs, clock } = this.options;
		held.handledAtUs = nowUs();
		if (handled?.kind === "abandoned") return;
		if (handled) held.handlerNs = (held.handledAtUs - held.startedAtUs) * 1_000;
		const settled = settle(held, startedAt, handled, clock.now());
		held.handled(settled.settlement, settled.outcome);
		this.#put(held);
	}

	/** What was not begun, when all that was fetched is here: the newest first, since each goes to the head of its queue. */
	#giveBackReady(): void {
		for (const held of this.#ready.splice(0).reverse()) {
			held.settlement = { kind: "returned", id: held.task.id, priority: held.priority };
			this.#put(held);
			this.#released();
		}
	}

	#abandon(): void {
		this.#slots.abandon();
		while (this.#taken > 0) this.#released();
		this.#finish();
	}

	/** A consumer that had nothing to do since this was last called is ended: what it left in Redis goes. */
	async #releaseIdle(): Promise<void> {
		for (const lane of this.#lanes) if (lane.isIdle()) await this.#release(lane);
	}

	async #release(lane: Lane): Promise<void> {
		const consumer = lane.retire();
		if (!consumer) return;
		const { observer, abandon } = this.options;
		const attempt = async () => {
			await lane.queue.release(consumer.name);
			return true;
		};
		await persistently(attempt, (error) => observer.failed(error, undefined), abandon);
	}
}

const LOST: TurnAnswer = { kind: "lost" };
