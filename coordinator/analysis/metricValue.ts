import type { Distribution } from "../../proto/histogram.js";
import type { StageName } from "../../proto/stages.js";
import { STAGES } from "../../proto/stages.js";
import type { MergedRun } from "../merge/merged.js";
import { type Aggregation, isStage, type METRICS, type MetricName } from "../plan/metrics.js";
import { formatQuantity } from "../report/format.js";
import type { ReportRun } from "../report/schema.js";
import { censoredPercentile, unfinishedOf, unfinishedOfStage } from "./censored.js";

/** A run as it was merged, and its figures. */
export interface JudgedRun {
	readonly merged: MergedRun;
	readonly figures: ReportRun;
}

export interface Valued {
	/** In the unit of the figure; undefined where there are no samples. Infinite where it lies among unfinished tasks. */
	readonly value: number | undefined;
	/** What there is to know about it, as a sentence without its dot; empty: nothing. */
	readonly note: string;
}

export interface Measured extends Valued {
	/** ± on a time between two hosts, by their clocks; 0 on anything else. */
	readonly clockBoundUs: number;
}

/** The figure of a metric in one run. */
export function measuredIn(run: JudgedRun, metric: MetricName, aggregation: Aggregation): Measured {
	if (isStage(metric)) {
		const distribution = run.merged.stages.get(stageOf(metric));
		if (distribution === undefined) return exactly(NO_SAMPLES);
		const unfinished = unfinishedOfStage(metric, run.merged, unfinishedOf(run.merged));
		const isTime = !("name" in aggregation) || aggregation.name !== "count";
		const clockBoundUs = isTime ? run.figures.latency[metric].clockBoundUs : 0;
		return { ...stageValue(distribution, aggregation, unfinished.count), clockBoundUs };
	}
	const read = "name" in aggregation ? readers(metric)[aggregation.name] : undefined;
	if (read === undefined) throw new RangeError(`${metric} has no such figure`);
	const value = read(run.figures);
	if (value !== null) return exactly({ value, note: "" });
	const steady = metric === "throughput" ? run.figures.throughput.steadyWithheld : null;
	return exactly(steady === null ? NO_SAMPLES : { value: undefined, note: steady });
}

function exactly(found: Valued): Measured {
	return { ...found, clockBoundUs: 0 };
}

const NO_SAMPLES: Valued = { value: undefined, note: "no samples" };
/** Below that a percentile says what these tasks did, and little about the next ones (measurement.md §6). */
const ABOVE_MIN = 10;

/** @param unfinished tasks that came to no end and so have no value */
export function stageValue(stage: Distribution, aggregation: Aggregation, unfinished: number): Valued {
	const { count } = stage;
	if ("name" in aggregation && aggregation.name === "count") return { value: count, note: "" };
	if (count === 0) return NO_SAMPLES;
	if ("percentile" in aggregation || aggregation.name === "med") {
		const percent = "percentile" in aggregation ? aggregation.percentile : 50;
		if (percent / 100 > count / (count + unfinished)) {
			return { value: Number.POSITIVE_INFINITY, note: `among ${formatQuantity(unfinished, "unfinished task")}` };
		}
		const above = Math.floor((count * (100_000 - Math.round(percent * 1_000))) / 100_000);
		const note = above < ABOVE_MIN && percent < 100 ? `rough, ${formatQuantity(above, "value")} above it` : "";
		return { value: censoredPercentile(stage, percent, { count: unfinished, waited: [] }).us, note };
	}
	const values = { avg: stage.meanUs, min: stage.minUs, max: stage.maxUs };
	return { value: values[aggregation.name as keyof typeof values], note: "" };
}

export function stageOf(name: StageName): (typeof STAGES)[number]["stage"] {
	const stage = STAGES.find((candidate) => candidate.name === name);
	if (!stage) throw new RangeError(`there is no stage ${name}`);
	return stage.stage;
}

type Reader = (run: ReportRun) => number | null;
type Readers = {
	readonly [Metric in Exclude<MetricName, StageName>]: { readonly [Figure in keyof (typeof METRICS)[Metric]]: Reader };
};

function readers(metric: Exclude<MetricName, StageName>): Readonly<Record<string, Reader>> {
	return READERS[metric];
}

const largest = (run: ReportRun, read: (agent: ReportRun["perAgent"][number]) => number) =>
	positive(Math.max(0, ...run.perAgent.map(read)));
const positive = (value: number) => (value > 0 ? value : null);

const READERS: Readers = {
	throughput: {
		rate: ({ throughput }) => (throughput.completions > 0 ? throughput.tasksPerSecond : null),
		steady: ({ throughput }) => throughput.steadyTasksPerSecond,
	},
	errors: {
		rate: ({ errorRate, tasks, offered }) => (tasks.issued + (offered?.dropped ?? 0) > 0 ? errorRate : null),
		count: ({ tasks }) => tasks.failed,
	},
	tasks: {
		issued: ({ tasks }) => tasks.issued,
		enqueued: ({ tasks }) => tasks.enqueued,
		completed: ({ tasks }) => tasks.completed,
		failed: ({ tasks }) => tasks.failed,
		deadLettered: ({ tasks }) => tasks.deadLettered,
		rejected: ({ tasks }) => tasks.rejected,
		unknownAbsent: ({ tasks }) => tasks.unknownAbsent,
		remaining: ({ tasks }) => tasks.remaining,
		held: ({ tasks }) => tasks.held,
		lost: ({ tasks }) => tasks.lost,
		unaccounted: ({ tasks }) => tasks.unaccounted,
		duplicates: ({ tasks }) => tasks.duplicates,
	},
	attempts: {
		dequeued: ({ attempts }) => attempts.dequeued,
		failed: ({ attempts }) => attempts.failed,
		retried: ({ attempts }) => attempts.retried,
		polls: ({ attempts }) => attempts.polls,
		emptyPolls: ({ attempts }) => attempts.emptyPolls,
		workerErrors: ({ attempts }) => attempts.workerErrors,
	},
	memory: {
		rss: ({ resources }) => positive(resources.peakRssMaxBytes),
		heap: (run) => largest(run, (agent) => agent.peakHeapBytes),
		totalRss: ({ resources }) => positive(resources.peakRssSumBytes),
		totalHeap: ({ resources }) => positive(resources.peakHeapSumBytes),
	},
	cpu: { cores: ({ resources }) => positive(resources.cpuShare), perTask: ({ resources }) => resources.cpuUsPerTask },
	eventLoop: {
		utilization: ({ resources }) => resources.loopUtilizationMax,
		delayP99: ({ resources }) => resources.loopDelayP99MaxUs,
		delayMax: ({ resources }) => resources.loopDelayMaxUs,
	},
	redis: {
		busy: ({ redis }) => redis.busyShare,
		memory: ({ redis }) => redis.peakMemoryBytes,
		backlog: ({ redis }) => redis.peakBacklog,
		evictedKeys: ({ redis }) => redis.evictedKeys,
		commandsPerTask: ({ redis }) => redis.commandsPerTask,
	},
};
