import type { Measurements, Resources } from "../../proto/gen/measurement.js";
import { Counters } from "../../proto/gen/measurement.js";
import { Recorder, type RecorderOptions } from "../measure/recorder.js";
import type { Attempt } from "../work/attempt.js";

/** Records as little as a run can be timed with: counts, the first sending and the last acknowledgements. */
export class CountingRecorder extends Recorder {
	readonly #counts = Counters.create();
	#firstSentAtUs = -1;
	#lastEnqueuedAtUs = -1;
	#lastCompletedAtUs = -1;

	constructor(private readonly epoch: RecorderOptions) {
		super(epoch);
	}

	static make(this: void, options: RecorderOptions): Recorder {
		return new CountingRecorder(options);
	}

	override begun(_producer: number, _sequence: number, _intendedAtUs: number, sentAtUs: number): void {
		this.#counts.sent++;
		if (this.#firstSentAtUs < 0) this.#firstSentAtUs = sentAtUs - this.epoch.epochUs;
	}

	override enqueued(_producer: number, _sequence: number, _sentAtUs: number, acknowledgedAtUs: number): void {
		this.#counts.enqueued++;
		this.#lastEnqueuedAtUs = acknowledgedAtUs - this.epoch.epochUs;
	}

	override polled(): void {
		this.#counts.polls++;
	}

	override taken(): void {}

	override released(): void {}

	override settled({ settledAtUs, outcome }: Attempt): void {
		if (outcome !== "completed") return;
		this.#counts.completed++;
		this.#lastCompletedAtUs = settledAtUs - this.epoch.epochUs;
	}

	override totals(): Counters {
		return { ...this.#counts };
	}

	override result(resources: Resources): Measurements {
		const result = super.result(resources);
		const span = {
			firstSentAtUs: this.#firstSentAtUs,
			lastSentAtUs: -1,
			lastEnqueuedAtUs: this.#lastEnqueuedAtUs,
			firstCompletedAtUs: -1,
			lastCompletedAtUs: this.#lastCompletedAtUs,
			startLatenessUs: 0,
			sendingEndedAtUs: -1,
		};
		return { ...result, counters: this.totals(), span };
	}
}
