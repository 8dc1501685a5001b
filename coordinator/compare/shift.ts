import { type RankDistribution, rankSumDistribution, signedRankDistribution } from "./rankDistribution.js";

/** How far one set of values lies above another, with what the ranks say of its certainty. */
export interface Shift {
	/** Hodges and Lehmann's. */
	readonly estimate: number;
	/** Undefined where there are too few values for an interval of that confidence. */
	readonly interval: Interval | undefined;
	/** That no shift would look at least like this; two-sided. */
	readonly pValue: number;
}

export interface Interval {
	readonly low: number;
	readonly high: number;
}

export const CONFIDENCE = 0.95;

/**
 * The shift of paired values by their differences: the median of the Walsh averages (dᵢ+dⱼ)/2, i ≤ j, and the signed-rank
 * interval (Hollander & Wolfe §3.2–3.3). The first confidence at which 6 pairs are the least is 95 %.
 *
 * @throws RangeError without differences
 */
export function pairedShift(differences: readonly number[], confidence = CONFIDENCE): Shift {
	const averages = differences.flatMap((one, index) => differences.slice(index).map((other) => (one + other) / 2));
	return shiftBy(averages, signedRankDistribution(differences.length), confidence);
}

/**
 * The shift of `after` over `before`, which have nothing to do with each other pair by pair: the median of all differences
 * and the Mann–Whitney interval (Hollander & Wolfe §4.2–4.3). At 95 % four a side are the least, or three and five.
 *
 * @throws RangeError without values on a side
 */
export function unpairedShift(before: readonly number[], after: readonly number[], confidence = CONFIDENCE): Shift {
	const differences = after.flatMap((one) => before.map((other) => one - other));
	return shiftBy(differences, rankSumDistribution(before.length, after.length), confidence);
}

/**
 * The statistic is the number of positive candidates, whose distribution is known where there is no shift; so the interval
 * goes from the k-th smallest candidate to the k-th largest, with the largest k for which P(S < k) ≤ (1 − confidence)/2.
 */
function shiftBy(candidates: readonly number[], distribution: RankDistribution, confidence: number): Shift {
	if (candidates.length === 0) throw new RangeError("no values to compare");
	const sorted = candidates.toSorted((a, b) => a - b);
	const tail = (1 - confidence) / 2;
	let k = 0;
	while (k < sorted.length / 2 && distribution.atMost(k) <= tail) k++;
	const low = sorted[k - 1];
	const high = sorted[sorted.length - k];
	const notAbove = sorted.filter((candidate) => candidate <= 0).length;
	const notBelow = sorted.filter((candidate) => candidate >= 0).length;
	return {
		estimate: medianOfSorted(sorted),
		interval: low === undefined || high === undefined ? undefined : { low, high },
		pValue: Math.min(1, 2 * distribution.atMost(Math.min(notAbove, notBelow))),
	};
}

/** @throws RangeError without values */
export function median(values: readonly number[]): number {
	if (values.length === 0) throw new RangeError("no values");
	return medianOfSorted(values.toSorted((a, b) => a - b));
}

function medianOfSorted(sorted: readonly number[]): number {
	const [low = Number.NaN, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
	return (low + high) / 2;
}
