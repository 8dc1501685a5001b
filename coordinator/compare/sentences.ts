import { formatCount, formatQuantity } from "../report/format.js";
import type { Metric } from "./metrics.js";
import type { ComparedMetric } from "./schema.js";
import type { Interval } from "./shift.js";

type Findings = Omit<ComparedMetric, "sentence">;

/** From this factor on, a change is also said as one. */
const FACTOR_FROM = 1.5;

/** What came of one metric, in one sentence. */
export function metricSentence(metric: Metric, findings: Findings, kind: "paired" | "unpaired"): string {
	const title = capitalized(metric.title);
	const { change, baseline, candidate, outcome } = findings;
	if (change === null) {
		const nothing = baseline.values.length === 0 || candidate.values.length === 0;
		return nothing
			? `${title}: not known on both sides${metric.missing === undefined ? "" : ` (${metric.missing})`}.`
			: `${title}: no share of a value that is 0 on a side; ${sides(metric, findings)}.`;
	}
	if (metric.better === undefined) return `${title}: ${changeText(metric, change)}.`;
	switch (outcome) {
		case "better":
		case "worse":
			return `${title} is ${outcome} by ${amountText(metric, findings)}.`;
		case "equivalent":
			return `${title}: ${equivalenceText(metric, findings)}.`;
		case "inconclusive":
			return `${title}: ${inconclusionText(metric, findings, kind)}.`;
		case null:
			return `${title}: ${plainText(metric, findings)}; one run a side proves nothing.`;
	}
}

/** `+3.1%`, or `0% on both sides`: the difference alone. */
export function plainText(metric: Metric, { change, baseline, candidate }: Findings): string {
	const { median } = baseline;
	if (median === null || median !== candidate.median) return changeText(metric, change ?? 0);
	return `${metric.format(median)} on both sides`;
}

/** `12.3% [8.1%, 16.9%]`: how much better or worse; with the factor where that says more. */
export function amountText(metric: Metric, { change, interval }: Findings): string {
	const size = Math.abs(change ?? 0);
	const factor =
		metric.scale === "ratio" && change !== null && 1 + change >= FACTOR_FROM
			? `, ${(1 + change).toFixed(2)} times the baseline's${
					interval ? ` [${(1 + interval.low).toFixed(2)}, ${(1 + interval.high).toFixed(2)}]` : ""
				}`
			: "";
	return `${unsigned(metric, size)}${interval ? ` ${sizesText(metric, interval)}` : ""}${factor}`;
}

/** `equivalent within 5.0% (+0.6% [-1.2%, +2.3%])` */
export function equivalenceText(metric: Metric, { change, interval, delta, baseline, candidate }: Findings): string {
	const same = [...baseline.values, ...candidate.values].every((value) => value === baseline.median);
	if (same && baseline.median !== null) return `${metric.format(baseline.median)} in every run`;
	return `equivalent within ${unsigned(metric, delta ?? 0)} (${changeText(metric, change ?? 0)}${intervalText(metric, interval)})`;
}

function inconclusionText(metric: Metric, findings: Findings, kind: "paired" | "unpaired"): string {
	const { change, interval, runsNeeded, baseline, candidate } = findings;
	const needed =
		kind === "paired" ? formatQuantity(runsNeeded ?? 0, "pair") : `${formatCount(runsNeeded ?? 0)} runs a side`;
	const difference = `${changeText(metric, change ?? 0)}${intervalText(metric, interval)}`;
	if (interval) return `inconclusive, ${difference}; about ${needed} would settle it`;
	const counts =
		kind === "paired"
			? formatQuantity(baseline.values.length, "pair")
			: `${baseline.values.length} and ${candidate.values.length} runs`;
	return `inconclusive, ${difference}: ${counts} are too few for a verdict; about ${needed} would settle it`;
}

function sides(metric: Metric, { baseline, candidate }: Findings): string {
	const text = (value: number | null) => (value === null ? "nothing" : metric.format(value));
	return `${text(baseline.median)} against ${text(candidate.median)}`;
}

/** ` [-1.2%, +2.3%]`; empty where there is none. */
export function intervalText(metric: Metric, interval: Interval | null): string {
	return interval === null ? "" : ` [${changeText(metric, interval.low)}, ${changeText(metric, interval.high)}]`;
}

/** Without signs, the smaller first: the direction has been said. */
function sizesText(metric: Metric, { low, high }: Interval): string {
	const [least = 0, most = 0] = [Math.abs(low), Math.abs(high)].sort((a, b) => a - b);
	return `[${unsigned(metric, least)}, ${unsigned(metric, most)}]`;
}

/** `+12.3%`, `-0.8%`, `+0.3 points`, `+2` */
export function changeText(metric: Pick<Metric, "scale" | "unit">, change: number): string {
	const text = unsigned(metric, Math.abs(change));
	const isNone = Number.parseFloat(text.replaceAll(",", "")) === 0;
	return `${isNone ? "±" : change > 0 ? "+" : "-"}${text}`;
}

function unsigned({ scale, unit }: Pick<Metric, "scale" | "unit">, size: number): string {
	if (scale === "difference" && unit === "count") return formatCount(size);
	const percent = size * 100;
	const digits = percent >= 99.95 ? percent.toFixed(0) : percent.toFixed(scale === "difference" ? 2 : 1);
	return scale === "difference" ? `${digits} points` : `${digits}%`;
}

export function capitalized(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
