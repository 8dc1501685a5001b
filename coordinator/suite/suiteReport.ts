import { headlineOf } from "../report/cells.js";
import { boundedTime } from "../report/clocksText.js";
import { type Block, facts, list, paragraph, type Section, table } from "../report/document.js";
import { formatBytes, formatCount, formatMicros, formatRate, formatShare, NO_FIGURE } from "../report/format.js";
import { markdownSection } from "../report/markdown.js";
import { profileSentence, topRows } from "../report/profileText.js";
import type { Report } from "../report/schema.js";
import { shownReasons } from "../report/sentences.js";
import { summaryHeadline } from "../report/summaryHeadline.js";
import { sweepRows, sweepSentences } from "../report/sweepText.js";
import { figure, text } from "../report/table.js";
import type { ComponentFigures } from "./goLines.js";

/** What became of a part of the suite. */
export interface PartResult {
	readonly name: string;
	readonly title: string;
	readonly exitCode: number;
	readonly seconds: number;
	/** Null where it is no benchmark run, or left none. */
	readonly report: Report | null;
}

/** `report.json` of a suite. */
export interface SuiteReport {
	readonly schema: "spool-bench/suite/1";
	readonly startedAt: string;
	readonly finishedAt: string;
	readonly command: string;
	readonly quick: boolean;
	/** Of the suite: see `suiteExitCode`. */
	readonly exitCode: number;
	readonly parts: readonly PartResult[];
	readonly components: readonly ComponentFigures[];
}

/** The first of these that a part ended with: what stopped the suite, what could not be done, what was judged. */
const PRECEDENCE = [130, 4, 2, 5, 7, 3, 6];

/** 0 where every part ended well; a part that ended in a way of its own counts as 1. */
export function suiteExitCode(codes: readonly number[]): number {
	if (codes.some((code) => code !== 0 && !PRECEDENCE.includes(code))) return 1;
	return PRECEDENCE.find((code) => codes.includes(code)) ?? 0;
}

/** The worst word of any part. */
export function suiteVerdict({ parts, exitCode }: SuiteReport): string {
	const validities = parts.flatMap(({ report }) => (report ? [report.verdict.validity] : []));
	if (![0, 3, 6].includes(exitCode)) return "INCOMPLETE";
	return validities.includes("INVALID") ? "INVALID" : validities.includes("DEGRADED") ? "DEGRADED" : "VALID";
}

/** `SUMMARY.md` of a suite. Its code block is the one of the part `quick`, for programs that grep it. */
export function renderSuiteSummary(suite: SuiteReport): string {
	const quick = suite.parts.find(({ name }) => name === "quick")?.report;
	const run = quick ? headlineOf(quick) : undefined;
	const parts = [
		[`# ${suiteVerdict(suite)}: benchmark suite`],
		...(quick && run ? [summaryHeadline(quick, run)] : []),
		...suiteSections(suite).map(markdownSection),
	];
	return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** What there is to say of the suite, the same in every form. */
export function suiteSections(suite: SuiteReport): Section[] {
	return [
		overview(suite),
		...findings(suite),
		...suite.parts.flatMap(({ report }) => scaling(report)),
		...components(suite.components),
		...suite.parts.flatMap(({ report }) => profiles(report)),
		details(suite),
	];
}

function overview({ parts }: SuiteReport): Section {
	const headings = ["tasks/s", "p50", "p95", "p99", "max", "errors", "memory", "took"];
	const rows = parts.map((part) => [part.name, outcomeOf(part), ...figuresOf(part), `${part.seconds.toFixed(0)} s`]);
	return {
		id: "parts",
		title: "Parts",
		blocks: [
			table([text("part"), text("verdict"), ...headings.map(figure)], rows),
			paragraph(
				"A sweep shows its fastest point that holds. Times are response times; memory is the agents' peak, all together.",
			),
		],
	};
}

/** Why a part has no verdict, or what the verdict is. */
function outcomeOf({ report, exitCode }: PartResult): string {
	if (report) return exitCode === 6 ? `${report.verdict.validity}, a threshold failed` : report.verdict.validity;
	return exitCode === 0 ? "done" : `FAILED (exit ${exitCode})`;
}

function figuresOf({ report }: PartResult): string[] {
	const run = report ? headlineOf(report) : undefined;
	if (!run) return Array.from({ length: 7 }, () => NO_FIGURE);
	const response = run.latency.responseTime;
	return [
		formatRate(run.throughput.tasksPerSecond),
		boundedTime(response, "p50Us"),
		boundedTime(response, "p95Us"),
		boundedTime(response, "p99Us"),
		boundedTime(response, "maxUs"),
		formatShare(run.errorRate),
		formatBytes(run.resources.peakRssSumBytes),
	];
}

function findings({ parts }: SuiteReport): Section[] {
	const items = parts.flatMap(({ name, report }) =>
		report
			? shownReasons(report).map(({ severity, sentence, advice }) => ({
					label: severity,
					text: `${name}: ${sentence} ${advice}`,
				}))
			: [],
	);
	return items.length === 0 ? [] : [{ id: "reasons", title: "Findings", blocks: [list(items)] }];
}

function scaling(report: Report | null): Section[] {
	if (!report?.sweep) return [];
	const { columns, rows } = sweepRows(report.sweep);
	const sentences: Block[] = sweepSentences(report.sweep).map(paragraph);
	return [{ id: "scaling", title: "Scalability", blocks: [table(columns, rows), ...sentences] }];
}

function components(all: readonly ComponentFigures[]): Section[] {
	if (all.length === 0) return [];
	const columns = [text("benchmark"), ...["ns/op", "ops/s", "B/op"].map(figure)];
	const rows = all.map(({ name, nsPerOperation, operationsPerSecond, bytesPerOperation }) => [
		name,
		formatCount(Math.round(nsPerOperation)),
		formatRate(operationsPerSecond),
		bytesPerOperation === null ? NO_FIGURE : formatCount(bytesPerOperation),
	]);
	const note = "As bench_output.log has them in Go's format: benchstat compares two such files.";
	return [{ id: "components", title: "Components", blocks: [table(columns, rows), paragraph(note)] }];
}

function profiles(report: Report | null): Section[] {
	const all = report?.profiles ?? [];
	if (all.length === 0) return [];
	const columns = [text("function"), figure("amount"), figure("share")];
	const blocks = all.flatMap((profile) => [paragraph(profileSentence(profile)), table(columns, topRows(profile))]);
	return [{ id: "profiles", title: "Profiles", blocks }];
}

function details({ startedAt, finishedAt, command, parts }: SuiteReport): Section {
	const tookUs = (Date.parse(finishedAt) - Date.parse(startedAt)) * 1_000;
	const reports = parts.filter(({ report }) => report).map(({ name }) => `${name}/report.html`);
	return {
		id: "details",
		title: "Details",
		blocks: [
			facts(
				["started", `${startedAt.slice(0, 19).replace("T", " ")} UTC, took ${formatMicros(tookUs)}`],
				["each part's own report", reports.length > 0 ? reports.join(", ") : "none was written"],
			),
			{ kind: "command", text: command },
		],
	};
}
