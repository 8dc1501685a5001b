import { randomFrom, shuffled } from "../plan/shuffle.js";

/** Which plan a run is of. In the noise phase both sides are the baseline's. */
export type SideName = "baseline" | "candidate";

/** A run's place in a comparison. */
export interface Place {
	/** noise: the baseline against itself, to see what is no difference. */
	readonly phase: "noise" | "pair";
	/** Counts from 0 in each phase. */
	readonly pair: number;
	readonly side: SideName;
}

/**
 * The order of a comparison's runs: the noise pairs first, then the pairs, each phase in blocks of two pairs, ABBA or BAAB,
 * as many of the one as of the other and in an order that the seed determines. Within a block what drifts evenly meets both
 * sides alike. Where the number of pairs is odd, the last block is half a one.
 */
export function interleave(noisePairs: number, pairs: number, seed: number): Place[] {
	const phase = (name: Place["phase"], count: number, phaseSeed: number) =>
		pairOrders(count, phaseSeed).flatMap((sides, pair) => sides.map((side) => ({ phase: name, pair, side })));
	return [...phase("noise", noisePairs, seed), ...phase("pair", pairs, (seed + 1) % 2 ** 32)];
}

const AB: readonly SideName[] = ["baseline", "candidate"];
const BA: readonly SideName[] = ["candidate", "baseline"];

function pairOrders(count: number, seed: number): (readonly SideName[])[] {
	const odd = randomFrom(seed)() < 0.5 ? 0 : 1;
	const blocks = Array.from({ length: Math.ceil(count / 2) }, (_, index) =>
		(index + odd) % 2 === 0 ? [AB, BA] : [BA, AB],
	);
	return shuffled(blocks, seed).flat().slice(0, count);
}
