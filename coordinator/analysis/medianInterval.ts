/** A median over repeats with the order statistics that enclose it. */
export interface MedianInterval {
	readonly median: number;
	readonly low: number;
	readonly high: number;
	/** How surely the interval holds the median of all runs that there could be; exact, whatever their distribution. */
	readonly confidence: number;
}

/** Of fewer runs even their whole range holds the median with less than 93 %. */
export const REPEATS_MIN = 5;
const CONFIDENCE_WANTED = 0.95;

/**
 * The median and the interval [x(k), x(n+1−k)] with the greatest k that holds it with 95 %, which is so with probability
 * 1 − 2·P(B < k), B binomial(n, ½) (Hollander & Wolfe, Nonparametric Statistical Methods, §3.6). Of five runs, whose range
 * comes to 93.75 %, that. Undefined for fewer.
 */
export function medianInterval(values: readonly number[]): MedianInterval | undefined {
	const count = values.length;
	if (count < REPEATS_MIN) return undefined;
	const sorted = values.toSorted((a, b) => a - b);
	let below = 2 ** -count;
	let term = below;
	let k = 1;
	for (let next = 1; next < count / 2; next++) {
		term *= (count - next + 1) / next;
		if (1 - 2 * (below + term) < CONFIDENCE_WANTED) break;
		below += term;
		k = next + 1;
	}
	const middle = (count - 1) / 2;
	return {
		median: ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2,
		low: sorted[k - 1] ?? 0,
		high: sorted[count - k] ?? 0,
		confidence: 1 - 2 * below,
	};
}
