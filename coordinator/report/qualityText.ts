import { percentileCell } from "./cells.js";
import { formatCount, formatMicros, formatShare, shorten } from "./format.js";
import type { Report, ReportRun } from "./schema.js";

/** Between the items of a quality line. */
export const ITEM_DOT = " · ";

const NAME_MAX = 30;

const STEADY: { readonly [kind in ReportRun["quality"]["steady"]]: string } = {
	steady: "steady",
	unsteady: "NOT steady",
	unknown: "too short to tell if steady",
};

const ACCOUNTING: { readonly [state in ReportRun["quality"]["accounting"]]: string } = {
	balanced: "balanced",
	"not-balanced": "NOT BALANCED",
	"not-proven": "balance not proven",
};

/** The quality line (measurement.md §7), item by item: what applies to the run; its name first where there are several. */
export function qualityItems(report: Report, run: ReportRun): string[] {
	const { quality, latency } = run;
	const { sentRatio, clockBoundUs, steady, unfinished, overRange, belowZero, accounting } = quality;
	const items = [
		...(sentRatio === null ? [] : [`sent ${formatShare(sentRatio)}`, `send lag p99 ${sendLag(latency.sendLag)}`]),
		clockBoundUs === null ? "one clock" : `clock ±${formatMicros(clockBoundUs)}`,
		...startSkew(quality),
		STEADY[steady],
		`${formatCount(unfinished)} unfinished`,
		`${formatCount(overRange)} over range, ${formatCount(belowZero)} below zero`,
		ACCOUNTING[accounting],
	];
	const [first = "", ...others] = items;
	return report.runs.length > 1 ? [`${shorten(run.name, NAME_MAX)}: ${first}`, ...others] : items;
}

function sendLag(figures: ReportRun["latency"]["sendLag"]): string {
	return figures.confidence.p99Us === "withheld" ? "withheld" : percentileCell(figures, "p99Us");
}

function startSkew({ startSkewUs, startSkewBoundUs }: ReportRun["quality"]): string[] {
	if (startSkewUs === null) return [];
	return [`start skew ${formatMicros(startSkewUs)}${startSkewBoundUs ? ` ±${formatMicros(startSkewBoundUs)}` : ""}`];
}
