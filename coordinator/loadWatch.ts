import { RunEnd } from "../proto/gen/record.js";
import { Distribution } from "../proto/histogram.js";
import { DrainWatch } from "./drain.js";
import type { Participant } from "./participant.js";
import { type LoadPhase, LoadPhases } from "./phases.js";
import type { RunSpec } from "./plan/plan.js";
import { totalsOf } from "./runTotals.js";

/** An interrupted run drains for this long, at the most. */
const ABORT_DRAIN_MS = 5_000;

const ENDS = { drained: RunEnd.DRAINED, stalled: RunEnd.STALLED, undrained: RunEnd.UNDRAINED } as const;

/** How a run's load ended. */
export interface RunEnding {
	readonly end: RunEnd;
	readonly reason: string;
	/** On performance.now(). */
	readonly atMs: number;
}

export interface LoadState {
	/** Undefined: every agent was lost. */
	readonly phase: LoadPhase | undefined;
	/** Why the agents are to end sending; undefined: they are not to. */
	readonly stopSending: string | undefined;
	/** Undefined: it goes on. */
	readonly ending: RunEnding | undefined;
}

/** Follows a run's load, by what its agents have told, from the epoch to its end. */
export class LoadWatch {
	readonly #drain: DrainWatch;
	readonly #phases: LoadPhases;
	#interruptedAtMs = Number.POSITIVE_INFINITY;

	/**
	 * @param epochMs on performance.now()
	 * @param interrupt aborted: the load is to end now
	 */
	constructor(
		spec: RunSpec,
		private readonly epochMs: number,
		private readonly participants: readonly Participant[],
		private readonly interrupt: AbortSignal,
	) {
		this.#drain = new DrainWatch(spec.drainTimeoutMs, spec.load.kind !== "tasks");
		this.#phases = new LoadPhases(spec);
	}

	look(nowMs: number): LoadState {
		const { interrupt, participants } = this;
		const alive = participants.filter((participant) => participant.alive);
		if (alive.length === 0) {
			const ending = { end: RunEnd.FAILED, reason: "every agent was lost", atMs: nowMs };
			return { phase: undefined, stopSending: undefined, ending };
		}
		const sendingDone = alive.every(({ snapshot }) => snapshot?.sendingDone);
		const { phase, stopSending } = this.#phases.look({
			elapsedMs: nowMs - this.epochMs,
			sendingDone,
			agents: participants.map(({ cohort }) => cohort),
			p999Ms: () => this.#p999Ms(),
		});
		const someUntold = alive.length < participants.length;
		const verdict = this.#drain.look({ ...totalsOf(participants), nowMs, sendingDone, someUntold });
		if (interrupt.aborted) {
			this.#interruptedAtMs = Math.min(this.#interruptedAtMs, nowMs);
			const goesOn = verdict.kind === "goOn" && nowMs - this.#interruptedAtMs < ABORT_DRAIN_MS;
			const reason = `interrupted by ${String(interrupt.reason)}`;
			return {
				phase: sendingDone ? "draining" : phase,
				stopSending: "interrupted",
				ending: goesOn ? undefined : { end: RunEnd.ABORTED, reason, atMs: nowMs },
			};
		}
		return {
			phase,
			stopSending: stopSending ? "the measured tasks are settled, or had time enough" : undefined,
			ending: verdict.kind === "goOn" ? undefined : { end: ENDS[verdict.kind], reason: verdict.reason, atMs: nowMs },
		};
	}

	#p999Ms(): number {
		const whole = Distribution.empty("us");
		for (const { deltas } of this.participants) whole.add(deltas.live().responseTime);
		return whole.count > 0 ? whole.percentileUs(99.9) / 1_000 : 0;
	}
}
