import picocolors from "picocolors";
import { expect, test } from "vitest";
import { type RunShape, simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { SPOOL_TARGETS } from "../plan/targets.js";
import { parseThreshold } from "../plan/threshold.js";
import { buildReport } from "./build.js";
import { buildRun } from "./buildRun.js";
import { clockColumn, clockLegend, clocksSentence, shortTime, withClockBound } from "./clocksText.js";
import { renderHtml } from "./html/page.js";
import type { ReportRun } from "./schema.js";
import { renderSummary } from "./summary.js";
import { renderTerminal } from "./terminal.js";

const runOf = (hosts: readonly string[]): ReportRun => {
	const [record] = simulatedRecord([{ agents: 2, hosts }]).runs;
	if (!record) throw new Error("no run");
	return buildRun(mergeRun(record));
};

test.each([
	["3.20 ms", 3_200, 0, "3.20 ms"],
	["3.20 ms", 3_200, 150, "3.20 ms ±150 µs (clock)"],
	["~1.50 ms", 1_500, 150, "~1.50 ms ±150 µs (clock)"],
	["1.49 ms", 1_490, 150, "1.49 ms ±150 µs! (clock)"],
	["149 µs", 149, 150, "<150 µs (clock)"],
	["—", 0, 150, "—"],
	[">100 µs", 100, 150, ">100 µs ±150 µs! (clock)"],
])("%s of %d µs with clocks off by %d µs reads %s", (cell, us, clockBoundUs, printed) => {
	const figures = { ...runOf(["a"]).latency.responseTime, clockBoundUs };
	expect(withClockBound(cell, us, figures)).toBe(printed);
});

test.each([
	[3_200, 0, "3.20 ms"],
	[3_200, 150, "3.20 ms"],
	[1_500, 150, "1.50 ms"],
	[1_490, 150, "1.49 ms!"],
	[149, 150, "<150 µs"],
])("beside its bound %d µs with clocks off by %d µs reads %s", (us, clockBoundUs, printed) => {
	const figures = { ...runOf(["a"]).latency.responseTime, p50Us: us, maxUs: us, clockBoundUs };
	expect(shortTime(figures, "p50Us")).toBe(printed);
	expect(shortTime(figures, "maxUs")).toBe(printed);
});

test("marks are explained where they stand, and signs of other figures are not taken for them", () => {
	expect(clockLegend(["1.49 ms!", "<150 µs"])).toEqual([
		"! clocks may be off by over 10% of it",
		"< below what clocks may be off by",
	]);
	expect(clockLegend(["<0.001%", "what a run!", "1.49 ms"])).toEqual([]);
});

const HOSTS: RunShape = { openMs: 3_000, agents: 2, workers: 7, hosts: ["a", "b"] };

/** All forms of a report of two hosts whose clocks may be off by so much. */
function printedWith(clockBoundUs: number, thresholds: readonly string[] = []) {
	const parsed = thresholds.flatMap((text) => {
		const threshold = parseThreshold(text);
		return threshold.ok ? [threshold.value] : [];
	});
	const record = simulatedRecord([HOSTS], {}, { thresholds: parsed, targets: SPOOL_TARGETS });
	for (const agent of record.runs[0]?.agents ?? []) agent.clockBoundUs = clockBoundUs / 2;
	const report = buildReport(record, record.runs.map(mergeRun));
	const terminal = renderTerminal(report, picocolors.createColors(false)).replace(/\s+/g, " ");
	return { report, terminal, summary: renderSummary(report), html: renderHtml(report) };
}

test("every figure that carries a ± is printed with it, or with its mark beside it", () => {
	const { report, terminal, summary, html } = printedWith(120, ["responseTime: p(95)<2ms", "enqueueTime: p(95)<2ms"]);
	// The bound grows by 50 ppm of the three seconds for each of two clocks that nobody follows.
	const bound = "±420 µs";
	expect(terminal).toContain(`p99 ~1.41 ms ${bound}! (clock) max 2.63 ms ${bound}! (clock)`);
	for (const text of [terminal, summary]) {
		expect(text.replace(/\s+/g, " ")).toContain(`max 1.30 ms!, each ${bound} (clock), from the sending`);
		expect(text).toContain("! clocks may be off by over 10% of it");
	}
	expect(summary).toMatch(/\| response time \| 3,000 \| 1\.11 ms! \| 1\.09 ms! \| .* \| 2\.63 ms! \| ±420 µs \|/);
	expect(summary).toMatch(/\| P99 response time +\| 1\.41 ms ±420 µs! \(clock\)/);
	expect(html).toContain(`max 2.63 ms ${bound}! (clock)`);
	expect(html).toContain("p99.9 —");
	expect(report.thresholds.map(({ sentence }) => sentence)).toEqual([`1.29 ms ${bound}! (clock)`, "370 µs"]);
});

test("below the block that programs read one sentence says what its times may be off by", () => {
	const sentence = (clockBoundUs: number) =>
		/```\n\n(By the hosts' clocks.*)\n\nTimes are/.exec(printedWith(clockBoundUs).summary)?.[1];
	expect(sentence(120)).toBe(
		"By the hosts' clocks each of these times may be off by ±420 µs, which is over 10% of Average, P50, P95, P99, Min, Max.",
	);
	expect(sentence(1_000)).toBe(
		"By the hosts' clocks each of these times may be off by ±1.30 ms, which is over 10% of P99, Max and more than the whole of Average, P50, P95, Min.",
	);
});

test("a sweep over two hosts has the marks and the ± in its tables, within 80 columns", () => {
	const record = simulatedRecord([1, 2].map((workers) => ({ ...HOSTS, workers, name: `workers-${workers}` })));
	const report = buildReport(record, record.runs.map(mergeRun));
	const summary = renderSummary(report);
	const [first] = report.sweep?.points ?? [];
	expect(first?.clockBoundUs).toBe(report.runs[0]?.latency.responseTime.clockBoundUs);
	expect(summary).toMatch(
		/\| workers \| tasks\/s \| +p50 \| +p99 \| +clock \|[^\n]*\n[^\n]*\n\| +1 \|.* \| ±420 µs \|/,
	);
	expect(summary).toMatch(/\| workers-1 .* \| ±420 µs \|/);
	const lines = renderTerminal(report, picocolors.createColors(false)).split("\n");
	expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test("on one host nothing is said of clocks", () => {
	expect(clocksSentence(runOf(["a"]))).toBeUndefined();
});

test("on two hosts each one's drift is told, and what crossed", () => {
	const run = runOf(["a", "b"]);
	const clocks = run.clocks && {
		...run.clocks,
		boundUs: 96,
		hosts: run.clocks.hosts.map((host, index) => ({ ...host, driftPpm: index === 0 ? null : -3.25, steps: index })),
		betweenHosts: { count: 2_000, p50Us: 3_300 },
		belowZero: { count: 3, mostUs: 41 },
	};
	expect(clocksSentence({ ...run, clocks })).toMatch(
		/^2 hosts; drift against Redis unknown, −3.3 ppm; 1 step; .*p50 between hosts 3.30 ms ±96.0 µs \(2,000 tasks\); 3 response times below zero, by 41.0 µs at the most$/,
	);
});

test("a table of stages has a column for the clocks where some row's times lie between hosts", () => {
	const { responseTime, enqueueTime } = runOf(["a"]).latency;
	expect(clockColumn([responseTime, enqueueTime])).toBeUndefined();
	expect(clockColumn([{ ...responseTime, clockBoundUs: 150 }, enqueueTime])).toEqual({
		title: "clock",
		cells: ["±150 µs", ""],
	});
});
