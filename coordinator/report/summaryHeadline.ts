import { isBeyondFinished, isPercentile } from "./cells.js";
import { isFlagged, shortTime } from "./clocksText.js";
import { formatMicros, formatQuantity, formatRate } from "./format.js";
import { offeredSentence, uncorrectedSentence } from "./loadText.js";
import { prose } from "./markdown.js";
import type { LatencyFigures, Report, ReportRun } from "./schema.js";
import { headlineChoice, loadSentence, outcomeSentence } from "./sentences.js";

const TIMES = [
	["Average", "meanUs"],
	["P50", "p50Us"],
	["P95", "p95Us"],
	["P99", "p99Us"],
	["Min", "minUs"],
	["Max", "maxUs"],
] as const;

type Time = (typeof TIMES)[number][1];

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
		...TIMES.map(([title, name]): [string, string] => [`${title}:`, plainMillis(response, name)]),
	];
	const clocks = clockSentence(response);
	return [
		`${prose(loadSentence(run))}: ${outcomeSentence(run)}.${best}`,
		"",
		"```",
		...rows.map(([name, value]) => `${name.padEnd(13)} ${value}`),
		"```",
		"",
		...(clocks === undefined ? [] : [clocks, ""]),
		[
			whatTimesAre(run),
			...roughness(response),
			`The rate is ${throughput.basis}.`,
			steadySentence(run),
			run.loopNote,
		].join(" "),
	];
}

/** The block's columns are for programs, so what the clocks may be off by stands below it. Undefined within one host. */
function clockSentence(response: LatencyFigures): string | undefined {
	const { clockBoundUs, count } = response;
	if (clockBoundUs === 0 || count === 0) return undefined;
	const shown = TIMES.filter(([, name]) => !isWithheld(response, name));
	const below = shown.filter(([, name]) => shortTime(response, name).startsWith("<"));
	const flagged = shown.filter((time) => !below.includes(time) && isFlagged(response[time[1]], response));
	const list = (chosen: typeof shown) => chosen.map(([title]) => title).join(", ");
	const much = [
		...(flagged.length > 0 ? [`over 10% of ${list(flagged)}`] : []),
		...(below.length > 0 ? [`more than the whole of ${list(below)}`] : []),
	];
	const which = much.length > 0 ? `, which is ${much.join(" and ")}` : "";
	return `By the hosts' clocks each of these times may be off by ±${formatMicros(clockBoundUs)}${which}.`;
}

function whatTimesAre(run: ReportRun): string {
	const uncorrected = uncorrectedSentence(run);
	if (uncorrected === undefined) return "Times are response times.";
	return `Times are response times from when each task was due. Uncorrected: ${prose(uncorrected)}. ${offeredSentence(run)}.`;
}

/** What the block above withholds, and what of it not to build on. */
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
	if (withheld.length > 0) sentences.push(`${list(withheld)}: withheld, fewer than 10 tasks lie above.`);
	if (low.length > 0) sentences.push(`${list(low)}: rough, fewer than 100 tasks lie above.`);
	return sentences;
}

function steadySentence(run: ReportRun): string {
	const { steadyTasksPerSecond, steadyWithheld } = run.throughput;
	return steadyTasksPerSecond === null
		? `No steady rate: ${steadyWithheld ?? "not known"}.`
		: `Steady, over the middle 80% of the completions: ${formatRate(steadyTasksPerSecond)} tasks/s.`;
}

/** One word always, in one unit and with two decimals: summaries line up in a diff, and programs find a column. */
function plainMillis(figures: LatencyFigures, name: Time): string {
	if (isWithheld(figures, name)) return "n/a";
	const isBound = isPercentile(name) && isBeyondFinished(figures, name);
	return `${isBound ? ">" : ""}${(figures[name] / 1000).toFixed(2)}ms`;
}

function isWithheld(figures: LatencyFigures, name: Time): boolean {
	if (figures.count === 0) return true;
	return isPercentile(name) && figures.confidence[name] === "withheld" && !isBeyondFinished(figures, name);
}
