import { setTimeout as sleep } from "node:timers/promises";
import { countersSince } from "../../proto/counters.js";
import { Counters, type Measurements, Outcome, type Resources, type Span, Stage } from "../../proto/gen/measurement.js";
import type { Window } from "../../proto/gen/slice.js";
import { LedgerPages } from "../../proto/ledger.js";
import { stageUnit } from "../../proto/stages.js";
import { classifyError } from "../spool/connection.js";
import type { Attempt, WorkObserver } from "../work/attempt.js";
import { AckRing } from "./ackring.js";
import { type HostClock, ONE_CLOCK } from "./clockOfHost.js";
import { CrossHostLog } from "./crossHostLog.js";
import { ResponseSeries } from "./responseSeries.js";
import { Series } from "./series.js";
import { StageLog } from "./stagelog.js";
import { type Stamp, stampOf } from "./stamp.js";

/** Kinds of errors told apart; further ones count as this. */
const MAX_ERROR_KINDS = 100;
const OTHER_ERRORS = "other";

/** In a delta: long enough to let go of the core. */
const BETWEEN_STAGES_MS = 1;

export interface RecorderOptions {
	readonly runTag: number;
	/** The run's epoch on this process's clock. */
	readonly epochUs: number;
	/** The producers that this agent runs, by their index in the run. */
	readonly producers: readonly number[];
	/** Times are recorded of the tasks intended in it; undefined: of all. */
	readonly window?: Window | undefined;
	/** For times between hosts; undefined: there is one. */
	readonly clock?: HostClock;
}

/** Later than this a task counts as sent late. */
const LATE_US = 1_000;

/**
 * Everything an agent measures of one run, in memory that does not grow with the tasks but for 125 KB of ledger a million.
 * Its callers give times on this process's clock; what it hands out is since the epoch.
 *
 * A task's first settlement in this agent, completed or dead-lettered, counts everywhere. A second one counts as an event and
 * as a duplicate, and nowhere else.
 */
export class Recorder implements WorkObserver {
	/** See `RecorderOptions`. */
	readonly epochUs: number;
	/** Called on the first settlement of each task. */
	onSettled: (() => void) | undefined;

