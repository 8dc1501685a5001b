import { expect, test } from "vitest";
import { simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { buildReport } from "../report/build.js";
import { parseGoLines } from "./goLines.js";
import { suiteParts } from "./parts.js";
import { renderSuiteHtml } from "./suiteHtml.js";
import { type PartResult, renderSuiteSummary, type SuiteReport, suiteExitCode, suiteVerdict } from "./suiteReport.js";

const record = simulatedRecord([{}]);
const report = buildReport(record, record.runs.map(mergeRun));
const part = (name: string, exitCode = 0, given: PartResult["report"] = report): PartResult => ({
	name,
	title: name,
	exitCode,
	seconds: 4.2,
	report: given,
});

const suite = (...parts: PartResult[]): SuiteReport => ({
	schema: "spool-bench/suite/1",
	startedAt: "2026-01-31T12:00:00.000Z",
	finishedAt: "2026-01-31T12:02:00.000Z",
	command: "coordinator suite",
	quick: false,
	exitCode: suiteExitCode(parts.map(({ exitCode }) => exitCode)),
	parts,
	components: [],
});

test.each([
	[[0, 0, 0], 0],
	[[0, 3, 6], 3],
	[[0, 6, 0], 6],
	[[3, 5, 0], 5],
	[[3, 4], 4],
	[[0, 137, 3], 1],
	[[], 0],
])("parts that end with %j make a suite that ends with %d", (codes, expected) => {
	expect(suiteExitCode(codes)).toBe(expected);
});

test("a part that did not come to its end makes the suite incomplete, and loses the others nothing", () => {
	const broken = suite(part("quick"), part("bench", 1, null), part("profiled"));
	expect(suiteVerdict(broken)).toBe("INCOMPLETE");
	const summary = renderSuiteSummary(broken);
	expect(summary).toMatch(/^# INCOMPLETE/);
	expect(summary).toMatch(/\| bench +\| FAILED \(exit 1\)/);
	expect(summary).toMatch(/\| profiled +\| VALID/);
});

test("a summary holds one line of each of the figures that programs read, those of quick", () => {
	const summary = renderSuiteSummary(suite(part("quick"), part("profiled")));
	expect(summary.match(/^Tasks\/Second: +[\d.]+$/gm)).toEqual([
		`Tasks/Second: ${report.runs[0]?.throughput.tasksPerSecond.toFixed(2)}`,
	]);
});

test("nothing that a name or an error says is HTML in the page", () => {
	const evil = { ...report, name: "<script>alert(1)</script>" };
	const page = renderSuiteHtml({ ...suite(part("quick", 0, evil)), command: "<b>" });
	expect(page).not.toMatch(/<script|<b>(?!VALID)/);
	expect(page).toContain('href="quick/report.html"');
});

test("flags of run go to each run, and to no component benchmark", () => {
	const parts = suiteParts("/out", ["--agents", "2"], true);
	expect(parts.map(({ name, command }) => [name, command.slice(-2).join(" ")])).toEqual([
		["quick", "--agents 2"],
		["scalability", "--agents 2"],
		["bench", expect.not.stringContaining("--agents")],
		["profiled", "--agents 2"],
	]);
});

test("reads benchmark lines, with and without bytes, and passes over the rest", () => {
	const output = [
		"goos: linux",
		"BenchmarkSerialize-2           \t      1000\t       1954 ns/op\t      511770 ops/s\t      2658 B/op",
		"BenchmarkTaskThroughput/Engine=classic/Workers=2-2\t 10\t 12.5 ns/op\t 80000000 ops/s",
		"error: Benchmark of nothing",
	].join("\n");
	expect(parseGoLines(output)).toEqual([
		{
			name: "Serialize",
			iterations: 1_000,
			nsPerOperation: 1_954,
			operationsPerSecond: 511_770,
			bytesPerOperation: 2_658,
		},
		{
			name: "TaskThroughput/Engine=classic/Workers=2",
			iterations: 10,
			nsPerOperation: 12.5,
			operationsPerSecond: 80_000_000,
			bytesPerOperation: null,
		},
	]);
});
