import { setTimeout as sleep } from "node:timers/promises";
import type { OpenLoad, ProducerShare } from "../../proto/gen/slice.js";
import { stampBytes } from "../measure/stamp.js";
import { classifyError } from "../spool/connection.js";
import { type Arrivals, openArrivals } from "./arrivals.js";
import { Pace } from "./pace.js";
import { Pause } from "./pause.js";
import type { ProducerContext } from "./producer.js";
import { type TaskMaker, taskMaker } from "./taskMaker.js";

/** After so many the event loop gets its turn. */
const SENT_A_TURN = 256;
/** What falls due within so long after something was sent goes together, unless the load spins: each time costs a round trip. */
const TOGETHER_US = 700;
/** The alarm may be early by so much: the rest is spun for. */
const ALARM_EARLY_US = 100;
/** Who spins sleeps to so long before an arrival, if that is long enough for the alarm: it may be late. */
const SPIN_US = 1_000;
const LONGEST_SLEEP_MS = 60_000;
/** How long it may go on after sending has ended, with what fell due before: a late timer or a short stall drops nothing. */
const LAST_SENDS_US = 500_000;
/** An agent that began later than this does not send what fell due before it began (measurement.md §5). */
const START_LATE_US = 10_000;

export interface OpenLoopContext extends ProducerContext {
	/** The run's epoch on the clock of `nowUs`. */
	readonly epochUs: number;
	/** Ends the loop at once. */
	readonly abandon: AbortSignal;
	/** To be called whenever this process is awake for another reason: who sleeps looks then whether something is due. */
	readonly lookers: Set<() => void>;
}

/**
 * Sends an agent's arrivals at their times, whatever the queue does (measurement.md §2). In turns: what is due is sent, then
 * it sleeps to just before the next arrival.
 *
 *   on time ─ stalled, or too many enqueues without an answer ─▶ behind ─ has sent all that is due ─▶ on time
 *
 * While it is behind it catches up at most at twice the rate. No arrival is skipped: one that was late is sent late and its
 * response time counts from when it was due. Only what fell due before a late start, and what could not be sent within 0.5 s
 * after sending ended, is never sent: the recorder hears of each. Times are µs since the epoch, except what the recorder is told.
 */
export async function runOpenLoop(context: OpenLoopContext, share: ProducerShare, load: OpenLoad): Promise<void> {
	const loop = new OpenLoop(context, share, load);
	await loop.run();
}

class OpenLoop {
	readonly #arrivals: Arrivals;
	/** Runs ahead of `#arrivals` while that is behind: counts what has fallen due. */
	readonly #due: Arrivals;
	readonly #makeTask: TaskMaker;
	readonly #pace: Pace;
	readonly #pause: Pause;
	#sequence = 0;
	#sentAtUs = Number.NEGATIVE_INFINITY;
	/** Arrivals due by now that were neither sent nor passed over. */
	#waiting = 0;
	#unacknowledged = 0;
	/** It is behind because enqueues had no answer. */
	#heldBack = false;
	#whenAnswered: () => void = () => {};

	constructor(
		private readonly context: OpenLoopContext,
		private readonly share: ProducerShare,
		private readonly load: OpenLoad,
	) {
		this.#arrivals = openArrivals(load);
		this.#due = openArrivals(load);
		this.#makeTask = taskMaker(context, share);
		this.#pace = new Pace(Math.min(0, this.#now()));
		this.#pause = new Pause(context.stop);
	}

