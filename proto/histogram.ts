import type { Stage, StageHistogram } from "./gen/measurement.js";
import { bucketFrom, bucketIndex, bucketTo, HIGHEST } from "./histogramBuckets.js";
import { decodeCounts, HistogramError, type RecordedBuckets } from "./histogramCodec.js";
import { libraryEncoding } from "./histogramLibrary.js";
import { type StageUnit, stageUnit } from "./stages.js";

const US_PER: Record<StageUnit, number> = { us: 1, ns: 1 / 1_000 };
/** Counts are kept in 32 bits each until the total may not fit. */
const UINT32_MAX = 2 ** 32 - 1;
/** Room on both sides when the range of recorded buckets grows. */
const GROWTH_BUCKETS = 64;

/** What the buckets of a histogram lose. */
export type ExactFigures = Omit<StageHistogram, "stage" | "histogram">;

/**
 * How the values of a stage are distributed: the buckets of an HdrHistogram beside the exact count, minimum, maximum and
 * sum. Distributions are merged by adding; percentiles are read from the sum, and never averaged.
 */
export class Distribution {
	#first = 0;
	#counts: Uint32Array | Float64Array = new Uint32Array(0);
	#count = 0;
	#min = 0;
	#max = 0;
	#sum = 0;
	#overflow = 0;
	#negative = 0;
	#mostNegative = 0;

	private constructor(readonly unit: StageUnit) {}

	static empty(unit: StageUnit): Distribution {
		return new Distribution(unit);
	}

	/** Of values at hand. @param values finite, in the unit; those out of range count as for `StageRecorder.record` */
	static of(unit: StageUnit, values: Iterable<number>): Distribution {
		const all = new Distribution(unit);
		const counts = new Map<number, number>();
		for (const value of values) {
			const exact = Math.max(value, 0);
			const index = bucketIndex(Math.round(Math.min(exact, HIGHEST[unit])));
			counts.set(index, (counts.get(index) ?? 0) + 1);
			all.#min = all.#count === 0 ? exact : Math.min(all.#min, exact);
			all.#max = Math.max(all.#max, exact);
			all.#sum += exact;
			all.#count++;
			if (value > HIGHEST[unit]) all.#overflow++;
			if (value < 0) {
				all.#negative++;
				all.#mostNegative = Math.min(all.#mostNegative, value);
			}
		}
		const indexes = [...counts.keys()].sort((a, b) => a - b);
		all.#put({ indexes, counts: indexes.map((index) => counts.get(index) ?? 0) });
		return all;
	}

	/**
	 * Reads what `encode` or an agent's `StageRecorder` gave. What does not add up is refused: a count that the buckets do
	 * not sum to, a minimum, maximum or sum that they cannot have.
	 *
	 * @throws HistogramError
	 */
	static decode(encoded: StageHistogram): Distribution {
		let unit: StageUnit;
		try {
			unit = stageUnit(encoded.stage);
		} catch (cause) {
			throw new HistogramError((cause as Error).message, { cause });
		}
		const buckets = decodeCounts(unit, encoded.histogram);
		checkExactFigures(unit, encoded, buckets);
		const distribution = new Distribution(unit);
		distribution.#count = encoded.count;
		distribution.#min = encoded.min;
		distribution.#max = encoded.max;
		distribution.#sum = encoded.sum;
		distribution.#overflow = encoded.overflow;
		distribution.#negative = encoded.negative;
		distribution.#mostNegative = encoded.mostNegative;
		distribution.#put(buckets);
		return distribution;
	}

