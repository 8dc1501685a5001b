import { formatQuantity, NO_FIGURE } from "../report/format.js";
import { figure, text } from "../report/table.js";
import { METRICS, type Metric } from "./metrics.js";
import type { ComparedMetric, ComparedPoint, Comparison } from "./schema.js";
import { changeText } from "./sentences.js";

export const COLUMNS = [text("metric"), figure("baseline"), figure("candidate"), figure("change"), text("verdict")];

/** A row for each metric that a side knows. */
export function metricRows(metrics: readonly ComparedMetric[]): string[][] {
	return metrics.flatMap((compared) => {
		const metric = METRICS.find(({ key }) => key === compared.key);
		if (metric === undefined || (compared.baseline.median === null && compared.candidate.median === null)) return [];
		return [
			[
				compared.title,
				valueCell(metric, compared.baseline.median),
				valueCell(metric, compared.candidate.median),
				changeCell(metric, compared),
				compared.outcome ?? "",
			],
		];
	});
}

function valueCell(metric: Metric, value: number | null): string {
	return value === null ? NO_FIGURE : metric.format(value);
}

/** `+96.2% [+95.0, +97.1]` */
function changeCell(metric: Metric, { change, interval }: ComparedMetric): string {
	if (change === null) return NO_FIGURE;
	if (interval === null || (interval.low === 0 && interval.high === 0)) return changeText(metric, change);
	const ends = [interval.low, interval.high].map((end) => changeText(metric, end).replace(/%| points/, ""));
	return `${changeText(metric, change)} [${ends.join(", ")}]`;
}

/** The stages of a task's life are details; the rest is what one looks at first. */
export function isDetail({ key }: ComparedMetric): boolean {
	return key.includes(".");
}

/** The sentences on what the overall verdict is made of. */
export function headlineSentences({ metrics }: ComparedPoint): string[] {
	return metrics.filter(({ headline }) => headline).map(({ sentence }) => sentence);
}

/** `10 pairs in blocks ABBA and BAAB (seed 7), after 6 A/A pairs`; how the runs lie to each other. */
export function designSentence({ design }: Comparison): string {
	if (design === null) return "Two results, measured one after the other; runs are not paired";
	const noise = design.noisePairs > 0 ? `, after ${design.noisePairs} A/A pairs of the baseline` : "";
	return `${design.pairs} pairs in blocks ABBA and BAAB in random order (seed ${design.seed})${noise}`;
}

/** `runs/a: quick, 10 runs, 2026-01-31T12:00:00.000Z, version 0.1.0` */
export function sideSentence(side: Comparison["baseline"]): string {
	return `${side.label}: ${side.name}, ${formatQuantity(side.runs, "run")}, ${side.startedAt}, version ${side.softwareVersion}`;
}

/** A median is of all runs on a side; what differs within a side is in comparison.json. */
export const TABLE_LEGEND =
	"Medians of the runs; the change is estimated by runs, with its 95 % interval where there are enough of them.";
