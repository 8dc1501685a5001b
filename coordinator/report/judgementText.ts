import { paragraph, type Section, table } from "./document.js";
import { NO_FIGURE } from "./format.js";
import type { Report } from "./schema.js";
import { type Column, text } from "./table.js";

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

export function targetsSection({ targets }: Report): Section | undefined {
	if (targets === null) return undefined;
	const note =
		targets.name === null
			? "No targets were given: --targets spool compares with Spool's own, --targets FILE with others."
			: `Of ${targets.run}, beside the targets of ${targets.name}. Missing one is no failure: a threshold is.`;
	return { id: "targets", title: "Targets", blocks: [table(TARGET_COLUMNS, targetRows(targets)), paragraph(note)] };
}

export function thresholdsSection({ thresholds }: Report): Section | undefined {
	if (thresholds.length === 0) return undefined;
	const failed = thresholds.filter(({ passed }) => !passed).length;
	const rows = thresholds.map(({ threshold, passed, sentence }) => [
		passed ? "✅ passed" : "❌ FAILED",
		threshold,
		sentence,
	]);
	return {
		id: "thresholds",
		title: `Thresholds: ${failed === 0 ? "all passed" : `${failed} of ${thresholds.length} failed`}`,
		blocks: [table(["", "threshold", "measured"].map(text), rows)],
	};
}
