/** The resident memory of an agent at a time of the run. */
export interface MemorySample {
	readonly atUs: number;
	readonly rssBytes: number;
}

export type MemoryTrend =
	| { readonly kind: "stable" | "growing"; readonly bytesPerSecond: number }
	| { readonly kind: "unknown"; readonly because: string };

/** A program that has just started grows: code is compiled and the heap finds its size. */
const WARM_UP_SHARE = 1 / 3;
const BLOCKS = 10;
const SAMPLES_MIN = 30;
/** One-sided 1 % of the standard normal distribution. */
const Z_MIN = 2.326;
/** What grows by less over the time looked at is within what a collector leaves lying. */
const GROWTH_MIN = 0.05;

/**
 * Whether memory grows, by a slope and not by eye. Of the last two thirds of the samples, ten blocks; of each the least,
 * since what a garbage collector has not yet taken is no growth, and since neighbours in time are alike, which would make
 * any test see trends. On these ten the test of Mann (1945) and Kendall, and the slope of Theil (1950) and Sen (1968).
 * Growing: the test finds a rise, and the slope comes to more than 5 % over the time looked at.
 */
export function memoryTrendOf(samples: readonly MemorySample[]): MemoryTrend {
	const sorted = samples.toSorted((a, b) => a.atUs - b.atUs);
	const [first] = sorted;
	const last = sorted.at(-1);
	const kept = sorted.filter(
		({ atUs }) => first && last && atUs >= first.atUs + (last.atUs - first.atUs) * WARM_UP_SHARE,
	);
	if (kept.length < SAMPLES_MIN) {
		return {
			kind: "unknown",
			because: `too short to tell (it takes ${Math.round(SAMPLES_MIN / (1 - WARM_UP_SHARE))} s)`,
		};
	}
	const blocks = Array.from({ length: BLOCKS }, (_, block) =>
		kept
			.slice(Math.floor((block * kept.length) / BLOCKS), Math.floor(((block + 1) * kept.length) / BLOCKS))
			.reduce((least, sample) => (sample.rssBytes < least.rssBytes ? sample : least)),
	);
	const bytesPerUs = theilSenSlope(blocks);
	const lastedUs = (kept.at(-1)?.atUs ?? 0) - (kept[0]?.atUs ?? 0);
	const rises = mannKendallZ(blocks.map(({ rssBytes }) => rssBytes)) > Z_MIN;
	const base = blocks[0]?.rssBytes ?? 0;
	const isMuch = bytesPerUs * lastedUs > GROWTH_MIN * base;
	return { kind: rises && isMuch ? "growing" : "stable", bytesPerSecond: bytesPerUs * 1e6 };
}

/** Standardised sum of the signs of all differences, with the correction for ties. */
export function mannKendallZ(values: readonly number[]): number {
	const count = values.length;
	let sum = 0;
	for (let later = 1; later < count; later++) {
		for (let earlier = 0; earlier < later; earlier++) {
			sum += Math.sign((values[later] ?? 0) - (values[earlier] ?? 0));
		}
	}
	const ties = new Map<number, number>();
	for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
	const term = (size: number) => size * (size - 1) * (2 * size + 5);
	const variance = (term(count) - [...ties.values()].reduce((total, size) => total + term(size), 0)) / 18;
	return variance > 0 ? (sum - Math.sign(sum)) / Math.sqrt(variance) : 0;
}

/** The median of the slopes between all pairs. */
function theilSenSlope(samples: readonly MemorySample[]): number {
	const slopes = samples
		.flatMap((later, index) =>
			samples
				.slice(0, index)
				.map((earlier) => (later.rssBytes - earlier.rssBytes) / Math.max(1, later.atUs - earlier.atUs)),
		)
		.sort((a, b) => a - b);
	const middle = (slopes.length - 1) / 2;
	return ((slopes[Math.floor(middle)] ?? 0) + (slopes[Math.ceil(middle)] ?? 0)) / 2;
}
