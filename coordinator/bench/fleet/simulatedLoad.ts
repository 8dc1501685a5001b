import {
	Counters,
	Measurements,
	Outcome,
	Resources,
	type ResponseSecond,
	type Slot,
	Span,
	Stage,
	type StageHistogram,
} from "../../../proto/gen/measurement.js";
import type { Slice } from "../../../proto/gen/slice.js";
import { Distribution } from "../../../proto/histogram.js";
import { StageRecorder } from "../../../proto/histogramRecorder.js";
import { LedgerPages } from "../../../proto/ledger.js";
import { coarseBucket, encodeSecond } from "../../../proto/responseSecond.js";
import { stageUnit } from "../../../proto/stages.js";

const SLOT_US = 200_000;
const SECOND_US = 1_000_000;

/** The stages that a closed loop has, with the median of each, in its unit. */
const MEDIANS: readonly (readonly [Stage, number])[] = [
	[Stage.RESPONSE_TIME, 4_000],
	[Stage.UNCORRECTED_RESPONSE_TIME, 4_000],
	[Stage.SEND_LAG, 40],
	[Stage.ENQUEUE_TIME, 900],
	[Stage.QUEUE_WAIT, 2_500],
	[Stage.DEQUEUE_TIME, 600],
	[Stage.SERVICE_TIME, 12_000],
	[Stage.ACK_TIME, 700],
];

/**
 * The tasks of a slice, sent and completed evenly over `loadMs`, with log-normal times of a σ of 1: as much as an agent at
 * work has to tell, without a queue.
 */
export class SimulatedLoad {
	readonly #tasks: number;
	readonly #times: ReadonlyMap<Stage, Float64Array>;
	readonly #ledger = new LedgerPages();
	#done = 0;
	#told = 0;
	#latenessUs = 0;

	/** @param random uniform in (0, 1) */
	constructor(
		private readonly slice: Slice,
		private readonly loadMs: number,
		random: () => number,
	) {
		this.#tasks = slice.producers.reduce((sum, { tasks }) => sum + tasks, 0);
		this.#times = new Map(
			MEDIANS.map(([stage, median]) => [
				stage,
				Float64Array.from({ length: this.#tasks }, () => median * Math.exp(normal(random))),
			]),
		);
	}

	get over(): boolean {
		return this.#done === this.#tasks;
	}

	/** @param latenessUs how long after the epoch */
	begin(latenessUs: number): void {
		this.#latenessUs = Math.max(0, latenessUs);
	}

	/** Does what is due by then. */
	advance(sinceEpochMs: number): void {
		const due = Math.min(this.#tasks, Math.floor((sinceEpochMs / this.loadMs) * this.#tasks));
		let first = 0;
		for (const { index, tasks } of this.slice.producers) {
			for (let task = Math.max(first, this.#done); task < Math.min(first + tasks, due); task++) {
				this.#ledger.set(index, Outcome.COMPLETED, task - first);
			}
			first += tasks;
		}
		this.#done = Math.max(this.#done, due);
	}

	get totals(): Counters {
		return countersOf(this.#done);
	}

	/** What came since the last call. */
	delta(): Measurements {
		const from = this.#told;
		this.#told = this.#done;
		return Measurements.create({ ...this.#between(from, this.#done, encodeRecent), ledger: this.#ledger.dirtyPages() });
	}

	result(): Measurements {
		return Measurements.create({ ...this.#between(0, this.#done, encodeAll), ledger: this.#ledger.allPages() });
	}

	#atUs(task: number): number {
		return this.#latenessUs + (task / this.#tasks) * this.loadMs * 1_000;
	}

	#between(from: number, to: number, encode: typeof encodeAll): Partial<Measurements> {
		const none = from === to;
		let first = 0;
		const producers = this.slice.producers.map(({ index, tasks }) => {
			const issued = Math.min(tasks, Math.max(0, to - first));
			first += tasks;
			return { producer: index, issued };
		});
		const [firstAtUs, lastAtUs] = none ? [-1, -1] : [this.#atUs(from), this.#atUs(to - 1)];
		return {
			counters: countersOf(to - from),
			stages: none ? [] : [...this.#times].map(([stage, times]) => encode(stage, times.subarray(from, to))),
			series: this.#slots(from, to),
			responseSeries: this.#seconds(from, to),
			producers,
			span: Span.create({
				firstSentAtUs: firstAtUs,
				lastSentAtUs: lastAtUs,
				lastEnqueuedAtUs: lastAtUs,
				firstCompletedAtUs: firstAtUs,
				lastCompletedAtUs: lastAtUs,
				startLatenessUs: this.#latenessUs,
				sendingEndedAtUs: -1,
			}),
			resources: Resources.create({ wallUs: lastAtUs, rssEndBytes: process.memoryUsage.rss(), allocatedBytes: -1 }),
		};
	}

	#slots(from: number, to: number): Slot[] {
		const counts = new Map<number, number>();
		for (let task = from; task < to; task++) {
			const index = Math.floor(this.#atUs(task) / SLOT_US);
			counts.set(index, (counts.get(index) ?? 0) + 1);
		}
		return [...counts].map(([index, count]) => ({ index, sent: count, enqueued: count, completed: count, failed: 0 }));
	}

	#seconds(from: number, to: number): ResponseSecond[] {
		const times = this.#times.get(Stage.RESPONSE_TIME) ?? new Float64Array();
		const seconds = new Map<number, { readonly buckets: Map<number, number>; count: number; maxUs: number }>();
		for (let task = from; task < to; task++) {
			const index = Math.floor(this.#atUs(task) / SECOND_US);
			const second = seconds.get(index) ?? { buckets: new Map<number, number>(), count: 0, maxUs: 0 };
			seconds.set(index, second);
			const us = times[task] ?? 0;
			const bucket = coarseBucket(us);
			second.buckets.set(bucket, (second.buckets.get(bucket) ?? 0) + 1);
			second.count++;
			second.maxUs = Math.max(second.maxUs, us);
		}
		return [...seconds].map(([index, { buckets, count, maxUs }]) => {
			const indexes = [...buckets.keys()].sort((a, b) => a - b);
			const counts = indexes.map((one) => buckets.get(one) ?? 0);
			return encodeSecond({ index, count, intended: count, ended: 0, maxUs, buckets: { indexes, counts } });
		});
	}
}

/** As an agent encodes what it hands in. */
function encodeAll(stage: Stage, times: Float64Array): StageHistogram {
	return Distribution.of(stageUnit(stage), times).encode(stage);
}

const recorders = new Map(MEDIANS.map(([stage]) => [stage, new StageRecorder(stage)]));

/** As an agent encodes what it tells each second. */
function encodeRecent(stage: Stage, times: Float64Array): StageHistogram {
	const recorder = recorders.get(stage) as StageRecorder;
	for (const time of times) recorder.record(time);
	const encoded = recorder.encode();
	recorder.reset();
	return encoded;
}

function countersOf(done: number): Counters {
	return Counters.create({ sent: done, enqueued: done, dequeued: done, completed: done, polls: done });
}

/** Standard normal: Box and Muller (1958). */
function normal(random: () => number): number {
	return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}
