import type { Stage, StageHistogram } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { StageRecorder } from "../../proto/histogramRecorder.js";

/**
 * A stage's values, in two recorders that take turns, so that what was recorded up to one moment can be encoded later, piece
 * by piece, while further values come in:
 *
 *   recent ─ cut ─▶ cut off ─ taken ─▶ before (a sum)
 */
export class StageLog {
	#recent: StageRecorder;
	/** Holds what was cut off; empty otherwise. */
	#other: StageRecorder;
	readonly #before: Distribution;
	readonly #stage: Stage;

	constructor(stage: Stage, unit: Distribution["unit"]) {
		this.#stage = stage;
		this.#recent = new StageRecorder(stage);
		this.#other = new StageRecorder(stage);
		this.#before = Distribution.empty(unit);
	}

	/** @param value in the stage's unit */
	record(value: number): void {
		this.#recent.record(value);
	}

	/** Ends what `takeCut` gives here. To be called again when that was taken. */
	cut(): void {
		if (this.#other.count > 0) throw new Error("what was cut off before was not taken");
		[this.#recent, this.#other] = [this.#other, this.#recent];
	}

	/** What was recorded between the last two cuts; undefined where nothing was. */
	takeCut(): StageHistogram | undefined {
		if (this.#other.count === 0) return undefined;
		const taken = this.#other.encode();
		this.#other.addTo(this.#before);
		this.#other.reset();
		return taken;
	}

	/** Everything; undefined where nothing was recorded. */
	all(): StageHistogram | undefined {
		const all = Distribution.empty(this.#before.unit);
		all.add(this.#before);
		for (const recorder of [this.#other, this.#recent]) recorder.addTo(all);
		return all.count > 0 ? all.encode(this.#stage) : undefined;
	}
}
