import type { Stage, StageHistogram } from "../../proto/gen/measurement.js";
import { StageRecorder } from "../../proto/histogramRecorder.js";

/** A stage's values: what was recorded since they were last taken, and the sum of what was taken. */
export class StageLog {
	readonly #recent: StageRecorder;
	readonly #before: StageRecorder;
	readonly #stage: Stage;

	constructor(stage: Stage) {
		this.#stage = stage;
		this.#recent = StageRecorder.create(stage);
		this.#before = StageRecorder.create(stage);
	}

	/** @param value in the stage's unit */
	record(value: number): void {
		this.#recent.record(value);
	}

	/** What was recorded since the last call; undefined where nothing was. */
	take(): StageHistogram | undefined {
		if (this.#recent.count === 0) return undefined;
		const taken = this.#recent.encode();
		this.#before.add(this.#recent);
		this.#recent.reset();
		return taken;
	}

	/** Everything; undefined where nothing was recorded. */
	all(): StageHistogram | undefined {
		const all = StageRecorder.create(this.#stage);
		all.add(this.#before);
		all.add(this.#recent);
		return all.count > 0 ? all.encode() : undefined;
	}

	destroy(): void {
		this.#recent.destroy();
		this.#before.destroy();
	}
}
