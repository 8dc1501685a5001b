import { errorsOf } from "../proto/counters.js";
import type { CoordinatorMessage, Hello, ProfileChunk, ProfileRequest } from "../proto/gen/cluster.js";
import { StopScope } from "../proto/gen/cluster.js";
import { RunEnd, type RunRecord } from "../proto/gen/record.js";
import type { Slice } from "../proto/gen/slice.js";
import { Distribution } from "../proto/histogram.js";
import { HEARTBEAT_INTERVAL_MS, RESUME_TIMEOUT_MS } from "../proto/limits.js";
import { Chronicle } from "./chronicle.js";
import { DrainWatch } from "./drain.js";
import { plantedFaults } from "./faults.js";
import { chooseEpoch } from "./fleet/epoch.js";
import type { Fleet, Member, Returning } from "./fleet/fleet.js";
import type { Logger } from "./log.js";
import { Participant } from "./participant.js";
import { type LoadPhase, LoadPhases } from "./phases.js";
import type { RunSpec } from "./plan/plan.js";
import { specToJson } from "./plan/planJson.js";
import { startFailure } from "./startFailure.js";

/** After Stop(ALL): 5 s of grace for tasks in hand, and the time to hand in a result. */
const RESULT_TIMEOUT_MS = 60_000;
/** An interrupted run drains for this long, at the most. */
const ABORT_DRAIN_MS = 5_000;
const TICK_MS = 100;

/** A chunk that an agent of a run sent. @throws Error when it does not go with those before it */
export type TakeProfile = (ordinal: number, agent: number, chunk: ProfileChunk) => void;

export type RunPhase = "preparing" | LoadPhase | "collecting" | "cleaning";

export interface FleetRunOptions {
	readonly fleet: Fleet;
	readonly spec: RunSpec;
	readonly ordinal: number;
	readonly runId: string;
	/** One for each agent that takes part: the first ones of the fleet. */
	readonly slices: readonly Slice[];
	readonly purge: boolean;
	/** What each agent is to profile, and who takes that in. */
	readonly profiling: { readonly request: ProfileRequest; readonly take: TakeProfile } | undefined;
	/** How long to wait until the fleet is complete, and each agent that takes part is ready. */
	readonly joinTimeoutMs: number;
	/** Whether a lost agent can be replaced before the start. */
	readonly replaceable: boolean;
	/** Aborted: stop the load, drain shortly, keep what there is. */
	readonly interrupt: AbortSignal;
	readonly log: Logger;
	readonly onTick: (run: FleetRun) => void;
}

interface RunEnding {
	readonly end: RunEnd;
	readonly reason: string;
	readonly atMs: number;
}

const ENDS = { drained: RunEnd.DRAINED, stalled: RunEnd.STALLED, undrained: RunEnd.UNDRAINED } as const;

/**
 * One run over the whole fleet:
 *
 *   preparing ─ all Ready ─▶ arming ─ all Armed ─▶ the load's phases (LoadPhases) ─▶ collecting ─▶ cleaning ─▶ done
 *
 * Before the epoch everything is all or none: a failure cancels the run (StartError). After it, an agent that fails, breaks
 * the protocol or falls silent is recorded as lost, and the run goes on with the others to a report that says so.
 */
export class FleetRun {
	phase: RunPhase = "preparing";
	/** The epoch on performance.now(); 0 before it is chosen. */
	epochMs = 0;
	readonly participants: readonly Participant[];
	readonly startedAtMs = performance.now();
	#wake: () => void = () => {};
	#end: RunEnding | undefined;
	readonly #chronicle: Chronicle;
	#looksSoon = false;
	#over = false;
	#stoppedAtMs = Number.POSITIVE_INFINITY;
	#toldToStopSending = false;
	#interruptedAtMs = Number.POSITIVE_INFINITY;
	#epochRedisUs = 0;

	constructor(private readonly options: FleetRunOptions) {
		this.#chronicle = new Chronicle(options.ordinal);
		this.participants = options.slices.map((slice, index) => new Participant(options.ordinal, index, slice));
		const { profiling, ordinal } = options;
		if (!profiling) return;
		for (const participant of this.participants) {
			participant.onProfileChunk = (chunk) => profiling.take(ordinal, participant.index, chunk);
		}
	}

	get spec(): RunSpec {
		return this.options.spec;
	}

	get ordinal(): number {
		return this.options.ordinal;
	}

