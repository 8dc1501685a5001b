import { settledOf } from "../proto/counters.js";
import type {
	AgentMessage,
	Arm,
	Concluded,
	Failure,
	ProfileChunk,
	Ready,
	ResultChunk,
	Snapshot,
} from "../proto/gen/cluster.js";
import type { Measurements } from "../proto/gen/measurement.js";
import type { AgentRecord } from "../proto/gen/record.js";
import type { Slice } from "../proto/gen/slice.js";
import { checkPage } from "../proto/ledger.js";
import { RESUME_TIMEOUT_MS } from "../proto/limits.js";
import { hidePasswords } from "../proto/redisUrl.js";
import { ResultAssembler } from "../proto/result.js";
import type { Member } from "./fleet/fleet.js";
import { DeltaAccumulator } from "./merge/accumulator.js";
import { readMeasurements } from "./merge/check.js";
import { checkClaims, checkCounters, MAX_DELTAS } from "./merge/claims.js";
import type { CohortState } from "./phases.js";

/** Something an agent sent that an agent in order never sends; the run goes on without that agent. */
export class PeerError extends Error {}

const MAX_SENTENCE = 2_000;

/** What an agent says to the user: on the lines that it has, without what would move a terminal's cursor, nor a password. */
function oneSentence(text: string): string {
	const shown = text.slice(0, MAX_SENTENCE).replaceAll(/[^\P{Cc}\n]/gu, " ");
	return hidePasswords(shown);
}

/** One place of the fleet within one run: what its agent has said so far, and whether it is still there. */
export class Participant {
	member: Member | undefined;
	ready: { readonly value: Ready; readonly receivedAtMs: number } | undefined;
	arm: Arm | undefined;
	armed = false;
	failure: Failure | undefined;
	snapshot: Snapshot | undefined;
	result: Measurements | undefined;
	concluded: Concluded | undefined;
	loss: { readonly reason: string; readonly atMs: number; readonly coveredToMs: number } | undefined;
	/** Its stream broke while it handed in its result: it may come back until then (performance.now()). */
	#away: { readonly reason: string; readonly untilMs: number } | undefined;
	deltas = new DeltaAccumulator();
	#coveredToMs = 0;
	#chunks = new ResultAssembler();
	/** Takes the agent's profiles; who asks for none ignores them. @throws Error when chunks do not make a profile */
	onProfileChunk: (chunk: ProfileChunk) => void = () => {};

	constructor(
		readonly ordinal: number,
		readonly index: number,
		readonly slice: Slice,
	) {}

	/** Takes the place for an agent; forgets what was said in it before, by an earlier one or in a start that was called off. */
	seat(member: Member): void {
		this.member = member;
		this.ready = undefined;
		this.arm = undefined;
		this.armed = false;
		this.snapshot = undefined;
		this.result = undefined;
		this.concluded = undefined;
		this.loss = undefined;
		this.deltas = new DeltaAccumulator();
		this.#coveredToMs = 0;
		this.#chunks = new ResultAssembler();
	}

	/** @throws PeerError when the message makes no sense or does not add up */
	take({ body }: AgentMessage): void {
		if (!body || body.$case === "hello" || body.value.ordinal !== this.ordinal) return;
		// What an agent says before it is ready is still of a start that was called off.
		if (!this.ready && body.$case !== "ready" && body.$case !== "failure") return;
		switch (body.$case) {
			case "ready":
				if (!body.value.clock) throw new PeerError("its Ready has no clock");
				this.ready = { value: body.value, receivedAtMs: performance.now() };
				break;
			case "armed":
				this.armed = true;
				break;
			case "failure":
				this.failure = { ...body.value, message: oneSentence(body.value.message) };
				break;
			case "snapshot":
				if (body.value.totals) checkCounters(this.slice, body.value.totals);
				if (body.value.sequence > (this.snapshot?.sequence ?? 0)) this.snapshot = body.value;
				break;
			case "delta":
				this.#takeDelta(body.value.sequence, body.value.measurements);
				break;
			case "result":
				this.#takeChunk(body.value);
				break;
			case "profile":
				this.onProfileChunk(body.value);
				break;
			case "concluded":
				for (const page of body.value.census?.pages ?? []) checkPage(page);
				this.concluded = body.value;
				break;
		}
	}

