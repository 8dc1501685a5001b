import { build, initWebAssemblySync, type WasmHistogram } from "hdr-histogram-js";
import type { Stage, StageHistogram } from "./gen/measurement.js";
import { HIGHEST, SIGNIFICANT_DIGITS } from "./histogramBuckets.js";
import { mendAndCompress } from "./histogramCodec.js";
import { stageUnit } from "./stages.js";

/**
 * What an agent records a stage into: hdr-histogram-js (in WebAssembly, 64 bits a bucket), and beside it the exact figures
 * that the buckets lose. Its memory lies outside the garbage collector's reach: `destroy` it.
 */
export class StageRecorder {
	#count = 0;
	#min = 0;
	#max = 0;
	#sum = 0;
	#overflow = 0;
	#negative = 0;
	#mostNegative = 0;
	readonly #highest: number;

	private constructor(
		readonly stage: Stage,
		private readonly histogram: WasmHistogram,
	) {
		this.#highest = HIGHEST[stageUnit(stage)];
	}

	static create(stage: Stage): StageRecorder {
		initWebAssemblySync();
		const histogram = build({
			useWebAssembly: true,
			bitBucketSize: 64,
			autoResize: false,
			lowestDiscernibleValue: 1,
			highestTrackableValue: HIGHEST[stageUnit(stage)],
			numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
		});
		return new StageRecorder(stage, histogram as WasmHistogram);
	}

	get count(): number {
		return this.#count;
	}

	/**
	 * Records a value in the stage's unit, rounded to a whole number of it. One above the range is recorded at the range's end
	 * and counted as overflow; one below zero, or that is not a number, is recorded as zero and counted as negative.
	 */
	record(value: number): void {
		// A -0 becomes a 0.
		let recorded = value + 0;
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
		this.histogram.recordValue(Math.round(recorded));
	}

	/** Everything since the start or the last `reset`. */
	encode(): StageHistogram {
		return {
			stage: this.stage,
			histogram: mendAndCompress(this.histogram.encode()),
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
		this.histogram.reset();
		this.#count = this.#min = this.#max = this.#sum = this.#overflow = this.#negative = this.#mostNegative = 0;
	}

	destroy(): void {
		this.histogram.destroy();
	}
}
