import type { MergedAgent, MergedRun } from "../merge/merged.js";
import { startBoundUs } from "./clocks.js";

export interface StartSkew {
	/** From the first agent's start to the last one's. */
	readonly skewUs: number;
	/** ± by the clocks. */
	readonly boundUs: number;
	readonly first: number;
	readonly last: number;
}

/**
 * How far the agents' starts lay apart. In closed loops an agent starts with its first send; in an open loop the schedule says
 * when that is due, so that there it is the moment at which the agent began to follow it. Undefined with fewer than two agents
 * that send.
 */
export function startSkewOf(run: MergedRun): StartSkew | undefined {
	const isOpen = run.spec.load.kind === "open";
	const startedAtUs = ({ span }: MergedAgent) => (isOpen ? span.startLatenessUs : span.firstSentAtUs);
	const senders = run.agents.filter(({ span }) => span.firstSentAtUs >= 0);
	const inOrder = senders.toSorted((a, b) => startedAtUs(a) - startedAtUs(b));
	const [first, last] = [inOrder[0], inOrder.at(-1)];
	if (first === undefined || last === undefined || inOrder.length < 2) return undefined;
	return {
		skewUs: startedAtUs(last) - startedAtUs(first),
		boundUs: startBoundUs(run),
		first: first.index,
		last: last.index,
	};
}