	/** @throws StartError when the run could not start; nothing was sent then */
	async execute(): Promise<RunRecord> {
		const { fleet, interrupt } = this.options;
		const tick = setInterval(() => this.#changed(), TICK_MS);
		const changed = () => this.#changed();
		interrupt.addEventListener("abort", changed, { once: true });
		fleet.runId = this.options.runId;
		fleet.attend({
			joined: (member) => this.#joined(member),
			message: (member, message) => this.#message(member, message),
			lost: (member, reason, ended) => this.#lost(member, reason, ended),
			returning: (hello) => this.#returning(hello),
			givenUp: () => this.#changed(),
		});
		try {
			await this.#prepare();
			await this.#arm();
			await this.#drive();
			await this.#collect();
			await this.#conclude();
			return this.#record();
		} finally {
			this.#over = true;
			clearInterval(tick);
			interrupt.removeEventListener("abort", changed);
			fleet.attend(undefined);
			fleet.runId = undefined;
			fleet.closed = false;
		}
	}

	/** Sums over the agents' last words, for the live view and the drain. */
	get totals(): {
		acknowledged: number;
		settled: number;
		inFlight: number;
		backlog: number | undefined;
		errors: number;
	} {
		const totals = { acknowledged: 0, settled: 0, inFlight: 0, errors: 0 };
		let backlog: number | undefined;
		for (const { snapshot, alive, settled } of this.participants) {
			if (!snapshot) continue;
			totals.acknowledged += snapshot.totals?.enqueued ?? 0;
			totals.settled += settled;
			totals.errors += snapshot.totals ? errorsOf(snapshot.totals) : 0;
			if (!alive) continue;
			totals.inFlight += snapshot.inFlight;
			if (snapshot.backlog >= 0) backlog = snapshot.backlog;
		}
		return { ...totals, backlog };
	}

	async #prepare(): Promise<void> {
		const { fleet, log, joinTimeoutMs } = this.options;
		for (const member of fleet.members) this.#joined(member);
		const deadline = performance.now() + joinTimeoutMs;
		const isReady = () => fleet.assembled && this.participants.every(({ ready }) => ready);
		await this.#until(() => this.#cannotStart() || isReady(), deadline);
		this.#requireStart(`not ready within ${Math.round(joinTimeoutMs / 1_000)} s`, ({ ready }) => !ready);
		log.debug({ run: this.ordinal }, "all agents are ready");
	}

