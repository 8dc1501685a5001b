import type { Stage, StageHistogram } from "./gen/measurement.js";
import { FINE, HIGHEST } from "./histogramBuckets.js";
import { encodeCounts } from "./histogramCodec.js";
import { type StageUnit, stageUnit } from "./stages.js";

/**
 * What an agent records a stage into: a count for each bucket of an HdrHistogram, and beside them the exact figures that the
 * buckets lose. A value costs one division and one addition in memory; encoding and adding look no further than the buckets
 * that were used.
 */
export class StageRecorder {
	#count = 0;
	#min = 0;
	#max = 0;
	#sum = 0;
	#overflow = 0;
	#negative = 0;
	#mostNegative = 0;
	readonly #unit: StageUnit;
	readonly #highest: number;
	/** Doubles: they do not wrap. */
	#counts: Float64Array;
	/** The used buckets lie in [from, to). */
	#from: number;
	#to = 0;

	private constructor(readonly stage: Stage) {
		this.#unit = stageUnit(stage);
		this.#highest = HIGHEST[this.#unit];
		this.#counts = new Float64Array(FINE.indexOf(this.#highest) + 1);
		this.#from = this.#counts.length;
	}

	static create(stage: Stage): StageRecorder {
		return new StageRecorder(stage);
	}

	get count(): number {
		return this.#count;
	}

	/**
	 * Records a value in the stage's unit, rounded to a whole number of it. One above the range is recorded at the range's end
	 * and counted as overflow; one below zero, or that is not a number, is recorded as zero and counted as negative.
	 */
	record(value: number): void {
		let recorded = value;
		if (!(value >= 0)) {
			this.#negative++;
			// A NaN has no size; -1 keeps "there were negative values" true of both figures.
			this.#mostNegative = Math.min(this.#mostNegative, Number.isNaN(value) ? -1 : value);
			recorded = 0;
		}
		if (this.#count++ === 0 || recorded < this.#min) this.#min = recorded;
		if (recorded > this.#max) this.#max = recorded;
		this.#sum += recorded;
		if (recorded > this.#highest) {
			this.#overflow++;
			recorded = this.#highest;
		}
		const index = FINE.indexOf(Math.round(recorded));
		this.#counts[index] = (this.#counts[index] as number) + 1;
		if (index < this.#from) this.#from = index;
		if (index >= this.#to) this.#to = index + 1;
	}

	/** Adds all that another recorder of the same unit holds. */
	add(other: StageRecorder): void {
		if (other.#unit !== this.#unit) throw new Error(`values in ${other.#unit} cannot join values in ${this.#unit}`);
		if (other.#count === 0) return;
		this.#min = this.#count === 0 ? other.#min : Math.min(this.#min, other.#min);
		this.#max = Math.max(this.#max, other.#max);
		this.#count += other.#count;
		this.#sum += other.#sum;
		this.#overflow += other.#overflow;
		this.#negative += other.#negative;
		this.#mostNegative = Math.min(this.#mostNegative, other.#mostNegative);
		for (let index = other.#from; index < other.#to; index++) {
			this.#counts[index] = (this.#counts[index] as number) + (other.#counts[index] as number);
		}
		this.#from = Math.min(this.#from, other.#from);
		this.#to = Math.max(this.#to, other.#to);
	}

	/** Everything since the start or the last `reset`. */
	encode(): StageHistogram {
		const isEmpty = this.#count === 0;
		return {
			stage: this.stage,
			histogram: encodeCounts(this.#unit, isEmpty ? 0 : this.#from, this.#counts.subarray(this.#from, this.#to)),
			count: this.#count,
			min: this.#min,
			max: this.#max,
			sum: this.#sum,
			overflow: this.#overflow,
			negative: this.#negative,
			mostNegative: this.#mostNegative,
		};
	}

	reset(): void {
		this.#counts.fill(0, this.#from, this.#to);
		this.#from = this.#counts.length;
		this.#to = 0;
		this.#count = this.#min = this.#max = this.#sum = this.#overflow = this.#negative = this.#mostNegative = 0;
	}

	/** Lets go of its memory; nothing can be recorded after it. */
	destroy(): void {
		this.#counts = new Float64Array(0);
	}
}
