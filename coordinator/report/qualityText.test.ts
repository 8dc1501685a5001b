import { expect, test } from "vitest";
import { type RunShape, simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { buildReport } from "./build.js";
import { qualityOf } from "./buildQuality.js";
import { qualityItems } from "./qualityText.js";
import type { Report, ReportRun } from "./schema.js";

function reportOf(...shapes: readonly RunShape[]): { readonly report: Report; readonly run: ReportRun } {
	const record = simulatedRecord(shapes);
	const report = buildReport(record, record.runs.map(mergeRun));
	const run = report.runs[0];
	if (!run) throw new Error("no run");
	return { report, run };
}

const HOSTS = ["a", "b"];

test.each<[string, RunShape, string]>([
	[
		"a closed loop of one agent",
		{},
		"one clock · too short to tell if steady · 0 unfinished · 0 over range, 0 below zero · balanced",
	],
	[
		"an open loop over two hosts",
		{ openMs: 3_000, agents: 2, workers: 7, hosts: HOSTS },
		"sent 100% · send lag p99 ~120 µs · clock ±420 µs · start skew 0 µs ±120 µs · too short to tell if steady · " +
			"0 unfinished · 0 over range, 0 below zero · balanced",
	],
	[
		"a run that was stopped",
		{ abortedAtUs: 1_000_000 },
		"one clock · too short to tell if steady · 600 unfinished · 0 over range, 0 below zero · balanced",
	],
])("%s has what applies to it", (_name, shape, line) => {
	const { report, run } = reportOf(shape);
	expect(qualityItems(report, run).join(" · ")).toBe(line);
});

test("of several runs it names whose it is", () => {
	const { report, run } = reportOf({ name: "workers-1" }, { name: "workers-2" });
	expect(qualityItems(report, run)[0]).toBe("workers-1: one clock");
});

test("it tells a run that is not steady, and whose accounting does not come out or is not proven", () => {
	const { report, run } = reportOf({});
	const items = (statistics: ReportRun["statistics"], accounting: ReportRun["accounting"]) =>
		qualityItems(report, { ...run, quality: qualityOf({ ...run, statistics, accounting }) });
	const unsteady = {
		...run.statistics,
		steadyState: { ...run.statistics.steadyState, kind: "unsteady" as const },
	};
	const notBalanced = { ...run.accounting, balanced: false };
	expect(items(unsteady, notBalanced)).toEqual(expect.arrayContaining(["NOT steady", "NOT BALANCED"]));
	expect(items(unsteady, { ...notBalanced, censusTaken: false })).toContain("balance not proven");
});

test("times over range and below zero are counted over all stages", () => {
	const { report, run } = reportOf({});
	const { responseTime, ackTime } = run.latency;
	const latency = {
		...run.latency,
		responseTime: { ...responseTime, overflow: 2, negative: 1 },
		ackTime: { ...ackTime, overflow: 1_000 },
	};
	const quality = qualityOf({ ...run, latency });
	expect(quality).toMatchObject({ overRange: 1_002, belowZero: 1 });
	expect(qualityItems(report, { ...run, quality })).toContain("1,002 over range, 1 below zero");
});

test("a send lag of too few tasks is withheld", () => {
	const { report, run } = reportOf({ openMs: 500 });
	expect(run.quality).toMatchObject({ sentRatio: 1, sendLagP99Us: null });
	expect(qualityItems(report, run)[1]).toBe("send lag p99 withheld");
});
