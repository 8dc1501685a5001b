import { expect, test } from "vitest";
import { simulatedRecord } from "../tests/support/records.js";
import { mergeRun } from "./merge/merge.js";
import { buildReport } from "./report/build.js";
import type { Report } from "./report/schema.js";
import { MOST_MESSAGE_BYTES, terminationMessage } from "./terminationMessage.js";

function reportOf(...shapes: Parameters<typeof simulatedRecord>[0]): Report {
	const record = simulatedRecord(shapes);
	return buildReport(record, record.runs.map(mergeRun));
}

test("the verdict, each run's figures and the reasons, in one line of JSON", () => {
	const report = reportOf({ vanished: [3] });
	const text = terminationMessage(report);
	expect(text).not.toContain("\n");
	const [run] = report.runs;
	expect(JSON.parse(text)).toEqual({
		name: report.name,
		verdict: "INVALID",
		aborted: null,
		omitted: 0,
		runs: [
			{
				name: run?.parameters.name,
				verdict: "INVALID",
				tasksPerSecond: run?.throughput.tasksPerSecond,
				responseP99Ms: Math.round(run?.latency.responseTime.p99Us ?? 0) / 1_000,
			},
		],
		reasons: report.verdict.reasons.map(({ code, severity, run: name, sentence }) => ({
			code,
			severity,
			run: name,
			sentence,
		})),
	});
});

test("what Kubernetes would cut off is left out whole, and counted: the last runs, then the mildest reasons", () => {
	const report = reportOf(...Array.from({ length: 60 }, () => ({})));
	const long = { ...report, verdict: { ...report.verdict, reasons: report.verdict.reasons.slice(0, 2) } };
	const text = terminationMessage(long);
	expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST_MESSAGE_BYTES);
	const { omitted, runs, reasons } = JSON.parse(text) as { omitted: number; runs: unknown[]; reasons: unknown[] };
	expect(runs.length).toBeGreaterThan(1);
	expect(runs.length + omitted).toBe(60);
	expect(reasons).toHaveLength(long.verdict.reasons.length);

	const reason = {
		code: "x",
		severity: "NOTE" as const,
		run: null,
		figure: null,
		sentence: "é".repeat(900),
		advice: "",
	};
	const wordy = terminationMessage({
		...report,
		verdict: { ...report.verdict, reasons: Array.from({ length: 5 }, () => reason) },
	});
	expect(Buffer.byteLength(wordy)).toBeLessThanOrEqual(MOST_MESSAGE_BYTES);
	expect(JSON.parse(wordy)).toMatchObject({ omitted: 59 + 3, reasons: [{ code: "x" }, { code: "x" }] });
});
