import { formatMicros, formatRate, formatShare, NO_FIGURE } from "./format.js";
import type { LatencyFigures, Report, ReportRun, StageName } from "./schema.js";

/** What the stages are called in tables. */
export const STAGE_TITLES: { readonly [name in StageName]: string } = {
	responseTime: "response time",
	uncorrectedResponseTime: "uncorrected",
	sendLag: "send lag",
	enqueueTime: "enqueue",
	queueWait: "queue wait",
	dequeueTime: "dequeue",
	serviceTime: "service",
	ackTime: "ack",
	generatorLag: "generator lag",
	backpressureLag: "backpressure",
};

/**
 * The stages worth a row: where nothing was sent late, the uncorrected time is the response time, and what lag there is
 * needs no parting by its causes where there is but one.
 */
export function shownStages(run: ReportRun): StageName[] {
	const { sendLag, backpressureLag } = run.latency;
	const names = Object.keys(STAGE_TITLES) as StageName[];
	const left = new Set<StageName>([
		...(sendLag.maxUs === 0 ? (["sendLag", "uncorrectedResponseTime"] as const) : []),
		...(backpressureLag.count === 0 ? (["generatorLag", "backpressureLag"] as const) : []),
	]);
	return names.filter((name) => !left.has(name));
}

export type Percentile = keyof LatencyFigures["confidence"];

const SHARES: { readonly [percentile in Percentile]: number } = { p50Us: 0.5, p95Us: 0.95, p99Us: 0.99, p999Us: 0.999 };

export function isPercentile(name: Percentile | Exact): name is Percentile {
	return name in SHARES;
}

/** Whether so many tasks are unfinished that the percentile lies among them. */
export function isBeyondFinished(figures: LatencyFigures, percentile: Percentile): boolean {
	return figures.count > 0 && SHARES[percentile] > figures.count / (figures.count + figures.unfinished);
}

/** `~` before a percentile marks a low confidence, `>` one among the unfinished; a withheld one is not printed. */
export function percentileCell(figures: LatencyFigures, percentile: Percentile): string {
	if (isBeyondFinished(figures, percentile)) return `>${formatMicros(figures[percentile])}`;
	const confidence = figures.confidence[percentile];
	if (confidence === "withheld") return NO_FIGURE;
	return `${confidence === "low" ? "~" : ""}${formatMicros(figures[percentile])}`;
}

export type Exact = "meanUs" | "minUs" | "maxUs";

/** The mean, the minimum or the maximum: exact, where there is any value. */
export function exactCell(figures: LatencyFigures, name: Exact): string {
	return figures.count === 0 ? NO_FIGURE : formatMicros(figures[name]);
}

/** Any figure of a stage, as its count of values allows. */
export function timeCell(figures: LatencyFigures, name: Percentile | Exact): string {
	return isPercentile(name) ? percentileCell(figures, name) : exactCell(figures, name);
}

/** What the marks of `percentileCell` mean, as one sentence; undefined where none of these cells has one. */
export function percentileLegend(cells: readonly string[]): string | undefined {
	const marks: string[] = [];
	if (cells.some((cell) => cell.startsWith("~"))) marks.push("~ fewer than 100 values above it");
	if (cells.some((cell) => cell.startsWith(">"))) marks.push("> among the unfinished tasks");
	if (cells.includes(NO_FIGURE)) marks.push(`${NO_FIGURE} fewer than 10 values above it, or not measured`);
	return marks.length === 0 ? undefined : marks.join("; ");
}

export function steadyCell(run: ReportRun): string {
	return rateOrNone(run.throughput.steadyTasksPerSecond);
}

export function rateOrNone(perSecond: number | null): string {
	return perSecond === null ? NO_FIGURE : formatRate(perSecond);
}

export function shareOrNone(share: number | null): string {
	return share === null ? NO_FIGURE : formatShare(share);
}

/** `3.94×`. */
export function speedupCell(speedup: number | null): string {
	return speedup === null ? NO_FIGURE : `${speedup.toFixed(2)}×`;
}

/** The run that summaries head with; undefined where no run took place. */
export function headlineOf(report: Report): ReportRun | undefined {
	return report.runs.find((run) => run.ordinal === report.headlineRun);
}
