import { mannKendallZ, theilSenSlope, Z_ONE_SIDED_1_PERCENT } from "./trend.js";

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
	const bytesPerUs = theilSenSlope(blocks.map(({ atUs, rssBytes }) => ({ x: atUs, y: rssBytes })));
	const lastedUs = (kept.at(-1)?.atUs ?? 0) - (kept[0]?.atUs ?? 0);
	const rises = mannKendallZ(blocks.map(({ rssBytes }) => rssBytes)) > Z_ONE_SIDED_1_PERCENT;
	const base = blocks[0]?.rssBytes ?? 0;
	const isMuch = bytesPerUs * lastedUs > GROWTH_MIN * base;
	return { kind: rises && isMuch ? "growing" : "stable", bytesPerSecond: bytesPerUs * 1e6 };
}
