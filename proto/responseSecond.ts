import type { ResponseSecond } from "./gen/measurement.js";
import { COARSE, HIGHEST } from "./histogramBuckets.js";
import { decodeV2, encodeV2, HistogramError, type RecordedBuckets } from "./histogramCodec.js";

/** The seconds of a week: a run lasts no longer. */
export const SECONDS_MAX = 7 * 24 * 3_600;

/** Of a run's second: the tasks intended in it, and the response times of those that were completed. */
export interface SecondOfResponses {
	readonly index: number;
	readonly count: number;
	readonly intended: number;
	readonly ended: number;
	/** 0 where count is 0. */
	readonly maxUs: number;
	/** In the coarse layout. */
	readonly buckets: RecordedBuckets;
}

export const NO_BUCKETS: RecordedBuckets = { indexes: [], counts: [] };

export function encodeSecond({ buckets, ...second }: SecondOfResponses): ResponseSecond {
	return { ...second, histogram: second.count === 0 ? Buffer.alloc(0) : encodeBuckets(buckets) };
}

/**
 * Reads what a peer sent.
 *
 * @throws HistogramError when it does not add up
 */
export function decodeSecond({ histogram, ...second }: ResponseSecond): SecondOfResponses {
	const { index, count, maxUs } = second;
	if (index >= SECONDS_MAX) throw new HistogramError(`second ${index} of a run`);
	const buckets = count === 0 ? NO_BUCKETS : decodeV2(COARSE, HIGHEST.us, histogram);
	if (buckets.counts.reduce((sum, one) => sum + one, 0) !== count) {
		throw new HistogramError(`the buckets of second ${index} do not sum to its count of ${count}`);
	}
	const last = count === 0 ? 0 : buckets.indexes.at(-1);
	if (!Number.isFinite(maxUs) || maxUs < 0 || coarseBucket(maxUs) !== last) {
		throw new HistogramError(`the maximum ${maxUs} of second ${index} is not in its last bucket`);
	}
	return { ...second, buckets };
}

/** The bucket of a response time; one out of range falls into the first or the last. */
export function coarseBucket(us: number): number {
	return COARSE.indexOf(Math.round(Math.min(Math.max(us, 0), HIGHEST.us)));
}

/** Two parts of the same second, or the distributions of two seconds under the index of the first. */
export function addSeconds(a: SecondOfResponses, b: SecondOfResponses): SecondOfResponses {
	return {
		index: a.index,
		count: a.count + b.count,
		intended: a.intended + b.intended,
		ended: a.ended + b.ended,
		maxUs: Math.max(a.maxUs, b.maxUs),
		buckets: addBuckets(a.buckets, b.buckets),
	};
}

/**
 * The value that `share` (above 0, up to 1) of `count` values do not exceed, where those beyond the second's own count as
 * larger than all of them; the top of its bucket, at most 0.8 % too high. Undefined where it lies among these.
 */
export function secondPercentileUs(second: SecondOfResponses, share: number, count = second.count): number | undefined {
	const wanted = Math.max(1, Math.ceil(share * count * (1 - Number.EPSILON)));
	if (wanted > second.count) return undefined;
	let reached = 0;
	for (const [at, index] of second.buckets.indexes.entries()) {
		reached += second.buckets.counts[at] as number;
		if (reached >= wanted) return Math.min(COARSE.to(index), second.maxUs);
	}
	return undefined;
}

function addBuckets(a: RecordedBuckets, b: RecordedBuckets): RecordedBuckets {
	if (a.indexes.length === 0) return b;
	if (b.indexes.length === 0) return a;
	const indexes: number[] = [];
	const counts: number[] = [];
	let atA = 0;
	let atB = 0;
	while (atA < a.indexes.length || atB < b.indexes.length) {
		const ofA = a.indexes[atA] ?? Number.POSITIVE_INFINITY;
		const ofB = b.indexes[atB] ?? Number.POSITIVE_INFINITY;
		indexes.push(Math.min(ofA, ofB));
		counts.push((ofA <= ofB ? (a.counts[atA] as number) : 0) + (ofB <= ofA ? (b.counts[atB] as number) : 0));
		if (ofA <= ofB) atA++;
		if (ofB <= ofA) atB++;
	}
	return { indexes, counts };
}

function encodeBuckets({ indexes, counts }: RecordedBuckets): Buffer {
	const first = indexes[0] ?? 0;
	const dense = new Float64Array((indexes.at(-1) ?? -1) + 1 - first);
	for (const [at, index] of indexes.entries()) dense[index - first] = counts[at] as number;
	return encodeV2(COARSE, HIGHEST.us, first, dense);
}
