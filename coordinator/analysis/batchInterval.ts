export interface Interval {
	readonly low: number;
	readonly high: number;
}

/** 97.5 % of Student's t with 9 degrees of freedom. */
const T_9 = 2.262157;
export const BATCHES = 10;

/**
 * A 95 % interval for a run's percentile from that of its ten parts in time: the parts differ as far as values that follow
 * each other are alike, which a formula for independent values knows nothing of. The spread is taken about the percentile of
 * the whole ("sectioning", Asmussen & Glynn, Stochastic Simulation, §III.5a). Optimistic still: where a busy queue's
 * neighbouring parts are alike too, it covers less than it says.
 *
 * @param ofParts the percentile in each of the ten parts
 */
export function batchInterval(whole: number, ofParts: readonly number[]): Interval {
	if (ofParts.length !== BATCHES) throw new RangeError(`${ofParts.length} parts`);
	const variance = ofParts.reduce((sum, part) => sum + (part - whole) ** 2, 0) / (BATCHES - 1);
	const half = T_9 * Math.sqrt(variance / BATCHES);
	return { low: Math.max(0, whole - half), high: whole + half };
}
