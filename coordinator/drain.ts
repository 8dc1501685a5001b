/** A moment of a run, summed over its agents. */
export interface RunState {
	readonly nowMs: number;
	/** Every agent that is alive has ended its producers. */
	readonly sendingDone: boolean;
	/** Tasks that Redis acknowledged. */
	readonly acknowledged: number;
	/** Tasks settled, each counted once. */
	readonly settled: number;
	/** Tasks in the hands of workers. */
	readonly inFlight: number;
	/** Tasks in the queues; undefined where nobody sampled it. */
	readonly backlog: number | undefined;
	/** An agent was lost: it had sent and settled more than it had said. */
	readonly someUntold: boolean;
}

export type DrainVerdict =
	| { readonly kind: "goOn" }
	| { readonly kind: "drained"; readonly reason: string }
	| { readonly kind: "stalled"; readonly reason: string }
	| { readonly kind: "undrained"; readonly reason: string };

/** Queues empty and hands empty for this long, with tasks unsettled: nothing more will come. Longer than two samples of the backlog. */
const EMPTY_MS = 2_500;

/**
 * Decides when a run is over. Fed with each change; keeps only when something last moved.
 *
 * Drained: sending is over and every acknowledged task is settled; where an agent was lost the counts cannot tell, and queues
 * and hands that stay empty do. Stalled: sending is over, and nothing is left to work on
 * although tasks are unsettled (they are lost, or held by a worker that is gone); or no task was acknowledged and none
 * settled for the drain timeout. Undrained: a run that has a window is still settling tasks so long after sending was over.
 */
export class DrainWatch {
	#moves = -1;
	#movedAtMs = 0;
	#busyAtMs = 0;
	#sendingDoneAtMs = Number.POSITIVE_INFINITY;

	/** @param hasWindow what is to be measured was sent before sending was over: draining has an end */
	constructor(
		private readonly timeoutMs: number,
		private readonly hasWindow = false,
	) {}

	look(state: RunState): DrainVerdict {
		const { nowMs } = state;
		const idle = state.sendingDone && state.backlog === 0 && state.inFlight === 0;
		if (!idle) this.#busyAtMs = nowMs;
		const moves = state.acknowledged + state.settled;
		if (moves !== this.#moves) {
			this.#moves = moves;
			this.#movedAtMs = nowMs;
			this.#busyAtMs = nowMs;
		}
		if (state.sendingDone) this.#sendingDoneAtMs = Math.min(this.#sendingDoneAtMs, nowMs);
		const unsettled = state.acknowledged - state.settled;
		if (state.sendingDone && unsettled <= 0 && !state.someUntold) {
			return { kind: "drained", reason: "every acknowledged task was settled" };
		}
		if (idle && nowMs - this.#busyAtMs >= EMPTY_MS) {
			if (state.someUntold) {
				return { kind: "drained", reason: "the queues ran empty; a lost agent may have settled more than it said" };
			}
			return { kind: "stalled", reason: `the queues ran empty with ${unsettled} acknowledged tasks unsettled` };
		}
		if (nowMs - this.#movedAtMs >= this.timeoutMs) {
			const seconds = (this.timeoutMs / 1_000).toFixed(0);
			const sending = state.sendingDone ? "" : " and none sent";
			return { kind: "stalled", reason: `no task was settled${sending} for ${seconds} s, with ${unsettled} unsettled` };
		}
		if (this.hasWindow && nowMs - this.#sendingDoneAtMs >= this.timeoutMs) {
			const seconds = (this.timeoutMs / 1_000).toFixed(0);
			return { kind: "undrained", reason: `${unsettled} tasks were unsettled ${seconds} s after sending had ended` };
		}
		return { kind: "goOn" };
	}
}
