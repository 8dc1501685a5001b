import { secondPercentileUs } from "../../proto/responseSecond.js";
import { littlesLawOf } from "../analysis/checkLittlesLaw.js";
import { medianInterval } from "../analysis/medianInterval.js";
import { offeredBySecond } from "../analysis/offeredBySecond.js";
import { responseIntervals } from "../analysis/responseIntervals.js";
import { SECONDS_MIN, type SteadyState, steadyStateOf, type Trend } from "../analysis/steadyState.js";
import { SLOT_MS } from "../analysis/throughput.js";
import type { MergedRun } from "../merge/merged.js";
import { rounded } from "./figures.js";
import { formatRate, formatShare } from "./format.js";
import type { Report, ReportRun } from "./schema.js";

type Statistics = ReportRun["statistics"];

/** @param unfinished tasks without a response time */
export function statisticsOf(run: MergedRun, unfinished: number): Statistics {
	const steady = steadyStateOf(run);
	const law = littlesLawOf(run);
	return {
		steadyState: {
			kind: steady.kind,
			warmUpSeconds: steady.warmUpSeconds ?? null,
			throughput: trendFigures(steady.throughput),
			backlog: trendFigures(steady.backlog),
			sentence: steadySentence(steady),
		},
		littlesLaw: law ? { inFlight: rounded(law.inFlight), off: rounded(law.off, 6), holds: law.holds } : null,
		responseIntervals: intervalFigures(run, unfinished),
	};
}

function trendFigures(trend: Trend | undefined): Statistics["steadyState"]["throughput"] {
	if (!trend) return null;
	return { ...trend, z: rounded(trend.z), perSecond: rounded(trend.perSecond), drift: rounded(trend.drift, 6) };
}

function steadySentence({ kind, throughput, backlog, warmUpSeconds, isUnsettled }: SteadyState): string {
	if (!throughput) return `too short to tell (it takes ${SECONDS_MIN} s)`;
	const way = throughput.drift < 0 ? "-" : "+";
	const parts = [`rate ${way}${formatShare(Math.abs(throughput.drift))} over the measured time`];
	if (backlog) {
		const grows = backlog.isTrend ? "growing" : "not growing";
		parts.push(
			`backlog ${grows} (${backlog.perSecond < 0 ? "-" : "+"}${formatRate(Math.abs(backlog.perSecond))} tasks a second)`,
		);
	}
	if (isUnsettled) parts.push("no end of the warm-up by MSER-5");
	if (warmUpSeconds !== undefined) parts.push(`warm-up by MSER-5: ${warmUpSeconds} s`);
	return `${kind === "steady" ? "steady" : "NOT steady"}: ${parts.join(", ")}`;
}

function intervalFigures(run: MergedRun, unfinished: number): Statistics["responseIntervals"] {
	const within = responseIntervals(run, unfinished);
	const of = (percent: number) => {
		const interval = within.withheld === undefined ? within.ofPercent.get(percent) : undefined;
		return interval ? { lowUs: rounded(interval.low), highUs: rounded(interval.high) } : null;
	};
	return { p50Us: of(50), p95Us: of(95), p99Us: of(99), withheld: within.withheld ?? null };
}

/** The run second by second. */
export function secondsOf(run: MergedRun): ReportRun["seconds"] {
	const perSecond = 1_000 / SLOT_MS;
	const last = run.responseSeries.at(-1)?.index ?? -1;
	const length = Math.max(last + 1, Math.ceil(run.series.length / perSecond));
	const indexes = Array.from({ length }, (_, index) => index);
	const bySecond = new Map(run.responseSeries.map((second) => [second.index, second]));
	const counted = (name: "sent" | "completed" | "failed") =>
		indexes.map((index) =>
			run.series.slice(index * perSecond, (index + 1) * perSecond).reduce((sum, slot) => sum + slot[name], 0),
		);
	const percentile = (share: number) =>
		indexes.map((index) => {
			const second = bySecond.get(index);
			const count = second ? Math.max(second.count, second.intended - second.ended) : 0;
			return (second && count > 0 ? secondPercentileUs(second, share, count) : undefined) ?? null;
		});
	const backlog = new Map(
		run.redisSamples.map(({ atUs, backlog: queues }) => [
			Math.floor(atUs / 1e6),
			queues.reduce((sum, one) => sum + one, 0),
		]),
	);
	const offered = offeredBySecond(run, length);
	return {
		offered: indexes.map((index) => (offered ? rounded(offered[index] ?? 0) : null)),
		intended: indexes.map((index) => bySecond.get(index)?.intended ?? 0),
		sent: counted("sent"),
		completed: counted("completed"),
		failed: counted("failed"),
		backlog: indexes.map((index) => backlog.get(index) ?? null),
		p50Us: percentile(0.5),
		p99Us: percentile(0.99),
		maxUs: indexes.map((index) => {
			const second = bySecond.get(index);
			return second && second.count > 0 ? rounded(second.maxUs) : null;
		}),
	};
}

type PointInterval = NonNullable<Report["sweep"]>["points"][number]["intervals"]["p50Us"];

/** The order statistics around a median over repeats. */
export function intervalOf(values: readonly number[]): PointInterval {
	const found = medianInterval(values);
	return found
		? { low: rounded(found.low), high: rounded(found.high), confidence: rounded(found.confidence, 6) }
		: null;
}
