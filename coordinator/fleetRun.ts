import type { CoordinatorMessage, ProfileChunk, ProfileRequest } from "../proto/gen/cluster.js";
import { StopScope } from "../proto/gen/cluster.js";
import { RunEnd, type RunRecord } from "../proto/gen/record.js";
import type { Slice } from "../proto/gen/slice.js";
import { Chronicle } from "./chronicle.js";
import { Closing } from "./closing.js";
import { plantedFaults } from "./faults.js";
import { chooseEpoch } from "./fleet/epoch.js";
import type { Fleet, Member } from "./fleet/fleet.js";
import { LoadWatch, type RunEnding } from "./loadWatch.js";
import type { Logger } from "./log.js";
import { Participant } from "./participant.js";
import type { LoadPhase } from "./phases.js";
import type { RunSpec } from "./plan/plan.js";
import { specToJson } from "./plan/planJson.js";
import { type RunTotals, totalsOf } from "./runTotals.js";
import { type StartError, startFailure } from "./startFailure.js";

const TICK_MS = 100;
const CALLED_OFF = "the run was called off before it started";

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

/**
 * One run over the whole fleet:
 *
 *   preparing ─ all Ready ─▶ arming ─ all Armed ─▶ the load's phases (LoadPhases) ─▶ collecting ─▶ cleaning ─▶ done
 *        ▲                     │ not all in time
 *        └── once ── called off ┴─▶ StartError
 *
 * Until all are armed, which is before the epoch, everything is all or none: a failure calls the run off (StartError), and
 * should an agent have begun because it did not hear of that in time, what it sent is removed. From then on an agent that
 * fails, breaks the protocol or falls silent is recorded as lost, and the run goes on with the others to a report that says
 * so.
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
	readonly #closing: Closing;
	#looksSoon = false;
	#over = false;
	#hasStarted = false;
	#toldToStopSending = false;
	#epochRedisUs = 0;

	constructor(private readonly options: FleetRunOptions) {
		this.#chronicle = new Chronicle(options.ordinal);
		this.participants = options.slices.map((slice, index) => new Participant(options.ordinal, index, slice));
		const { profiling, ordinal, log } = options;
		this.#closing = new Closing({
			ordinal,
			participants: this.participants,
			chronicle: this.#chronicle,
			log,
			send: (participant, body) => this.#send(participant, body),
			until: (done, deadlineMs) => this.#until(done, deadlineMs),
		});
		if (!profiling) return;
		for (const participant of this.participants) {
			participant.onProfileChunk = (chunk) => {
				// A start that is called off has profiles too, of nothing.
				if (this.#hasStarted) profiling.take(ordinal, participant.index, chunk);
			};
		}
	}

	get spec(): RunSpec {
		return this.options.spec;
	}

	get ordinal(): number {
		return this.options.ordinal;
	}

	/** @throws StartError when the run could not start; nothing of it is left then */
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
			returning: (hello) => this.#closing.returning(hello),
			givenUp: () => this.#changed(),
		});
		try {
			await this.#start();
			await this.#drive();
			await this.#close();
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

	/** For the live view, as often as wanted. */
	get totals(): RunTotals {
		return totalsOf(this.participants);
	}

	/** Where agents were merely late to be armed, a second time with a longer lead. */
	async #start(): Promise<void> {
		for (const isSecond of [false, true]) {
			await this.#prepare();
			const failure = await this.#arm(isSecond);
			if (!failure) break;
			if (isSecond || this.#cannotStart()) throw failure;
			this.options.log.warn(
				{ run: this.ordinal, reason: failure.message },
				"preparing anew, with more time to be armed",
			);
		}
		this.#hasStarted = true;
	}

	async #prepare(): Promise<void> {
		const { fleet, log, joinTimeoutMs } = this.options;
		fleet.closed = false;
		for (const member of fleet.members) this.#joined(member);
		const deadline = performance.now() + joinTimeoutMs;
		const isReady = () => fleet.assembled && this.participants.every(({ ready }) => ready);
		await this.#until(() => this.#cannotStart() || isReady(), deadline);
		const late = `not ready within ${Math.round(joinTimeoutMs / 1_000)} s`;
		const failure = this.#startFailure(late, ({ ready }) => !ready);
		if (failure) {
			this.#stop(StopScope.ALL, CALLED_OFF);
			throw failure;
		}
		log.debug({ run: this.ordinal }, "all agents are ready");
	}

	/** @returns why not all are armed; then the run is called off for all, and nothing of it is left */
	async #arm(isSecond: boolean): Promise<StartError | undefined> {
		const { fleet, ordinal } = this.options;
		fleet.closed = true;
		const readings = this.participants.map(({ ready, member }) => {
			if (!ready?.value.clock || !member) throw new Error("an agent without a clock was let through");
			const clockKey = member.hello.host?.clockKey ?? "";
			return { clockKey, clock: ready.value.clock, receivedAtMs: ready.receivedAtMs };
		});
		const epoch = chooseEpoch(readings, performance.now(), isSecond);
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
		const late = new Set(this.participants.filter(({ armed }) => !armed));
		const failure = () => this.#startFailure(epoch.notArmed, (participant) => late.has(participant));
		const first = failure();
		if (!first) return undefined;
		this.epochMs = 0;
		this.#stop(StopScope.ALL, CALLED_OFF);
		await this.#closing.callOff();
		// Of an agent that is late more may be known by now.
		return failure() ?? first;
	}

	async #drive(): Promise<void> {
		const { log, spec, interrupt } = this.options;
		const watch = new LoadWatch(spec, this.epochMs, this.participants, interrupt);
		await this.#until(() => {
			const nowMs = performance.now();
			const { phase, stopSending, ending } = watch.look(nowMs);
			this.phase = phase ?? this.phase;
			if (phase && nowMs >= this.epochMs) this.#chronicle.phase(phase);
			if (stopSending !== undefined) this.#endSending(stopSending);
			this.#end = ending;
			return ending !== undefined;
		});
		log.info({ run: this.ordinal, end: this.#end?.reason }, "load ended");
	}

	/** Tells the agents once to end their producers. */
	#endSending(reason: string): void {
		if (this.#toldToStopSending) return;
		this.#toldToStopSending = true;
		this.#stop(StopScope.SENDING, reason);
	}

	async #close(): Promise<void> {
		this.phase = "collecting";
		this.#stop(StopScope.ALL, this.#end?.reason ?? "");
		await this.#closing.collect();
		this.phase = "cleaning";
		await this.#closing.conclude();
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
		if (participant && this.#closing.comesBack(participant, member)) {
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

	#lost(member: Member, reason: string, ended: boolean): void {
		const participant = this.participants[member.index];
		if (participant?.member !== member) return;
		if (this.#closing.leaves(participant, member, reason, ended)) {
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

	/** @param late what an agent has not done, and which ones those are */
	#startFailure(late: string, isLate: (participant: Participant) => boolean): StartError | undefined {
		const { interrupt, fleet } = this.options;
		return startFailure({ participants: this.participants, fleet, interrupt, late, isLate });
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
