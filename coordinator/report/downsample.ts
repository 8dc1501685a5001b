import { formatClock } from "./format.js";

/** Slots put together until few enough are left to be drawn. */
export interface Bucketed {
	readonly bucketMs: number;
	/** In order, from the epoch on. */
	readonly buckets: readonly Bucket[];
}

export interface Bucket {
	readonly fromMs: number;
	/** Of the last one the end of the last slot, so that a rate is not divided by time that was not measured. */
	readonly toMs: number;
	/** Indexes of its slots: [first, end). */
	readonly first: number;
	readonly end: number;
}

/** Widths that read well on a time axis, as multiples of 200 ms and of a second alike. */
const STEPS = [1, 2, 5, 10, 25, 50, 75, 150, 300, 600, 1_500, 3_000, 9_000, 18_000] as const;

/** Of `count` slots of `slotMs` each, at most `most` buckets of equal width, but for the last. */
export function bucketsOf(count: number, slotMs: number, most: number): Bucketed {
	const each = STEPS.find((step) => Math.ceil(count / step) <= most) ?? Math.ceil(count / most);
	const buckets = Array.from({ length: Math.ceil(count / each) }, (_, index) => {
		const [first, end] = [index * each, Math.min(count, (index + 1) * each)];
		return { first, end, fromMs: first * slotMs, toMs: end * slotMs };
	});
	return { bucketMs: each * slotMs, buckets };
}

/** `200 ms`, `15s`. */
export function formatWidth({ bucketMs }: Bucketed): string {
	return bucketMs < 1_000 ? `${bucketMs} ms` : formatClock(bucketMs);
}

/** Events a second in each bucket. */
export function ratesOf({ buckets }: Bucketed, counts: readonly number[]): number[] {
	return buckets.map(({ first, end, fromMs, toMs }) => {
		let sum = 0;
		for (let at = first; at < end; at++) sum += counts[at] ?? 0;
		return (sum * 1_000) / (toMs - fromMs);
	});
}

/** The largest value in each bucket; null where it has none. Percentiles are never averaged: of several the worst is kept. */
export function worstOf({ buckets }: Bucketed, values: readonly (number | null)[]): (number | null)[] {
	return buckets.map(({ first, end }) => {
		let worst: number | null = null;
		for (let at = first; at < end; at++) {
			const value = values[at] ?? null;
			if (value !== null && (worst === null || value > worst)) worst = value;
		}
		return worst;
	});
}
