import { STAGE_TITLES } from "../report/cells.js";
import { formatBytes, formatCount, formatMicros, formatRate, formatShare } from "../report/format.js";
import type { LatencyFigures, ReportRun, StageName } from "../report/schema.js";

/** A figure of a run that can be compared. */
export interface Metric {
	/** Stable, for programs and `--fail-on-regression`. */
	readonly key: string;
	readonly title: string;
	/** Undefined: neither is better. */
	readonly better: "higher" | "lower" | undefined;
	/** How two values are compared: by the one over the other, or by the one minus the other (what is often 0). */
	readonly scale: "ratio" | "difference";
	/** Of a difference: shares differ by percentage points. */
	readonly unit: "share" | "count" | undefined;
	/** A change up to here is as good as none: a share of the value, or a difference. */
	readonly delta: number;
	/** Whether the overall verdict is made of it. */
	readonly headline: boolean;
	/** Undefined where this run does not tell. */
	readonly read: (run: ReportRun) => number | undefined;
	readonly format: (value: number) => string;
	/** Why runs may not tell it; undefined: there is no common reason. */
	readonly missing?: string;
}

const RATE_DELTA = 0.05;
const TIME_DELTA = 0.1;
/** A tenth of a percent: what Spool's own targets allow. */
const ERRORS_DELTA = 0.001;

/** Ten values have to lie above a percentile (measurement.md §6). */
const FEWEST_TASKS = { p50: 20, p95: 200, p99: 1_000, p999: 10_000 } as const;

const ratio = { scale: "ratio", unit: undefined, headline: false } as const;
const rate = { ...ratio, better: "higher", delta: RATE_DELTA, format: formatRate } as const;
const amount = { ...ratio, better: "lower", delta: TIME_DELTA } as const;
const share = { better: "lower", scale: "difference", unit: "share", headline: false, format: formatShare } as const;
const count = {
	better: "lower",
	scale: "difference",
	unit: "count",
	delta: 0,
	headline: false,
	format: formatCount,
} as const;

export const METRICS: readonly Metric[] = [
	{ ...rate, key: "throughput", title: "throughput", headline: true, read: (run) => run.throughput.tasksPerSecond },
	{
		...rate,
		key: "steadyThroughput",
		title: "steady throughput",
		read: (run) => run.throughput.steadyTasksPerSecond ?? undefined,
	},
	time("responseTime", "mean"),
	time("responseTime", "p50"),
	time("responseTime", "p95"),
	{ ...time("responseTime", "p99"), headline: true },
	time("responseTime", "p999"),
	{
		...share,
		key: "errors",
		title: "error rate",
		delta: ERRORS_DELTA,
		headline: true,
		read: (run) => run.errorRate,
	},
	{ ...count, key: "lost", title: "tasks lost", read: (run) => run.tasks.lost },
	{ ...count, key: "duplicates", title: "duplicates", read: (run) => run.tasks.duplicates },
	{
		...amount,
		key: "cpuPerTask",
		title: "agents' CPU a task",
		read: (run) => run.resources.cpuUsPerTask ?? undefined,
		format: formatMicros,
	},
	{
		...amount,
		key: "memory",
		title: "agents' peak RSS",
		read: (run) => run.resources.peakRssSumBytes,
		format: formatBytes,
	},
	{
		...amount,
		key: "redisCommands",
		title: "Redis commands a task",
		read: (run) => run.redis.commandsPerTask ?? undefined,
		format: (value) => value.toFixed(1),
	},
	{
		...share,
		key: "redisBusy",
		title: "Redis busy",
		better: undefined,
		delta: 0,
		read: (run) => run.redis.busyShare ?? undefined,
	},
	...(["enqueueTime", "queueWait", "dequeueTime", "serviceTime", "ackTime"] as const).flatMap((stage) => [
		time(stage, "p50"),
		time(stage, "p99"),
	]),
];

/** Those of the overall verdict. */
export const HEADLINE_METRICS = METRICS.filter((metric) => metric.headline);

function time(stage: StageName, which: "mean" | "p50" | "p95" | "p99" | "p999"): Metric {
	const name = which === "p999" ? "p99.9" : which;
	return {
		...amount,
		key: stage === "responseTime" ? which : `${stage}.${which}`,
		title: `${STAGE_TITLES[stage]} ${name}`,
		read: (run) => timeUs(run.latency[stage], which),
		format: formatMicros,
		...(which !== "mean" && {
			missing: `runs of fewer than ${formatCount(FEWEST_TASKS[which])} tasks have no ${name}`,
		}),
	};
}

function timeUs(figures: LatencyFigures, which: "mean" | "p50" | "p95" | "p99" | "p999"): number | undefined {
	if (figures.count === 0) return undefined;
	if (which === "mean") return figures.unfinished > 0 ? undefined : figures.meanUs;
	const field = `${which}Us` as const;
	return figures.confidence[field] === "withheld" ? undefined : figures[field];
}
