import { headlineOf, percentileLegend, STAGE_TITLES, shownStages } from "./cells.js";
import { boundedTime, clockLegend, clocksSentence, shortTime } from "./clocksText.js";
import { curveLines } from "./curve.js";
import { formatBytes, formatCount, formatMicros, formatRate, formatShare, shorten, wrap, wrapItems } from "./format.js";
import { courseText, spreadText } from "./glance.js";
import { targetTable } from "./judgementText.js";
import { offeredSentence, sendingSentence, uncorrectedSentence } from "./loadText.js";
import type { Palette } from "./palette.js";
import { PROFILE_TITLES, profileFiles, profileSentence, topRows } from "./profileText.js";
import { ITEM_DOT, qualityItems } from "./qualityText.js";
import type { Report, ReportRun } from "./schema.js";
import {
	accountingSentence,
	agentBalances,
	headlineChoice,
	loadSentence,
	outcomeSentence,
	prioritySentence,
	redisSentence,
	resourcesSentence,
	shownReasons,
	workSentence,
} from "./sentences.js";
import { intervalSentence, littlesLawSentence, steadinessSentence } from "./statisticsText.js";
import { sweepRows, sweepSentences } from "./sweepText.js";
import { figure, terminalTable, text } from "./table.js";

const WIDTH = 80;
const NAME_WIDTH = 12;
const FILES = ["SUMMARY.md", "report.html", "report.json", "junit.xml", "log", "result.pb.gz"];

/**
 * The report for a terminal of 80 columns or more, the verdict first.
 *
 * @param folder where the result lies; undefined: say nothing about files
 */
export function renderTerminal(report: Report, palette: Palette, folder?: string): string {
	const run = headlineOf(report);
	const blocks = [
		[
			verdictLine(report, palette),
			...shownReasons(report).flatMap((reason) => reasonLines(reason, palette)),
			...(run === undefined ? [] : [labelledItems("quality", qualityItems(report, run), ITEM_DOT, palette)]),
		],
		thresholds(report, palette),
		...(run === undefined
			? [["  No run took place."]]
			: [
					headline(report, run, palette),
					targets(report, palette),
					sweep(report, palette),
					scaling(report, palette),
					curve(report),
					stages(run, palette),
					diagnosis(report, palette),
					facts(report, run, palette),
					agents(run, palette),
					errors(report, palette),
					...report.profiles.map((profile) => profileBlock(profile, palette)),
				]),
		folder === undefined
			? []
			: [labelled("files", `${folder}/ (${FILES.concat(report.profiles.flatMap(profileFiles)).join(", ")})`, palette)],
	];
	const lines = blocks.filter((block) => block.length > 0).map((block) => block.join("\n"));
	return `${lines.join("\n\n")}\n\n`;
}

function paintOf(palette: Palette, severity: "VALID" | "DEGRADED" | "INVALID" | "NOTE"): (text: string) => string {
	switch (severity) {
		case "VALID":
			return palette.green;
		case "DEGRADED":
			return palette.yellow;
		case "INVALID":
			return palette.red;
		case "NOTE":
			return palette.dim;
	}
}

function verdictLine(report: Report, palette: Palette): string {
	const { validity } = report.verdict;
	const name = shorten(report.name, WIDTH - 14);
	return `  ${palette.bold(paintOf(palette, validity)(validity))}  ${palette.bold(name)}`;
}

function reasonLines(reason: ReturnType<typeof shownReasons>[number], palette: Palette): string[] {
	const label = reason.severity.toLowerCase();
	const paint = paintOf(palette, reason.severity);
	const [first = "", ...more] = wrap(reason.sentence, WIDTH - NAME_WIDTH - 2);
	const margin = " ".repeat(NAME_WIDTH + 2);
	return [
		`  ${paint(label.padEnd(NAME_WIDTH))}${first}`,
		...more.map((line) => margin + line),
		...wrap(reason.advice, WIDTH - NAME_WIDTH - 2).map((line) => margin + palette.dim(line)),
	];
}

