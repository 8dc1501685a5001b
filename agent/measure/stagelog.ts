import type { Stage, StageHistogram } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { StageRecorder } from "../../proto/histogramRecorder.js";

/** A stage's values: what was recorded since they were last taken, and the sum of what was taken. */
export class StageLog {
	readonly #recent: StageRecorder;
	readonly #before: Distribution;
	readonly #stage: Stage;

	constructor(stage: Stage, unit: Distribution["unit"]) {
		this.#stage = stage;
		this.#recent = StageRecorder.create(stage);
		this.#before = Distribution.empty(unit);
	}

	/** @param value in the stage's unit */
	record(value: number): void {
		this.#recent.record(value);
	}

	/** What was recorded since the last call; undefined where nothing was. */
	take(): StageHistogram | undefined {
		if (this.#recent.count === 0) return undefined;
		const taken = this.#recent.encode();
		this.#before.add(Distribution.decode(taken));
		this.#recent.reset();
		return taken;
	}

	/** Everything; undefined where nothing was recorded. */
	all(): StageHistogram | undefined {
		const all = Distribution.empty(this.#before.unit);
		all.add(this.#before);
		if (this.#recent.count > 0) all.add(Distribution.decode(this.#recent.encode()));
		return all.count > 0 ? all.encode(this.#stage) : undefined;
	}

	destroy(): void {
		this.#recent.destroy();
	}
}
