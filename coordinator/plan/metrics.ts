import { STAGES, type StageName } from "../../proto/stages.js";

/** What a figure is counted in; a limit must be written in it: `50ms`, `500MB`, `0.1%` or `0.001`, `2500`. */
export type Unit = "duration" | "bytes" | "share" | "rate" | "count" | "number";

const STAGE_FIGURES = { avg: "duration", min: "duration", med: "duration", max: "duration", count: "count" } as const;

/** What thresholds and targets can be set on: every metric with its figures. Those of a stage have `p(N)` besides. */
export const METRICS = {
	responseTime: STAGE_FIGURES,
	uncorrectedResponseTime: STAGE_FIGURES,
	sendLag: STAGE_FIGURES,
	enqueueTime: STAGE_FIGURES,
	queueWait: STAGE_FIGURES,
	dequeueTime: STAGE_FIGURES,
	serviceTime: STAGE_FIGURES,
	ackTime: STAGE_FIGURES,
	generatorLag: STAGE_FIGURES,
	backpressureLag: STAGE_FIGURES,
	throughput: { rate: "rate", steady: "rate" },
	errors: { rate: "share", count: "count" },
	tasks: {
		issued: "count",
		enqueued: "count",
		completed: "count",
		failed: "count",
		deadLettered: "count",
		rejected: "count",
		unknownAbsent: "count",
		remaining: "count",
		held: "count",
		lost: "count",
		unaccounted: "count",
		duplicates: "count",
	},
	attempts: {
		dequeued: "count",
		failed: "count",
		retried: "count",
		polls: "count",
		emptyPolls: "count",
		workerErrors: "count",
	},
	memory: { rss: "bytes", heap: "bytes", totalRss: "bytes", totalHeap: "bytes" },
	cpu: { cores: "number", perTask: "duration" },
	eventLoop: { utilization: "share", delayP99: "duration", delayMax: "duration" },
	redis: { busy: "share", memory: "bytes", backlog: "count", evictedKeys: "count", commandsPerTask: "number" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Unit>>>>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** A figure of a metric: `rate`, `avg`, or a percentile, 0 to 100. */
export type Aggregation = { readonly name: string } | { readonly percentile: number };

export function isStage(metric: MetricName): metric is StageName {
	return STAGES.some(({ name }) => name === metric);
}

/** Undefined where the metric has no such figure. */
export function unitOf(metric: MetricName, aggregation: Aggregation): Unit | undefined {
	if ("percentile" in aggregation) return isStage(metric) ? "duration" : undefined;
	const figures: Readonly<Record<string, Unit>> = METRICS[metric];
	return Object.hasOwn(figures, aggregation.name) ? figures[aggregation.name] : undefined;
}

/** Whether the figure is known while a run goes on, so that it can end the run. */
export function isLive(metric: MetricName, aggregation: Aggregation): boolean {
	return (
		isStage(metric) ||
		metric === "errors" ||
		(metric === "throughput" && "name" in aggregation && aggregation.name === "rate")
	);
}