	lose(reason: string): void {
		this.loss ??= { reason, atMs: performance.now(), coveredToMs: this.#coveredToMs };
	}

	/** Its stream is broken; it may come back with its result. */
	leave(reason: string, nowMs: number): void {
		this.#away = { reason, untilMs: nowMs + RESUME_TIMEOUT_MS };
	}

	/** The agent that was away is here again. */
	comeBack(member: Member): void {
		this.member = member;
		this.#away = undefined;
	}

	get isAway(): boolean {
		return this.#away !== undefined;
	}

	/** Chunks of its result that are here. */
	get chunksHeld(): number {
		return this.#chunks.held;
	}

	/** An agent that is away for too long is lost, unless its result is here. */
	loseIfLate(nowMs: number): void {
		if (!this.#away || nowMs < this.#away.untilMs || this.result) return;
		this.lose(`${this.#away.reason}, and it did not come back with its result within ${RESUME_TIMEOUT_MS / 1_000} s`);
	}

	/** Still expected to say something. */
	get alive(): boolean {
		return this.loss === undefined;
	}

	/** Tasks that this agent settled first, by its last word. */
	get settled(): number {
		const totals = this.snapshot?.totals;
		return totals ? settledOf(totals) : 0;
	}

	/** What its last word says about the tasks intended in the run's window. */
	get cohort(): CohortState | undefined {
		const { snapshot, arm } = this;
		const totals = snapshot?.totals;
		if (!totals || !arm) return undefined;
		return {
			saidAtMs: (snapshot.monotonicNowUs - arm.epochMonotonicUs) / 1_000,
			// Nothing falls due in a closed loop.
			waiting: Math.max(0, totals.due - totals.notOffered - totals.dropped - totals.sent),
			sent: totals.cohortSent,
			settled: totals.cohortSettled,
		};
	}

	/** @param epochMs the epoch on performance.now() */
	record(epochMs: number): AgentRecord | undefined {
		const { member, loss, slice, arm } = this;
		if (!member) return undefined;
		const sinceEpochUs = (atMs: number) => (epochMs > 0 ? Math.max(0, (atMs - epochMs) * 1_000) : 0);
		return {
			index: this.index,
			agentId: member.hello.agentId,
			host: member.hello.host,
			pid: member.hello.pid,
			clock: this.ready?.value.clock,
			epochMonotonicUs: arm?.epochMonotonicUs ?? 0,
			clockBoundUs: arm?.clockBoundUs ?? 0,
			measurements: this.result ?? this.deltas.measurements(),
			loss: loss && {
				atUs: sinceEpochUs(loss.atMs),
				reason: loss.reason,
				coveredToUs: loss.coveredToMs > 0 ? sinceEpochUs(loss.coveredToMs) : 0,
			},
			workers: slice.workers?.count ?? 0,
			producers: slice.producers.length,
			memory: [...this.deltas.memory],
		};
	}

	#takeDelta(sequence: number, measurements: Measurements | undefined): void {
		if (!measurements) throw new PeerError("an empty delta");
		if (sequence > MAX_DELTAS) throw new PeerError(`delta ${sequence}`);
		if (this.result) return;
		checkClaims(this.slice, measurements);
		this.deltas.apply(sequence, measurements);
		this.#coveredToMs = performance.now();
	}

	#takeChunk(chunk: ResultChunk): void {
		if (this.result) return;
		const result = this.#chunks.take(chunk);
		if (!result) return;
		readMeasurements(result);
		checkClaims(this.slice, result);
		this.result = result;
		this.deltas.release();
	}
}
