import { isBeyondFinished } from "./cells.js";
import { formatQuantity, formatRate } from "./format.js";
import { offeredSentence, uncorrectedSentence } from "./loadText.js";
import { prose } from "./markdown.js";
import type { LatencyFigures, Report, ReportRun } from "./schema.js";
import { headlineChoice, loadSentence, outcomeSentence } from "./sentences.js";

/** The head of `SUMMARY.md`: what was run, the block of figures that programs read, and how to take them. */
export function summaryHeadline(report: Report, run: ReportRun): string[] {
	const { tasks, throughput, latency } = run;
	const response = latency.responseTime;
	const best = report.runs.length > 1 ? ` This is ${prose(headlineChoice(report, run))}.` : "";
	const rows: [string, string][] = [
		["Tasks/Second:", throughput.tasksPerSecond.toFixed(2)],
		["Total Tasks:", String(tasks.issued)],
		["Completed:", String(tasks.completed)],
		["Failed:", String(tasks.failed)],
		["Error Rate:", `${(run.errorRate * 100).toFixed(4)}%`],
		["Average:", plainMillis(response, "meanUs")],
		["P50:", plainMillis(response, "p50Us")],
		["P95:", plainMillis(response, "p95Us")],
		["P99:", plainMillis(response, "p99Us")],
		["Min:", plainMillis(response, "minUs")],
		["Max:", plainMillis(response, "maxUs")],
	];
	return [
		`${prose(loadSentence(run))}: ${outcomeSentence(run)}.${best}`,
		"",
		"```",
		...rows.map(([name, value]) => `${name.padEnd(13)} ${value}`),
		"```",
		"",
		[
			whatTimesAre(run),
			...roughness(response),
			`The rate is ${throughput.basis}.`,
			steadySentence(run),
			run.loopNote,
		].join(" "),
	];
}

function whatTimesAre(run: ReportRun): string {
	const uncorrected = uncorrectedSentence(run);
	if (uncorrected === undefined) return "Times are response times.";
	return `Times are response times from when each task was due. Uncorrected: ${uncorrected}. ${offeredSentence(run)}.`;
}

/** The block above prints every percentile; here it says which not to build on. */
function roughness(response: LatencyFigures): string[] {
	const names = ["p50Us", "p95Us", "p99Us"] as const;
	const list = (chosen: readonly (typeof names)[number][]) =>
		chosen.map((name) => name.slice(0, 3).toUpperCase()).join(", ");
	const beyond = names.filter((name) => isBeyondFinished(response, name));
	const others = names.filter((name) => !beyond.includes(name));
	const withheld = others.filter((name) => response.confidence[name] === "withheld");
	const low = others.filter((name) => response.confidence[name] === "low");
	const sentences: string[] = [];
	if (beyond.length > 0) {
		const unfinished = formatQuantity(response.unfinished, "task");
		sentences.push(`${list(beyond)}: at least that, ${unfinished} came to no end.`);
	}
	if (withheld.length > 0) sentences.push(`${list(withheld)}: not to be relied on, fewer than 10 tasks lie above.`);
	if (low.length > 0) sentences.push(`${list(low)}: rough, fewer than 100 tasks lie above.`);
	return sentences;
}

function steadySentence(run: ReportRun): string {
	const { steadyTasksPerSecond, steadyWithheld } = run.throughput;
	return steadyTasksPerSecond === null
		? `No steady rate: ${steadyWithheld ?? "not known"}.`
		: `Steady, over the middle 80% of the completions: ${formatRate(steadyTasksPerSecond)} tasks/s.`;
}

/** One unit and two decimals always, so that summaries line up in a diff. */
function plainMillis(
	figures: LatencyFigures,
	name: "meanUs" | "p50Us" | "p95Us" | "p99Us" | "minUs" | "maxUs",
): string {
	return figures.count === 0 ? "n/a" : `${(figures[name] / 1000).toFixed(2)}ms`;
}