function headline(report: Report, run: ReportRun, palette: Palette): string[] {
	const { throughput, latency } = run;
	const best = report.runs.length > 1 ? `  ${palette.dim(shorten(headlineChoice(report, run), 50))}` : "";
	const steady =
		throughput.steadyTasksPerSecond === null
			? `withheld: ${throughput.steadyWithheld ?? "not known"}`
			: `${formatRate(throughput.steadyTasksPerSecond)} tasks/s over the middle 80% of the completions`;
	const response = latency.responseTime;
	const cells = [
		`p50 ${boundedTime(response, "p50Us")}`,
		`p95 ${boundedTime(response, "p95Us")}`,
		`p99 ${boundedTime(response, "p99Us")}`,
		`max ${boundedTime(response, "maxUs")}`,
	];
	return [
		`  ${palette.bold(`${formatRate(throughput.tasksPerSecond)} tasks/s`)}${best}`,
		labelled("steady", steady, palette),
		...labelledIf("course", courseText(run), palette),
		...labelledIf("offered", offeredSentence(run), palette),
		labelledItems("response", cells, "   ", palette),
		...labelledIf("spread", spreadText(run), palette),
		...labelledIf("uncorrected", uncorrectedSentence(run), palette),
		labelled("tasks", outcomeSentence(run), palette),
		labelled("load", `${loadSentence(run)} (${run.loop} loop)`, palette),
		...labelledIf("sending", sendingSentence(run), palette),
	];
}

function thresholds(report: Report, palette: Palette): string[] {
	return report.thresholds.flatMap(({ threshold, passed, sentence }) => {
		const [first = "", ...more] = wrap(`${threshold}  ${sentence}`, WIDTH - 4);
		const mark = passed ? palette.green("✓") : palette.red("✗");
		return [`  ${mark} ${first}`, ...more.map((line) => `    ${line}`)];
	});
}

function targets(report: Report, palette: Palette): string[] {
	if (report.targets === null || report.targets.name === null) return [];
	const { columns, rows } = targetTable(report.targets);
	return painted(terminalTable(columns, rows), palette);
}

function sweep(report: Report, palette: Palette): string[] {
	if (report.sweep === null) return [];
	const { columns, rows } = sweepRows(report.sweep);
	const lines = terminalTable(columns, rows);
	const fits = lines.every((line) => line.length <= WIDTH - 2);
	// The bars are what can be spared.
	return painted(fits ? lines : terminalTable(columns.slice(0, -1), rows), palette);
}

function scaling(report: Report, palette: Palette): string[] {
	if (report.sweep === null) return [];
	const [first, ...more] = sweepSentences(report.sweep);
	const name = report.sweep.scaling === null ? "sweep" : "scaling";
	return [labelled(name, first ?? "", palette), ...more.map((sentence) => labelled("", sentence, palette))];
}

function curve(report: Report): string[] {
	return report.sweep?.scaling ? curveLines(report.sweep.scaling) : [];
}

function stages(run: ReportRun, palette: Palette): string[] {
	const names = shownStages(run);
	const rows = names.map((name) => {
		const figures = run.latency[name];
		return [
			STAGE_TITLES[name],
			shortTime(figures, "meanUs"),
			shortTime(figures, "p50Us"),
			shortTime(figures, "p95Us"),
			shortTime(figures, "p99Us"),
			shortTime(figures, "p999Us"),
			shortTime(figures, "maxUs"),
		];
	});
	const headings = ["mean", "p50", "p95", "p99", "p99.9", "max"];
	const columns = [text("stage"), ...headings.map(figure)];
	const clocks = wrapItems([...clockNote(run), ...clockLegend(rows.flat())], "; ", WIDTH - 2);
	const legend = wrap(percentileLegend(rows.flat()) ?? "", WIDTH - 2);
	const marks = [...clocks, ...legend].map((line) => `  ${palette.dim(line)}`);
	return [...painted(terminalTable(columns, rows), palette), ...marks];
}

/** There is no room for a column. */
function clockNote({ latency }: ReportRun): string[] {
	const { clockBoundUs } = latency.responseTime;
	return clockBoundUs > 0 ? [`response times ±${formatMicros(clockBoundUs)} each (clock)`] : [];
}

function diagnosis({ diagnosis }: Report, palette: Palette): string[] {
	return diagnosis === null ? [] : [labelled("limit", `${diagnosis.sentence} ${diagnosis.advice}`, palette)];
}

function facts(report: Report, run: ReportRun, palette: Palette): string[] {
	return [
		...labelledIf("stationary", steadinessSentence(run), palette),
		...labelledIf("intervals", intervalSentence(run), palette),
		...labelledIf("Little", littlesLawSentence(run), palette),
		labelled("accounting", accountingSentence(run), palette),
		...balancesByAgent(run, palette),
		...labelledIf("", prioritySentence(run), palette),
		labelled("work", workSentence(run), palette),
		labelled("agents", resourcesSentence(run), palette),
		...labelledIf("clocks", clocksSentence(run), palette),
		labelled("redis", redisSentence(report, run), palette),
	];
}

