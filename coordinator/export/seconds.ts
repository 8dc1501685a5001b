import type { ReportRun } from "../report/schema.js";

const COLUMNS = {
	offered: "offered",
	intended: "intended",
	sent: "sent",
	completed: "completed",
	failed: "failed",
	backlog: "backlog",
	p50Us: "p50_us",
	p99Us: "p99_us",
	maxUs: "max_us",
} as const;

/** A run second by second, as CSV (RFC 4180, but for its ends of line): what is not known is empty. */
export function exportSeconds(runs: readonly ReportRun[]): string {
	const names = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
	const lines = runs.flatMap(({ name, seconds }) =>
		seconds.sent.map((_, second) =>
			[quoted(name), second, ...names.map((column) => seconds[column][second] ?? "")].join(","),
		),
	);
	return [["run", "second", ...Object.values(COLUMNS)].join(","), ...lines, ""].join("\n");
}

function quoted(text: string): string {
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
