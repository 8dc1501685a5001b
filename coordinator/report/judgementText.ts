import { NO_FIGURE } from "./format.js";
import { prose } from "./markdown.js";
import type { Report } from "./schema.js";
import { type Column, markdownTable, text } from "./table.js";

type Targets = NonNullable<Report["targets"]>;
type Status = Targets["rows"][number]["status"];

const STATUS_TEXTS: Readonly<Record<NonNullable<Status>, string>> = {
	met: "✅",
	missed: "❌ missed",
	warning: "⚠️ look",
	unknown: "not known",
};

const TARGET_COLUMNS: Column[] = ["Metric", "Measured", "Target", "Status"].map(text);

function targetRows({ rows }: Targets): string[][] {
	return rows.map(({ title, measured, target, status }) => [
		title,
		measured,
		target ?? NO_FIGURE,
		status === null ? NO_FIGURE : STATUS_TEXTS[status],
	]);
}

/** Given targets as a table for a terminal: the state last, since its signs are wider than they count. */
export function targetTable(targets: Targets): { readonly columns: Column[]; readonly rows: string[][] } {
	return { columns: TARGET_COLUMNS, rows: targetRows(targets) };
}

export function targetsMarkdown({ targets }: Report): string[] {
	if (targets === null) return [];
	const note =
		targets.name === null
			? "No targets were given: `--targets spool` compares with Spool's own, `--targets FILE` with others."
			: `Of ${prose(targets.run)}, beside the targets of ${prose(targets.name)}. Missing one is no failure: a threshold is.`;
	const rows = targetRows(targets).map((row) => row.map(prose));
	return ["## Targets", "", ...markdownTable(TARGET_COLUMNS, rows), "", note];
}

export function thresholdsMarkdown({ thresholds }: Report): string[] {
	if (thresholds.length === 0) return [];
	const failed = thresholds.filter(({ passed }) => !passed).length;
	const rows = thresholds.map(({ threshold, passed, sentence }) => [
		passed ? "✅ passed" : "❌ FAILED",
		prose(threshold),
		prose(sentence),
	]);
	return [
		`## Thresholds: ${failed === 0 ? "all passed" : `${failed} of ${thresholds.length} failed`}`,
		"",
		...markdownTable(["", "threshold", "measured"].map(text), rows),
	];
}