function balancesByAgent(run: ReportRun, palette: Palette): string[] {
	const balances = agentBalances(run);
	return balances.length === 0 ? [] : [labelledItems("", balances, "; ", palette)];
}

/** Up to this many agents have a row each; of more, the slowest, the busiest and the lost. */
const AGENT_ROWS_MAX = 12;

function agents(run: ReportRun, palette: Palette): string[] {
	if (run.agents < 2) return [];
	const all = run.perAgent;
	const shown = all.length <= AGENT_ROWS_MAX ? all : extremes(all);
	const rows = shown.map((agent) => [
		String(agent.index),
		shorten(agent.hostname, 10),
		String(agent.workers),
		formatCount(agent.completed),
		formatRate(agent.tasksPerSecond),
		formatShare(agent.cpuShare),
		formatBytes(agent.peakRssBytes),
		formatMicros(agent.loopDelayP99Us),
		agent.lost === null ? "" : "lost",
	]);
	const columns = [
		figure("agent"),
		text("host"),
		...["workers", "done", "tasks/s", "CPU", "RSS", "delay"].map(figure),
		text(""),
	];
	const left = all.length - shown.length;
	const rest = left > 0 ? [`  ${palette.dim(`and ${formatCount(left)} more between these: see SUMMARY.md`)}`] : [];
	return [...painted(terminalTable(columns, rows), palette), ...rest];
}

type AgentFigures = ReportRun["perAgent"][number];

const LOST_ROWS_MAX = 6;

function extremes(all: readonly AgentFigures[]): AgentFigures[] {
	const by = (value: (agent: AgentFigures) => number) => all.toSorted((a, b) => value(a) - value(b));
	const rates = by((agent) => agent.tasksPerSecond);
	const chosen = new Set([
		...all.filter((agent) => agent.lost !== null).slice(0, LOST_ROWS_MAX),
		...rates.slice(0, 2),
		...rates.slice(-2),
		...by((agent) => agent.loopUtilization).slice(-2),
	]);
	return [...chosen].sort((a, b) => a.index - b.index);
}

const ERROR_ROWS_MAX = 5;

function errors(report: Report, palette: Palette): string[] {
	const kinds = new Map<string, number>();
	for (const run of report.runs) {
		for (const [kind, count] of Object.entries(run.errors)) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
	}
	if (kinds.size === 0) return [];
	const sorted = [...kinds].sort(([, a], [, b]) => b - a);
	const rows = sorted.slice(0, ERROR_ROWS_MAX).map(([kind, count]) => [formatCount(count), shorten(kind, 60)]);
	const left = sorted.length - rows.length;
	const rest = left > 0 ? [`  ${palette.dim(`and ${left} more kinds: see SUMMARY.md`)}`] : [];
	return [...painted(terminalTable([figure("errors"), text("kind")], rows), palette), ...rest];
}

/** What a profile says in short: shares by category, and the functions that took the most themselves. */
function profileBlock(profile: Report["profiles"][number], palette: Palette): string[] {
	const rows = topRows(profile).map(([name = "", ...figures]) => [...figures, shorten(name, 56)]);
	const columns = [figure(PROFILE_TITLES[profile.kind].toLowerCase()), figure("share"), text("function")];
	return [
		labelled(profile.kind === "cpu" ? "CPU" : "memory", profileSentence(profile), palette),
		...profile.failures.map((failure) => labelled("", `No profile of ${failure}`, palette)),
		...(rows.length > 0 ? ["", ...painted(terminalTable(columns, rows), palette)] : []),
	];
}

function labelledIf(label: string, sentence: string | undefined, palette: Palette): string[] {
	return sentence === undefined ? [] : [labelled(label, sentence, palette)];
}

function labelled(label: string, sentence: string, palette: Palette): string {
	return labelledLines(label, wrap(sentence, WIDTH - NAME_WIDTH - 2), palette);
}

function labelledItems(label: string, items: readonly string[], separator: string, palette: Palette): string {
	const width = WIDTH - NAME_WIDTH - 2;
	const lines = wrapItems(items, separator, width).flatMap((line) => wrap(line, width));
	return labelledLines(label, lines, palette);
}

function labelledLines(label: string, [first = "", ...more]: readonly string[], palette: Palette): string {
	return [
		`  ${palette.dim(label.padEnd(NAME_WIDTH))}${first}`,
		...more.map((line) => " ".repeat(NAME_WIDTH + 2) + line),
	].join("\n");
}

function painted([head = "", ...body]: readonly string[], palette: Palette): string[] {
	return [`  ${palette.dim(head)}`, ...body.map((line) => `  ${line}`)];
}
