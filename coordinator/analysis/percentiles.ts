/** How far a percentile can be believed. */
export type Confidence = "ok" | "low" | "withheld";

/** Values above a percentile below which it is only marked, and below which it is not printed (measurement.md §6). */
const OK_ABOVE = 100;
const LOW_ABOVE = 10;

/**
 * Confidence in percentile `percent` (0 … 100) of `count` values, where `unfinished` more tasks never got one: a percentile
 * above the finished share is not known at all.
 */
export function confidenceOf(percent: number, count: number, unfinished = 0): Confidence {
	if (count === 0 || percent / 100 > count / (count + unfinished)) return "withheld";
	// In thousandths of a percent, so that 1,000 values have exactly 10 above their p99.
	const above = (count * (100_000 - Math.round(percent * 1000))) / 100_000;
	if (above < LOW_ABOVE) return "withheld";
	return above < OK_ABOVE ? "low" : "ok";
}
