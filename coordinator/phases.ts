import type { Window } from "../proto/gen/slice.js";
import { KEEP_LEAST_MS, keepMostMs, windowOf } from "./plan/partition.js";
import type { RunSpec } from "./plan/plan.js";

export type LoadPhase = "running" | "warming up" | "measuring" | "keeping load" | "draining";

/** What one agent's last word says about the tasks intended in the window. */
export interface CohortState {
	/** When it was said, in ms since the epoch. */
	readonly saidAtMs: number;
	/** Arrivals due by then that were not sent yet; 0 in a closed loop. */
	readonly waiting: number;
	readonly sent: number;
	readonly settled: number;
}

export interface LoadState {
	/** Since the epoch. */
	readonly elapsedMs: number;
	/** Every agent that is alive has ended its producers. */
	readonly sendingDone: boolean;
	/** By agent, the lost ones too; undefined: said nothing yet. */
	readonly agents: readonly (CohortState | undefined)[];
	/** Of the response times so far, in ms; 0 where there are none. Asked for when it matters only. */
	readonly p999Ms: () => number;
}

/**
 * The phases of a run's load (measurement.md §4):
 *
 *   a number of tasks:  running ─────────────────────────────────────────────────────────────────────▶ draining
 *   a time, or a rate:  warming up ─▶ measuring ─▶ keeping load ─ cohort settled, or long enough ─▶ draining
 *
 * The tasks intended in the window must finish under the load that they were sent under, whatever loop sends it, so that is
 * kept up until all of them are settled, or for max(5 s, 2·p99.9), by the percentile after these 5 s.
 */
export class LoadPhases {
	readonly #window: Window | undefined;
	readonly #keepMostMs: number;
	#keepMs: number | undefined;
	/** Agents that have sent all that they were due to send in the window. */
	readonly #sentWhole = new Set<number>();

	constructor(run: RunSpec) {
		this.#window = windowOf(run.load);
		this.#keepMostMs = keepMostMs(run);
	}

	/** @returns the phase, and whether the agents are to end sending now */
	look(state: LoadState): { readonly phase: LoadPhase; readonly stopSending: boolean } {
		const window = this.#window;
		if (!window) return { phase: "running", stopSending: false };
		if (state.sendingDone) return { phase: "draining", stopSending: false };
		if (state.elapsedMs < window.fromMs) return { phase: "warming up", stopSending: false };
		if (state.elapsedMs < window.toMs) return { phase: "measuring", stopSending: false };
		return {
			phase: "keeping load",
			stopSending: this.#isCohortSettled(state, window) || this.#isLongEnough(state, window),
		};
	}

	#isCohortSettled({ agents }: LoadState, window: Window): boolean {
		for (const [index, agent] of agents.entries()) {
			if (agent && agent.saidAtMs >= window.toMs && agent.waiting === 0) this.#sentWhole.add(index);
		}
		if (this.#sentWhole.size < agents.length) return false;
		const sum = (read: (agent: CohortState) => number) =>
			agents.reduce((total, agent) => total + (agent ? read(agent) : 0), 0);
		return sum(({ settled }) => settled) >= sum(({ sent }) => sent);
	}

	#isLongEnough({ elapsedMs, p999Ms }: LoadState, window: Window): boolean {
		const keptMs = elapsedMs - window.toMs;
		if (keptMs < KEEP_LEAST_MS) return false;
		// Looked at once: where tasks pile up, the percentile would grow as fast as the time.
		this.#keepMs ??= Math.min(this.#keepMostMs, 2 * p999Ms());
		return keptMs >= this.#keepMs;
	}
}