	readonly #counters = Counters.create();
	#countersTaken = Counters.create();
	readonly #series = new Series();
	readonly #responses = new ResponseSeries();
	readonly #ledger = new LedgerPages();
	readonly #acks: AckRing;
	/** By producer, the tasks that it has begun. */
	readonly #issued: Float64Array;
	readonly #errors = new Map<string, number>();
	#errorsTaken: ReadonlyMap<string, number> = new Map();
	readonly #span: Span = {
		firstSentAtUs: -1,
		lastSentAtUs: -1,
		lastEnqueuedAtUs: -1,
		firstCompletedAtUs: -1,
		lastCompletedAtUs: -1,
		startLatenessUs: 0,
		sendingEndedAtUs: -1,
	};
	#inFlight = 0;
	#maxInFlight = 0;
	#unacknowledged = 0;
	#maxUnacknowledged = 0;

	readonly #responseTime = stageLog(Stage.RESPONSE_TIME);
	readonly #uncorrectedResponseTime = stageLog(Stage.UNCORRECTED_RESPONSE_TIME);
	readonly #sendLag = stageLog(Stage.SEND_LAG);
	readonly #generatorLag = stageLog(Stage.GENERATOR_LAG);
	readonly #backpressureLag = stageLog(Stage.BACKPRESSURE_LAG);
	readonly #enqueueTime = stageLog(Stage.ENQUEUE_TIME);
	readonly #queueWait = stageLog(Stage.QUEUE_WAIT);
	readonly #dequeueTime = stageLog(Stage.DEQUEUE_TIME);
	readonly #serviceTime = stageLog(Stage.SERVICE_TIME);
	readonly #ackTime = stageLog(Stage.ACK_TIME);
	readonly #crossHost: CrossHostLog;
	readonly #stages: readonly StageLog[];
	readonly #runTag: number;
	readonly #producers: readonly number[];
	readonly #window: Window | undefined;
	readonly #clock: HostClock | undefined;

	constructor(options: RecorderOptions) {
		this.#runTag = options.runTag;
		this.epochUs = options.epochUs;
		this.#producers = options.producers;
		this.#window = options.window;
		this.#clock = options.clock;
		this.#acks = new AckRing(options.producers);
		this.#issued = new Float64Array(Math.max(-1, ...options.producers) + 1);
		this.#crossHost = new CrossHostLog(options.clock ?? ONE_CLOCK);
		this.#stages = [
			this.#responseTime,
			this.#uncorrectedResponseTime,
			this.#sendLag,
			this.#generatorLag,
			this.#backpressureLag,
			this.#enqueueTime,
			this.#queueWait,
			this.#dequeueTime,
			this.#serviceTime,
			this.#ackTime,
			...this.#crossHost.stages,
		];
	}

	/**
	 * A producer begins to send a task.
	 *
	 * @param metadataBytes what its stamp adds
	 * @param heldBack in an open loop: whether it waited behind enqueues without an answer
	 */
	begun(
		producer: number,
		sequence: number,
		intendedAtUs: number,
		sentAtUs: number,
		metadataBytes: number,
		heldBack?: boolean,
	): void {
		this.#counters.sent++;
		if (++this.#unacknowledged > this.#maxUnacknowledged) this.#maxUnacknowledged = this.#unacknowledged;
		this.#counters.metadataBytes += metadataBytes;
		this.#issued[producer] = sequence + 1;
		this.#acks.begun(producer, sequence);
		this.#responses.begun(this.#intendedUs(intendedAtUs));
		const lagUs = sentAtUs - intendedAtUs;
		if (heldBack !== undefined && lagUs > LATE_US) {
			this.#counters.late++;
			if (heldBack) this.#counters.heldBack++;
		}
		if (this.#isMeasured(this.#intendedUs(intendedAtUs))) {
			if (this.#window) this.#counters.cohortSent++;
			this.#sendLag.record(lagUs);
			if (heldBack !== undefined) (heldBack ? this.#backpressureLag : this.#generatorLag).record(lagUs);
		}
		const atUs = this.#sinceEpoch(sentAtUs);
		if (this.#span.firstSentAtUs < 0) this.#span.firstSentAtUs = atUs;
		this.#span.lastSentAtUs = Math.max(this.#span.lastSentAtUs, atUs);
		this.#series.at(atUs).sent++;
	}

	/** In an open loop: so many arrivals have fallen due. */
	due(arrivals: number): void {
		this.#counters.due += arrivals;
	}

	/** So many of them had fallen due before this agent had begun, and are not sent. */
	notOffered(arrivals: number): void {
		this.#counters.notOffered += arrivals;
	}

	/** What falls due from now on is not sent. */
	sendingEnded(atUs: number): void {
		this.#span.sendingEndedAtUs = Math.max(this.#span.sendingEndedAtUs, this.#sinceEpoch(atUs));
	}

	/**
	 * One of them was still waiting when sending ended: it is intended, and never comes to an end.
	 *
	 * @param heldBack whether it waited behind enqueues without an answer
	 */
	dropped(intendedAtUs: number, heldBack: boolean): void {
		const intendedUs = this.#intendedUs(intendedAtUs);
		this.#counters.dropped++;
		if (heldBack) this.#counters.droppedHeldBack++;
		if (this.#window && this.#isMeasured(intendedUs)) this.#counters.cohortDropped++;
		this.#responses.begun(intendedUs);
		this.#countError(heldBack ? "dropped: enqueues had no answer" : "dropped: the generator was behind");
	}

	/** Its enqueue was acknowledged. @param intendedAtUs in a closed loop the moment at which it was sent */
	enqueued(
		producer: number,
		sequence: number,
		sentAtUs: number,
		acknowledgedAtUs: number,
		intendedAtUs = sentAtUs,
	): void {
		this.#counters.enqueued++;
		this.#unacknowledged--;
		this.#acks.acknowledged(producer, sequence, acknowledgedAtUs - sentAtUs);
		if (this.#isMeasured(this.#intendedUs(intendedAtUs))) this.#enqueueTime.record(acknowledgedAtUs - sentAtUs);
		const atUs = this.#sinceEpoch(acknowledgedAtUs);
		this.#span.lastEnqueuedAtUs = Math.max(this.#span.lastEnqueuedAtUs, atUs);
		this.#series.at(atUs).enqueued++;
	}

	/** Its enqueue failed: Redis refused it, or gave no answer so that nobody knows. @param kind for people */
	refused(
		producer: number,
		sequence: number,
		outcome: "rejected" | "unknown",
		kind: string,
		intendedAtUs: number,
	): void {
		this.#counters[outcome]++;
		this.#unacknowledged--;
		if (outcome === "rejected") this.#responses.ended(this.#intendedUs(intendedAtUs));
		this.#ledger.set(producer, outcome === "rejected" ? Outcome.REJECTED : Outcome.UNKNOWN, sequence);
		this.#countError(`enqueue: ${kind}`);
	}

	polled(found: boolean): void {
		this.#counters.polls++;
		if (!found) this.#counters.emptyPolls++;
	}

	taken(): void {
		this.#counters.dequeued++;
		this.#inFlight++;
		if (this.#inFlight > this.#maxInFlight) this.#maxInFlight = this.#inFlight;
	}

	released(): void {
		this.#inFlight--;
	}

	settled(attempt: Attempt): void {
		const stamp = stampOf(this.#runTag, attempt.task);
		if (!stamp) {
			this.#counters.foreign++;
			return;
		}
		if (this.#isMeasured(stamp.intendedAtUs)) this.#recordAttempt(stamp, attempt);
		switch (attempt.outcome) {
			case "completed":
				this.#counters.completed++;
				if (this.#settleFirst(stamp, Outcome.COMPLETED)) this.#completed(stamp, attempt);
				break;
			case "retried":
				this.#counters.failedAttempts++;
				this.#counters.retried++;
				break;
			case "deadLettered":
				this.#counters.failedAttempts++;
				this.#counters.deadLettered++;
				if (this.#settleFirst(stamp, Outcome.DEAD_LETTERED)) {
					this.#series.at(this.#sinceEpoch(attempt.settledAtUs)).failed++;
					this.#responses.ended(stamp.intendedAtUs);
					this.onSettled?.();
				}
				break;
		}
	}

	failed(error: Error, _taskId: string | undefined): void {
		this.#counters.workerErrors++;
		this.#countError(`worker: ${classifyError(error).kind}`);
	}

	/** Tasks that workers hold. */
	get inFlight(): number {
		return this.#inFlight;
	}

	/** Counts since the epoch. */
	totals(): Counters {
		return { ...this.#counters };
	}

	/**
	 * What was measured since the last call, up to now. To encode all histograms at once would hold up what is due to be sent, here
	 * and in the agents that share the core: there is a pause before each. Not to be called again before it settles.
	 */
	async takeDelta(resources: Resources): Promise<Measurements> {
		const counters = countersSince(this.#countersTaken, this.#counters);
		this.#countersTaken = { ...this.#counters };
		const errors = new Map<string, number>();
		for (const [kind, count] of this.#errors) {
			const recent = count - (this.#errorsTaken.get(kind) ?? 0);
			if (recent > 0) errors.set(kind, recent);
		}
		this.#errorsTaken = new Map(this.#errors);
		for (const stage of this.#stages) stage.cut();
		const parts = { counters, errors, stages: [], series: this.#series.take(), ledger: this.#ledger.dirtyPages() };
		const delta = this.#measurements(resources, { ...parts, responseSeries: this.#responses.take() });
		for (const stage of this.#stages) {
			await sleep(BETWEEN_STAGES_MS);
			delta.stages.push(...[stage.takeCut() ?? []].flat());
		}
		return delta;
	}

	/** Everything since the epoch. */
	result(resources: Resources): Measurements {
		return this.#measurements(resources, {
			counters: { ...this.#counters },
			errors: new Map(this.#errors),
			stages: this.#stages.flatMap((stage) => stage.all() ?? []),
			series: this.#series.all(),
			ledger: this.#ledger.allPages(),
			responseSeries: this.#responses.all(),
		});
	}

	#measurements(
		resources: Resources,
		parts: Pick<Measurements, "counters" | "errors" | "stages" | "series" | "ledger" | "responseSeries">,
	): Measurements {
		const quality = this.#clock?.quality();
		return {
			...parts,
			producers: this.#producers.map((producer) => ({ producer, issued: this.#issued[producer] ?? 0 })),
			span: { ...this.#span },
			resources: { ...resources, maxInFlight: this.#maxInFlight, maxUnacknowledged: this.#maxUnacknowledged },
			redis: [],
			outages: [],
			clock: quality && { ...quality, fromHosts: this.#crossHost.fromHosts },
		};
	}

	/** Whether the times of a task that was intended then are to be recorded. @param intendedAtUs since the epoch */
	#isMeasured(intendedAtUs: number): boolean {
		const window = this.#window;
		return window === undefined || (intendedAtUs >= window.fromMs * 1_000 && intendedAtUs < window.toMs * 1_000);
	}

	/** @returns whether this agent had not settled the task before */
	#settleFirst(
		{ producer, sequence, intendedAtUs }: Stamp,
		outcome: Outcome.COMPLETED | Outcome.DEAD_LETTERED,
	): boolean {
		const other = outcome === Outcome.COMPLETED ? Outcome.DEAD_LETTERED : Outcome.COMPLETED;
		if (!this.#ledger.has(producer, other, sequence) && this.#ledger.set(producer, outcome, sequence)) {
			if (this.#window && this.#isMeasured(intendedAtUs)) this.#counters.cohortSettled++;
			return true;
		}
		this.#counters.duplicates++;
		return false;
	}

	#recordAttempt(stamp: Stamp, attempt: Attempt): void {
		this.#dequeueTime.record(attempt.dequeuedAtUs - attempt.polledAtUs);
		if (attempt.handlerNs > 0) this.#serviceTime.record(attempt.handlerNs);
		if (attempt.task.retryCount > 0) return;
		const sinceSentUs = attempt.dequeuedAtUs - this.epochUs - stamp.sentAtUs;
		const waitedUs = this.#acks.waitedUs(stamp.producer, stamp.sequence, sinceSentUs);
		if (waitedUs !== undefined) this.#queueWait.record(waitedUs);
	}

	#completed(stamp: Stamp, attempt: Attempt): void {
		const completedAtUs = attempt.settledAtUs - this.epochUs;
		const correctedAtUs = completedAtUs + this.#crossHost.correctionUs(stamp, attempt.settledAtUs);
		if (this.#isMeasured(stamp.intendedAtUs)) {
			this.#responseTime.record(correctedAtUs - stamp.intendedAtUs);
			this.#uncorrectedResponseTime.record(correctedAtUs - stamp.sentAtUs);
			this.#crossHost.record(stamp, correctedAtUs - stamp.intendedAtUs);
			this.#ackTime.record(attempt.settledAtUs - attempt.handledAtUs);
		}
		this.#responses.completed(stamp.intendedAtUs, correctedAtUs - stamp.intendedAtUs);
		const atUs = Math.max(0, completedAtUs);
		const span = this.#span;
		span.firstCompletedAtUs = span.firstCompletedAtUs < 0 ? atUs : Math.min(span.firstCompletedAtUs, atUs);
		span.lastCompletedAtUs = Math.max(span.lastCompletedAtUs, atUs);
		this.#series.at(atUs).completed++;
		this.onSettled?.();
	}

	/** Since the epoch, in whole microseconds as stamps have it, so that both are in the window or neither is. */
	#intendedUs(intendedAtUs: number): number {
		return Math.round(intendedAtUs - this.epochUs);
	}

	/** A span's -1 means that nothing happened, so what comes before the epoch counts as at it. */
	#sinceEpoch(atUs: number): number {
		return Math.max(0, atUs - this.epochUs);
	}

	#countError(kind: string): void {
		const known = this.#errors.has(kind) || this.#errors.size < MAX_ERROR_KINDS ? kind : OTHER_ERRORS;
		this.#errors.set(known, (this.#errors.get(known) ?? 0) + 1);
	}
}

function stageLog(stage: Stage): StageLog {
	return new StageLog(stage, stageUnit(stage));
}