	async run(): Promise<void> {
		const { stop, lookers } = this.context;
		const look = () => this.#look();
		lookers.add(look);
		this.#passOverMissed(this.#now());
		while (!stop.aborted && this.#arrivals.dueUs < Number.POSITIVE_INFINITY) {
			const again = this.#turn();
			if (this.#arrivals.dueUs < Number.POSITIVE_INFINITY) await this.#pause.sleep(again ? 0 : this.#sleepMs());
		}
		lookers.delete(look);
		await this.#end(this.#now());
		this.#pause.close();
		if (this.#unacknowledged === 0) return;
		await new Promise<void>((resolve) => {
			this.#whenAnswered = resolve;
		});
	}

	/** What has fallen due when sending ends goes out yet, where that does not take long; the rest is dropped. */
	async #end(endedUs: number): Promise<void> {
		const { abandon, recorder, epochUs } = this.context;
		this.#countDue(endedUs);
		recorder.sendingEnded(epochUs + endedUs);
		while (this.#arrivals.dueUs <= endedUs && this.#now() < endedUs + LAST_SENDS_US && !abandon.aborted) {
			this.#turn(endedUs);
			await sleep(1);
		}
		const heldBack = this.#heldBack || this.#isFull();
		for (; this.#waiting > 0; this.#waiting--) {
			recorder.dropped(epochUs + this.#arrivals.dueUs, heldBack);
			this.#arrivals.advance();
		}
	}

	/** What is due may go now, and need not wait for a timer, which is late. */
	#look(): void {
		const nowUs = this.#now();
		if (this.#arrivals.dueUs <= nowUs && this.#sentAtUs + TOGETHER_US <= nowUs && !this.#isFull()) this.#pause.wake();
	}

	#now(): number {
		return this.context.nowUs() - this.context.epochUs;
	}

	#passOverMissed(beganUs: number): void {
		if (beganUs <= START_LATE_US) return;
		this.#countDue(beganUs);
		for (let missed = this.#waiting; missed > 0; missed--) this.#arrivals.advance();
		this.context.recorder.notOffered(this.#waiting);
		this.#waiting = 0;
		this.#pace.idleUntil(beganUs);
	}

	#countDue(nowUs: number): void {
		let count = 0;
		for (; this.#due.dueUs <= nowUs; this.#due.advance()) count++;
		if (count === 0) return;
		this.#waiting += count;
		this.context.recorder.due(count);
	}

	/** Sends what is due by now, and by `lastUs`. @returns whether more is, and the event loop may have its turn first */
	#turn(lastUs = Number.POSITIVE_INFINITY): boolean {
		this.#countDue(Math.min(this.#now(), lastUs));
		for (let sent = 0; sent < SENT_A_TURN; sent++) {
			const nowUs = this.#now();
			const mayReachUs = this.#pace.at(nowUs);
			const { dueUs } = this.#arrivals;
			if (dueUs > nowUs) this.#heldBack = false;
			else if (this.#isFull()) this.#heldBack = true;
			if (dueUs > Math.min(mayReachUs, lastUs) || this.#isFull()) return false;
			this.#send(dueUs);
			this.#sentAtUs = nowUs;
			this.#arrivals.advance();
		}
		return true;
	}

	#isFull(): boolean {
		return this.#unacknowledged >= this.load.maxUnacknowledged;
	}

	#sleepMs(): number {
		const nowUs = this.#now();
		const { dueUs } = this.#arrivals;
		// Behind: the answer to an enqueue wakes it, or the pace allows more in a millisecond.
		if (dueUs <= nowUs) {
			if (this.#isFull()) return LONGEST_SLEEP_MS;
			// It may have fallen due this very moment.
			return this.#pace.at(nowUs) < dueUs ? 1 : 0;
		}
		this.#pace.idleUntil(dueUs);
		const { spin } = this.load;
		const waitUs = (spin ? dueUs - SPIN_US : Math.max(dueUs, this.#sentAtUs + TOGETHER_US)) - nowUs;
		return waitUs < (spin ? SPIN_US : ALARM_EARLY_US) ? 0 : Math.min(waitUs / 1_000, LONGEST_SLEEP_MS);
	}

	#send(dueUs: number): void {
		const { recorder, epochUs, nowUs, enqueue } = this.context;
		const { index } = this.share;
		const sequence = this.#sequence++;
		const intendedAtUs = epochUs + dueUs;
		const sentAtUs = nowUs();
		// Due since the last count.
		if (this.#waiting === 0) this.#countDue(dueUs);
		this.#waiting--;
		this.#unacknowledged++;
		const task = this.#makeTask(sequence, intendedAtUs, sentAtUs);
		recorder.begun(index, sequence, intendedAtUs, sentAtUs, stampBytes, this.#heldBack);
		enqueue(task).then(
			() => this.#answered(() => recorder.enqueued(index, sequence, sentAtUs, nowUs(), intendedAtUs)),
			(error: Error) => {
				const { kind, outcome } = classifyError(error);
				this.#answered(() => recorder.refused(index, sequence, outcome, kind, intendedAtUs));
			},
		);
	}

	#answered(record: () => void): void {
		record();
		const wasFull = this.#isFull();
		this.#unacknowledged--;
		if (wasFull) this.#pause.wake();
		else this.#look();
		if (this.#unacknowledged === 0) this.#whenAnswered();
	}
}
