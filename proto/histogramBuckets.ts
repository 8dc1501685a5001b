import type { StageUnit } from "./stages.js";

/**
 * The buckets of an HdrHistogram with lowest discernible value 1 and 3 significant digits: whole numbers have a bucket each
 * up to 2,047; from there each doubling of the value is divided into 1,024 buckets.
 */
export const SIGNIFICANT_DIGITS = 3;
const HALF = 1_024;
/** Buckets of the n-th doubling above the first are this wide. A table: merging asks for it once a bucket. */
const WIDTHS = Array.from({ length: 44 }, (_, shift) => 2 ** shift);

/** The end of the range, one hour; larger values are recorded here and counted as overflow. */
export const HIGHEST: Record<StageUnit, number> = { us: 3.6e9, ns: 3.6e12 };

/** @param value a whole number from 0 to 2^53 */
export function bucketIndex(value: number): number {
	if (value < 2 * HALF) return value;
	const exponent = value < 2 ** 31 ? 31 - Math.clz32(value) : 62 - Math.clz32(value / 2 ** 31);
	const shift = exponent - 10;
	return shift * HALF + Math.floor(value / bucketWidth(shift));
}

/** The smallest value in a bucket. */
export function bucketFrom(index: number): number {
	if (index < 2 * HALF) return index;
	const shift = Math.floor(index / HALF) - 1;
	return ((index % HALF) + HALF) * bucketWidth(shift);
}

/** The largest value in a bucket. */
export function bucketTo(index: number): number {
	return bucketFrom(index + 1) - 1;
}

function bucketWidth(shift: number): number {
	return WIDTHS[shift] as number;
}