	async #arm(): Promise<void> {
		const { fleet, ordinal } = this.options;
		fleet.closed = true;
		const readings = this.participants.map(({ ready, member }) => {
			if (!ready?.value.clock || !member) throw new Error("an agent without a clock was let through");
			const clockKey = member.hello.host?.clockKey ?? "";
			return { clockKey, clock: ready.value.clock, receivedAtMs: ready.receivedAtMs };
		});
		const epoch = chooseEpoch(readings, performance.now());
		this.epochMs = epoch.atMs;
		this.#epochRedisUs = epoch.redisUs;
		for (const [index, participant] of this.participants.entries()) {
			const { monotonicUs = 0, boundUs = 0, hostIndex = 0 } = epoch.agents[index] ?? {};
			participant.arm = {
				ordinal,
				epochMonotonicUs: monotonicUs,
				epochRedisUs: epoch.redisUs,
				clockBoundUs: boundUs,
				hostIndex,
				hostCount: epoch.hostCount,
			};
			this.#send(participant, { $case: "arm", value: participant.arm });
		}
		await this.#until(() => this.#cannotStart() || this.participants.every(({ armed }) => armed), epoch.armedByMs);
		this.#requireStart(epoch.notArmed, ({ armed }) => !armed);
	}

	async #drive(): Promise<void> {
		const { log, spec } = this.options;
		const watch = new DrainWatch(spec.drainTimeoutMs, spec.load.kind !== "tasks");
		const phases = new LoadPhases(spec);
		await this.#until(() => {
			this.#end = this.#lookAtLoad(phases, watch, performance.now());
			return this.#end !== undefined;
		});
		log.info({ run: this.ordinal, end: this.#end?.reason }, "load ended");
	}

	/** @returns why the load is over; undefined: it is not */
	#lookAtLoad(phases: LoadPhases, watch: DrainWatch, nowMs: number): RunEnding | undefined {
		const { interrupt } = this.options;
		const alive = this.participants.filter((participant) => participant.alive);
		if (alive.length === 0) return { end: RunEnd.FAILED, reason: "every agent was lost", atMs: nowMs };
		const sendingDone = alive.every(({ snapshot }) => snapshot?.sendingDone);
		const { phase, stopSending } = phases.look({
			elapsedMs: nowMs - this.epochMs,
			sendingDone,
			agents: this.participants.map(({ cohort }) => cohort),
			p999Ms: () => this.#p999Ms(),
		});
		this.phase = sendingDone && interrupt.aborted ? "draining" : phase;
		if (nowMs >= this.epochMs) this.#chronicle.phase(this.phase);
		if (stopSending) this.#endSending("the measured tasks are settled, or had time enough");
		if (interrupt.aborted) {
			this.#interruptedAtMs = Math.min(this.#interruptedAtMs, nowMs);
			this.#endSending("interrupted");
		}
		const someUntold = alive.length < this.participants.length;
		const verdict = watch.look({ ...this.totals, nowMs, sendingDone, someUntold });
		if (interrupt.aborted) {
			if (verdict.kind === "goOn" && nowMs - this.#interruptedAtMs < ABORT_DRAIN_MS) return undefined;
			return { end: RunEnd.ABORTED, reason: `interrupted by ${String(interrupt.reason)}`, atMs: nowMs };
		}
		return verdict.kind === "goOn" ? undefined : { end: ENDS[verdict.kind], reason: verdict.reason, atMs: nowMs };
	}

	#commit(participant: Participant): void {
		this.#send(participant, { $case: "committed", value: { ordinal: this.ordinal } });
	}

	/** Tells the agents once to end their producers. */
	#endSending(reason: string): void {
		if (this.#toldToStopSending) return;
		this.#toldToStopSending = true;
		this.#stop(StopScope.SENDING, reason);
	}

	#p999Ms(): number {
		const whole = Distribution.empty("us");
		for (const { deltas } of this.participants) whole.add(deltas.live().responseTime);
		return whole.count > 0 ? whole.percentileUs(99.9) / 1_000 : 0;
	}

	async #collect(): Promise<void> {
		this.phase = "collecting";
		this.#stoppedAtMs = performance.now();
		this.#stop(StopScope.ALL, this.#end?.reason ?? "");
		const deadline = performance.now() + RESULT_TIMEOUT_MS;
		await this.#until(() => {
			for (const participant of this.participants) participant.loseIfLate(performance.now());
			return this.participants.every(({ alive, result }) => !alive || result);
		}, deadline);
		for (const participant of this.participants) {
			if (participant.alive && !participant.result) {
				participant.lose(`it did not hand in its result within ${RESULT_TIMEOUT_MS / 1_000} s`);
			} else if (participant.result) {
				this.#commit(participant);
			}
		}
	}

	/** Asks the lead, and if it is lost meanwhile the next one, to count and remove what the run left. */
	async #conclude(): Promise<void> {
		this.phase = "cleaning";
		for (;;) {
			const lead = await this.#nextLead();
			if (!lead) return;
			// What a lost agent settled untold only the records can say.
			const readStates = this.participants.some(({ alive }) => !alive);
			this.#send(lead, { $case: "conclude", value: { ordinal: this.ordinal, clean: true, readStates } });
			await this.#until(() => Boolean(lead.concluded ?? lead.failure) || !lead.alive || lead.isAway);
			if (lead.failure) this.options.log.error({ agent: lead.index, run: this.ordinal }, lead.failure.message);
			if (lead.concluded || lead.failure) return;
		}
	}

	/** The first agent that is here; where all are away, the first that comes back. */
	async #nextLead(): Promise<Participant | undefined> {
		const here = () => this.participants.find(({ alive, isAway }) => alive && !isAway);
		const backByMs = performance.now() + RESUME_TIMEOUT_MS;
		await this.#until(() => here() !== undefined || !this.participants.some(({ alive }) => alive), backByMs);
		return here();
	}

	#record(): RunRecord {
		const { options, participants } = this;
		const concluded = participants.find((participant) => participant.concluded)?.concluded;
		const readies = participants.map(({ ready }) => ready?.value);
		return {
			ordinal: options.ordinal,
			runId: options.runId,
			runTag: options.slices[0]?.runTag ?? 0,
			specJson: specToJson(options.spec),
			agents: participants.flatMap((participant) => participant.record(this.epochMs) ?? []),
			namespace: readies.find((ready) => ready?.namespace)?.namespace,
			redis: readies.find((ready) => ready?.redis)?.redis,
			census: concluded?.census,
			keysRemoved: concluded?.keysRemoved ?? 0,
			keysLeft: concluded?.keysLeft ?? 0,
			end: this.#end?.end ?? RunEnd.FAILED,
			endReason: this.#end?.reason ?? "",
			epochUnixMs: this.#epochRedisUs / 1_000,
			endAtUs: Math.max(0, ((this.#end?.atMs ?? 0) - this.epochMs) * 1_000),
			faults: plantedFaults(options.slices),
			events: this.#chronicle.since(this.epochMs),
		};
	}

	#joined(member: Member): void {
		const participant = this.participants[member.index];
		if (participant?.isAway && participant.member?.hello.agentId === member.hello.agentId) {
			participant.comeBack(member);
			this.#chronicle.note("came back", member);
			if (this.phase === "cleaning") this.#commit(participant);
			this.#changed();
			return;
		}
		if (!participant || this.phase !== "preparing" || this.options.fleet.closed) return;
		participant.seat(member);
		this.#chronicle.joined(member);
		const { ordinal, purge, profiling } = this.options;
		const lead = member.index === 0;
		this.#send(participant, {
			$case: "prepare",
			value: { ordinal, slice: participant.slice, lead, purge, profile: profiling?.request },
		});
		this.#changed();
	}

	#message(member: Member, message: Parameters<Participant["take"]>[0]): void {
		const participant = this.participants[member.index];
		if (participant?.member !== member || !participant.alive) return;
		try {
			const hadResult = participant.result !== undefined;
			participant.take(message);
			this.#chronicle.heard(member, message, !hadResult && participant.result !== undefined);
		} catch (error) {
			const reason = `it broke the protocol: ${(error as Error).message}`;
			participant.lose(reason);
			member.link.drop(reason);
		}
		// Once its result is in, an agent that cannot conclude takes nothing away from it.
		const early = this.phase !== "preparing" && this.phase !== "cleaning";
		if (participant.failure && early) participant.lose(participant.failure.message);
		this.#changedSoon();
	}

	/** Whether this agent may take its place again in the middle of a run: to hand in its result, and for nothing else. */
	#returning({ agentId, wantedIndex, resume }: Hello): Returning {
		const participant = this.participants[wantedIndex];
		const isOurs = participant?.member?.hello.agentId === agentId && resume?.ordinal === this.ordinal;
		if (!participant || !isOurs || !participant.alive || !this.#takesResults) return { kind: "unexpected" };
		if (participant.isAway) return { kind: "expected", chunksHeld: participant.chunksHeld };
		participant.member?.link.drop("it dialled anew");
		return { kind: "early" };
	}

	get #takesResults(): boolean {
		return this.phase === "collecting" || this.phase === "cleaning";
	}

	#lost(member: Member, reason: string, ended: boolean): void {
		const participant = this.participants[member.index];
		if (participant?.member !== member) return;
		// Who was silent already when the load ended has no result to come back with.
		const heardAtEnd = member.link.heardAtMs > this.#stoppedAtMs - HEARTBEAT_INTERVAL_MS;
		if (this.#takesResults && !ended && heardAtEnd && participant.alive) {
			participant.leave(reason, performance.now());
			this.#chronicle.note(`away: ${reason}`, member);
			this.#changed();
			return;
		}
		participant.lose(reason);
		this.#chronicle.note(`lost: ${reason}`, member);
		if (this.phase === "preparing" && this.options.replaceable && !this.options.fleet.closed)
			participant.ready = undefined;
		this.#changed();
	}

	/** Before the start: something has happened that waiting will not mend. */
	#cannotStart(): boolean {
		const { interrupt, replaceable, fleet } = this.options;
		if (interrupt.aborted || fleet.hopeless || this.participants.some(({ failure }) => failure)) return true;
		return this.participants.some(({ alive }) => !alive) && (!replaceable || fleet.closed);
	}

	/** @throws StartError when the run cannot start; then it is cancelled for all */
	#requireStart(late: string, isLate: (participant: Participant) => boolean): void {
		const { interrupt, fleet } = this.options;
		const failure = startFailure({ participants: this.participants, fleet, interrupt, late, isLate });
		if (!failure) return;
		this.#stop(StopScope.ALL, "the run was cancelled before it started");
		throw failure;
	}

	#stop(scope: StopScope, reason: string): void {
		this.#chronicle.note(`${scope === StopScope.ALL ? "told to stop" : "told to end sending"}: ${reason}`);
		for (const participant of this.participants) {
			this.#send(participant, { $case: "stop", value: { ordinal: this.ordinal, scope, reason } });
		}
	}

	#send(participant: Participant, body: NonNullable<CoordinatorMessage["body"]>): void {
		if (participant.alive) participant.member?.link.send(body);
	}

	/** Hundreds of agents speak at once: what all of them say in one turn of the event loop is looked at once. */
	#changedSoon(): void {
		if (this.#looksSoon) return;
		this.#looksSoon = true;
		setImmediate(() => {
			this.#looksSoon = false;
			if (!this.#over) this.#changed();
		});
	}

	#changed(): void {
		this.options.onTick(this);
		this.#wake();
	}

	/** Waits until `done` holds, looking again whenever something happens, or until the deadline (performance.now()). */
	async #until(done: () => boolean, deadlineMs = Number.POSITIVE_INFINITY): Promise<void> {
		while (!done() && performance.now() < deadlineMs) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}
}
