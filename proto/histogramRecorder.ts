import type { Stage, StageHistogram } from "./gen/measurement.js";
import type { Distribution, ExactFigures } from "./histogram.js";
import { bucketIndex, FINE, HIGHEST } from "./histogramBuckets.js";
import { encodeV2 } from "./histogramCodec.js";
import { stageUnit } from "./stages.js";

/** Values are counted so many at a time: in a loop of its own that takes a quarter of the time. */
const ASIDE = 512;

/**
 * What an agent records a stage into. Values are counted in an array in HdrHistogram's buckets, in an eighth of the time that
 * hdr-histogram-js takes to record one, and leave each second in its uncompressed encoding, in a fifth; the exact figures that
 * the buckets lose are kept beside them. Whoever sends tasks on time shares a thread with this.
 */
export class StageRecorder {
	/** Values that are not counted yet. */
	readonly #aside = new Float64Array(ASIDE);
	#asideCount = 0;
	#count = 0;
	#min = 0;
	#max = 0;
	#sum = 0;
	#overflow = 0;
	#negative = 0;
	#mostNegative = 0;
	readonly #highest: number;
	/** By bucket. */
	readonly #counts: Float64Array;

	constructor(readonly stage: Stage) {
		this.#highest = HIGHEST[stageUnit(stage)];
		this.#counts = new Float64Array(bucketIndex(this.#highest) + 1);
	}

	get count(): number {
		return this.#count + this.#asideCount;
	}

	/**
	 * Records a value in the stage's unit, rounded to a whole number of it. One above the range is recorded at the range's end
	 * and counted as overflow; one below zero, or that is not a number, is recorded as zero and counted as negative.
	 */
	record(value: number): void {
		this.#aside[this.#asideCount++] = value;
		if (this.#asideCount === ASIDE) this.#countAside();
	}

	/** Everything since the start or the last `reset`. */
	encode(): StageHistogram {
		this.#countAside();
		const [first, end] = this.#bucketsUsed();
		const histogram = encodeV2(FINE, this.#highest, first, this.#counts.subarray(first, end));
		return { stage: this.stage, histogram, ...this.#exact() };
	}

	/** Adds the same to a distribution in the stage's unit. */
	addTo(distribution: Distribution): void {
		this.#countAside();
		const [first, end] = this.#bucketsUsed();
		distribution.addCounts(this.#exact(), first, this.#counts.subarray(first, end));
	}

	reset(): void {
		this.#countAside();
		const [first, end] = this.#bucketsUsed();
		this.#counts.fill(0, first, end);
		this.#count = this.#min = this.#max = this.#sum = this.#overflow = this.#negative = this.#mostNegative = 0;
	}

	#countAside(): void {
		const counts = this.#counts;
		const highest = this.#highest;
		let min = this.#count === 0 ? Number.POSITIVE_INFINITY : this.#min;
		let max = this.#max;
		let sum = this.#sum;
		for (let at = 0; at < this.#asideCount; at++) {
			const value = this.#aside[at] as number;
			// A -0 becomes a 0.
			let recorded = value + 0;
			if (!(value >= 0)) {
				this.#negative++;
				// A NaN has no size; -1 keeps "there were negative values" true of both figures.
				this.#mostNegative = Math.min(this.#mostNegative, Number.isNaN(value) ? -1 : value);
				recorded = 0;
			}
			if (recorded < min) min = recorded;
			if (recorded > max) max = recorded;
			sum += recorded;
			if (recorded > highest) {
				this.#overflow++;
				recorded = highest;
			}
			const bucket = bucketIndex(Math.round(recorded));
			counts[bucket] = (counts[bucket] as number) + 1;
		}
		if (this.#asideCount > 0) this.#min = min;
		this.#max = max;
		this.#sum = sum;
		this.#count += this.#asideCount;
		this.#asideCount = 0;
	}

	#exact(): ExactFigures {
		return {
			count: this.#count,
			min: this.#min,
			max: this.#max,
			sum: this.#sum,
			overflow: this.#overflow,
			negative: this.#negative,
			mostNegative: this.#mostNegative,
		};
	}

	/** @returns the first bucket with a value, and the one behind the last */
	#bucketsUsed(): [first: number, end: number] {
		if (this.#count === 0) return [0, 0];
		const bucketOf = (value: number) => bucketIndex(Math.round(Math.min(value, this.#highest)));
		return [bucketOf(this.#min), bucketOf(this.#max) + 1];
	}
}
