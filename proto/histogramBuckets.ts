import type { StageUnit } from "./stages.js";

/** How an HdrHistogram with lowest discernible value 1 divides the whole numbers into buckets. */
export interface BucketLayout {
	readonly significantDigits: 2 | 3;
	/** @param value a whole number from 0 to 2^53 */
	readonly indexOf: (value: number) => number;
	/** The smallest value in a bucket. */
	readonly from: (index: number) => number;
	/** The largest value in a bucket. */
	readonly to: (index: number) => number;
}

/** Buckets of the n-th doubling above the first are this wide. A table: merging asks for it once a bucket. */
const WIDTHS = Array.from({ length: 47 }, (_, shift) => 2 ** shift);

/**
 * Whole numbers have a bucket each up to twice `half`, the least power of 2 that gives so many digits; from there each
 * doubling of the value is divided into `half` buckets.
 */
function layout(significantDigits: 2 | 3): BucketLayout {
	const halfBits = Math.ceil(Math.log2(10 ** significantDigits));
	const half = 2 ** halfBits;
	const width = (shift: number) => WIDTHS[shift] as number;
	const from = (index: number) => {
		if (index < 2 * half) return index;
		const shift = Math.floor(index / half) - 1;
		return ((index % half) + half) * width(shift);
	};
	return {
		significantDigits,
		indexOf(value) {
			if (value < 2 * half) return value;
			if (value < 2 ** 31) {
				const shift = 31 - Math.clz32(value) - halfBits;
				return shift * half + (value >> shift);
			}
			const shift = 62 - Math.clz32(value / 2 ** 31) - halfBits;
			return shift * half + Math.floor(value / width(shift));
		},
		from,
		to: (index) => from(index + 1) - 1,
	};
}

/** Of the stages' histograms. */
export const FINE = layout(3);
export const { indexOf: bucketIndex, from: bucketFrom, to: bucketTo, significantDigits: SIGNIFICANT_DIGITS } = FINE;

/** Of the response times of one second of a run. */
export const COARSE = layout(2);

/** The end of the range, one hour; larger values are recorded here and counted as overflow. */
export const HIGHEST: Record<StageUnit, number> = { us: 3.6e9, ns: 3.6e12 };
