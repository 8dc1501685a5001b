import type { Shift } from "./shift.js";

export type Outcome = "better" | "worse" | "equivalent" | "inconclusive";

/** What is known of one metric. All figures are gains: above 0, the candidate is better. */
export interface Evidence {
	readonly shift: Shift;
	/** A gain or loss up to here is as good as none. */
	readonly delta: number;
	/** Of the paired differences; of unpaired values the sum of both sides' variances. */
	readonly variance: number;
	/** Pairs, or runs on the smaller side. */
	readonly count: number;
	/** The fewest that have an interval. */
	readonly fewest: number;
	/** Both sides are known to be the same thing: what looks like a change is noise. */
	readonly isSame: boolean;
}

export interface Judgement {
	readonly outcome: Outcome;
	/** Where it is inconclusive: how many pairs, or runs a side, settle it in four of five cases. */
	readonly countNeeded: number | undefined;
}

/**
 * measurement.md §11: equivalent where the whole interval lies within ±δ; better or worse where it leaves out 0 and the
 * estimate is above δ/2, since what is most likely next to nothing is no finding; else, or where there are too few values
 * for an interval, inconclusive.
 */
export function judge(evidence: Evidence): Judgement {
	const { shift, delta, isSame } = evidence;
	const { estimate, interval } = shift;
	if (interval) {
		if (-delta <= interval.low && interval.high <= delta) return settled("equivalent");
		const isChange = !isSame && Math.abs(estimate) > delta / 2;
		if (isChange && interval.low > 0) return settled("better");
		if (isChange && interval.high < 0) return settled("worse");
	}
	return { outcome: "inconclusive", countNeeded: countNeeded(evidence) };
}

function settled(outcome: Outcome): Judgement {
	return { outcome, countNeeded: undefined };
}

const Z_95 = 1.959964;
const Z_POWER_80 = 0.841621;
/** The ranks' asymptotic efficiency against the mean, for normal values (Hollander & Wolfe §3.7). */
const RANK_EFFICIENCY = 3 / Math.PI;

/**
 * The usual sample size for a power of 80 %, n = (z₀.₉₇₅ + z₀.₈)²·σ²/(efficiency·d²), where d is what is easier to show, if
 * the estimate is right: that it is not 0, or that it is within ±δ.
 */
function countNeeded({ shift, delta, variance, count, fewest }: Evidence): number {
	const size = Math.abs(shift.estimate);
	const toShow = Math.max(size, delta - size);
	const needed = ((Z_95 + Z_POWER_80) ** 2 * variance) / (RANK_EFFICIENCY * toShow ** 2);
	return Math.max(fewest, count + 1, Math.ceil(needed));
}

/**
 * What `pairs` pairs of one thing against itself show as a difference in one of twenty comparisons: half the width of the
 * interval that is to be expected from the spread of the A/A pairs, around a true difference of 0.
 *
 * @param differences of the A/A pairs; not empty
 */
export function noiseFloor(differences: readonly number[], pairs: number): number {
	const meanSquare = differences.reduce((sum, each) => sum + each * each, 0) / differences.length;
	return Z_95 * Math.sqrt(meanSquare / (RANK_EFFICIENCY * pairs));
}

/**
 * Whether among several verdicts there is one that is not owed to their number: Simes's test (Biometrika 73, 1986) keeps the
 * chance of a false alarm among them all at `level`, also where they depend on each other as metrics of one run do.
 */
export function beyondChance(pValues: readonly number[], level = 0.05): boolean {
	const sorted = pValues.toSorted((a, b) => a - b);
	return sorted.some((pValue, index) => pValue <= (level * (index + 1)) / sorted.length);
}

/** The sample variance; 0 for fewer than two values. */
export function variance(values: readonly number[]): number {
	if (values.length < 2) return 0;
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
	return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