	/** @throws HistogramError when the stage is recorded in another unit */
	encode(stage: Stage): StageHistogram {
		if (stageUnit(stage) !== this.unit) throw new HistogramError(`a distribution in ${this.unit} is not of that stage`);
		return {
			stage,
			histogram: libraryEncoding(this.unit, this.#recorded()),
			count: this.#count,
			min: this.#min,
			max: this.#max,
			sum: this.#sum,
			overflow: this.#overflow,
			negative: this.#negative,
			mostNegative: this.#mostNegative,
		};
	}

	/** Adds another's values to this one. @throws HistogramError when it is in another unit */
	add(other: Distribution): void {
		if (other.unit !== this.unit)
			throw new HistogramError(`a distribution in ${other.unit} cannot join one in ${this.unit}`);
		this.addCounts(other, other.#first, other.#counts);
	}

	/** Adds what was counted. @param exact fits the counts: that is not looked at. @param counts counts[0] belongs to bucket `first` */
	addCounts(exact: ExactFigures, first: number, counts: ArrayLike<number>): void {
		if (exact.count === 0) return;
		this.#min = this.#count === 0 ? exact.min : Math.min(this.#min, exact.min);
		this.#max = Math.max(this.#max, exact.max);
		this.#count += exact.count;
		this.#sum += exact.sum;
		this.#overflow += exact.overflow;
		this.#negative += exact.negative;
		this.#mostNegative = Math.min(this.#mostNegative, exact.mostNegative);
		this.#makeRoom(first, first + counts.length);
		const shift = first - this.#first;
		for (let at = 0; at < counts.length; at++) {
			const count = counts[at] as number;
			if (count > 0) this.#counts[at + shift] = (this.#counts[at + shift] as number) + count;
		}
	}

	/** Number of values. This and the figures below are exact, in the unit, and 0 where there are no values. */
	get count(): number {
		return this.#count;
	}
	get min(): number {
		return this.#min;
	}
	get max(): number {
		return this.#max;
	}
	get sum(): number {
		return this.#sum;
	}
	get mean(): number {
		return this.#count === 0 ? 0 : this.#sum / this.#count;
	}
	/** Values above the range, which lie in its last bucket. */
	get overflow(): number {
		return this.#overflow;
	}
	/** Values below zero, which count as zero everywhere else; and the furthest below. */
	get negative(): number {
		return this.#negative;
	}
	get mostNegative(): number {
		return this.#mostNegative;
	}

	get minUs(): number {
		return this.#min * US_PER[this.unit];
	}
	get maxUs(): number {
		return this.#max * US_PER[this.unit];
	}
	get meanUs(): number {
		return this.mean * US_PER[this.unit];
	}

	/**
	 * The value that `percentile` (0 … 100) of the values do not exceed: the top of its bucket, as HdrHistogram has it, so at
	 * most 0.1 % too high, but never beyond the exact minimum and maximum. 0 where there are no values.
	 */
	valueAtPercentile(percentile: number): number {
		if (this.#count === 0) return 0;
		if (percentile <= 0) return this.#min;
		if (percentile >= 100) return this.#max;
		// A product of doubles may lie one rounding above the whole number it stands for.
		const wanted = Math.max(1, Math.ceil((percentile / 100) * this.#count * (1 - Number.EPSILON)));
		let reached = 0;
		for (let at = 0; at < this.#counts.length; at++) {
			reached += this.#counts[at] as number;
			if (reached >= wanted) return Math.min(Math.max(bucketTo(this.#first + at), this.#min), this.#max);
		}
		return this.#max;
	}

	percentileUs(percentile: number): number {
		return this.valueAtPercentile(percentile) * US_PER[this.unit];
	}

	/** How many values lie in the buckets up to the one of `value`. */
	countAtOrBelow(value: number): number {
		if (value < 0) return 0;
		const last = bucketIndex(Math.floor(Math.min(value, HIGHEST[this.unit]))) - this.#first;
		let count = 0;
		for (let at = 0; at <= last && at < this.#counts.length; at++) count += this.#counts[at] as number;
		return count;
	}

	/** The buckets that hold something, in ascending order; `from` and `to` both belong to a bucket. */
	*buckets(): Iterable<{ readonly from: number; readonly to: number; readonly count: number }> {
		for (let at = 0; at < this.#counts.length; at++) {
			const count = this.#counts[at] as number;
			if (count > 0) yield { from: bucketFrom(this.#first + at), to: bucketTo(this.#first + at), count };
		}
	}

	#recorded(): RecordedBuckets {
		const indexes: number[] = [];
		const counts: number[] = [];
		for (let at = 0; at < this.#counts.length; at++) {
			const count = this.#counts[at] as number;
			if (count === 0) continue;
			indexes.push(this.#first + at);
			counts.push(count);
		}
		return { indexes, counts };
	}

	/** Fills an empty distribution whose `#count` is set. */
	#put({ indexes, counts }: RecordedBuckets): void {
		const first = indexes[0];
		const last = indexes.at(-1);
		if (first === undefined || last === undefined) return;
		this.#first = first;
		this.#counts = new (this.#count > UINT32_MAX ? Float64Array : Uint32Array)(last + 1 - first);
		for (let at = 0; at < indexes.length; at++) this.#counts[(indexes[at] as number) - first] = counts[at] as number;
	}

	/** Makes the counts span the buckets [from, to) and hold `#count`. */
	#makeRoom(from: number, to: number): void {
		const end = this.#first + this.#counts.length;
		const tooNarrow = this.#count > UINT32_MAX && this.#counts instanceof Uint32Array;
		if (from >= this.#first && to <= end && !tooNarrow) return;
		const isNew = this.#counts.length === 0;
		const first = isNew ? from : from < this.#first ? Math.max(0, from - GROWTH_BUCKETS) : this.#first;
		const newEnd = isNew ? to : to > end ? to + GROWTH_BUCKETS : end;
		const grown = new (this.#count > UINT32_MAX ? Float64Array : Uint32Array)(newEnd - first);
		if (!isNew) grown.set(this.#counts, this.#first - first);
		this.#counts = grown;
		this.#first = first;
	}
}

/** Relative slack for sums of doubles that were added in another order. */
const SUM_TOLERANCE = 1e-6;

function checkExactFigures(unit: StageUnit, exact: ExactFigures, { indexes, counts }: RecordedBuckets): void {
	const { count, min, max, sum, overflow, negative, mostNegative } = exact;
	const first = indexes[0];
	const last = indexes.at(-1);
	let total = 0;
	for (const one of counts) total += one;
	if (total !== count) {
		throw new HistogramError(`its buckets do not sum to its count of ${count}`);
	}
	if (![min, max, sum, mostNegative].every(Number.isFinite))
		throw new HistogramError("an exact figure is not a number");
	if (overflow > count || negative > count || mostNegative > 0 || mostNegative < 0 !== negative > 0) {
		throw new HistogramError("its overflow or negative values do not fit its count");
	}
	if (first === undefined || last === undefined) {
		if (min !== 0 || max !== 0 || sum !== 0) throw new HistogramError("it is empty, but has a minimum, maximum or sum");
		return;
	}
	const indexOf = (value: number) => bucketIndex(Math.round(Math.min(value, HIGHEST[unit])));
	if (min < 0 || max < min || indexOf(min) !== first || indexOf(max) !== last || max > HIGHEST[unit] !== overflow > 0) {
		throw new HistogramError(`its minimum ${min} or maximum ${max} is not in its first or last bucket`);
	}
	// Each value lies within half a unit of its bucket, but for overflow, which the maximum bounds.
	const slack = 0.5 * count + SUM_TOLERANCE * Math.abs(sum);
	let least = 0;
	let most = overflow * max;
	for (let at = 0; at < indexes.length; at++) {
		least += bucketFrom(indexes[at] as number) * (counts[at] as number);
		most += bucketTo(indexes[at] as number) * (counts[at] as number);
	}
	if (sum < least - slack || sum > most + slack)
		throw new HistogramError(`its sum ${sum} is not what its buckets hold`);
}
