import { isBeyondFinished, type Percentile } from "./cells.js";
import { shortTime } from "./clocksText.js";
import { bucketsOf, formatWidth, ratesOf } from "./downsample.js";
import { formatRate } from "./format.js";
import { percentileStrip, STRIP_LEGEND } from "./percentileStrip.js";
import type { ReportRun } from "./schema.js";
import { sparkline } from "./sparkline.js";

const SPARK_POINTS = 30;

/** Throughput over the run in one line; undefined where it was too short for one. */
export function courseText({ series }: ReportRun): string | undefined {
	const slots = bucketsOf(series.completed.length, series.slotMs, SPARK_POINTS);
	const rates = ratesOf(slots, series.completed);
	const highest = Math.max(0, ...rates);
	if (rates.length < 3 || highest === 0) return undefined;
	return `${sparkline(rates)}  up to ${formatRate(highest)} tasks/s, each ${formatWidth(slots)}`;
}

const STRIP_WIDTH = 26;

/** The response time's percentiles between its extremes, on a log scale; undefined where there is nothing to show. */
export function spreadText({ latency: { responseTime } }: ReportRun): string | undefined {
	const shown = (name: Percentile) => {
		const isHidden = responseTime.confidence[name] === "withheld" || isBeyondFinished(responseTime, name);
		return isHidden ? undefined : responseTime[name];
	};
	const strip = percentileStrip(
		{
			min: responseTime.minUs,
			p50: shown("p50Us"),
			p95: shown("p95Us"),
			p99: shown("p99Us"),
			max: responseTime.maxUs,
		},
		STRIP_WIDTH,
	);
	if (strip === "") return undefined;
	return `${shortTime(responseTime, "minUs")} ${strip} ${shortTime(responseTime, "maxUs")}  ${STRIP_LEGEND}`;
}
