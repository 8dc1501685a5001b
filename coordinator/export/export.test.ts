import { decodeFromCompressedBase64, HistogramLogReader } from "hdr-histogram-js";
import { expect, test } from "vitest";
import { simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { buildReport } from "../report/build.js";
import { exportBenchmarkAction } from "./benchmarkAction.js";
import { exportIntervals } from "./intervals.js";
import { exportPercentiles } from "./percentiles.js";
import { exportSeconds } from "./seconds.js";

const record = simulatedRecord([{ tasks: 1_000 }, { tasks: 500, ordinal: 1, name: 'two, "quoted"' }]);
const merged = record.runs.map(mergeRun);
const report = buildReport(record, merged);
const [run] = merged;
const [reported] = report.runs;
if (!run || !reported) throw new Error("no run");

test("hgrm: every row's count, and the percentiles of the report at its bucket's top", () => {
	const text = exportPercentiles(run, "responseTime") ?? "";
	const rows = text.split("\n").flatMap((line) => {
		const [value, percentile, count] = line.trim().split(/\s+/).map(Number);
		return Number.isNaN(value) || count === undefined
			? []
			: [{ value: value ?? 0, percentile: percentile ?? 0, count }];
	});
	expect(rows.at(-1)).toMatchObject({ percentile: 1, count: reported.latency.responseTime.count });
	const median = rows.find(({ percentile }) => percentile >= 0.5);
	expect(median?.value).toBeCloseTo(reported.latency.responseTime.p50Us / 1_000, 2);
	expect(text).toMatch(/#\[Mean +=.*\n#\[Max +=.*Total count +=/);
	// Nanoseconds are milliseconds there, too.
	expect(exportPercentiles(run, "serviceTime")).toMatch(/#\[Max +=\s+0\.00\d/);
	expect(exportPercentiles(run, "backpressureLag")).toBeUndefined();
});

test("hlog: HdrHistogram's reader finds each second, and together all tasks", () => {
	const reader = new HistogramLogReader(exportIntervals(run), 64, false);
	let count = 0;
	let seconds = 0;
	for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
		count += next.totalCount;
		expect(next.startTimeStampMsec).toBe(run.epochUnixMs + 1_000 * seconds++);
	}
	expect(count).toBe(reported.latency.responseTime.count);
	const [, , maxMs = "", base64 = ""] =
		exportIntervals(run)
			.split("\n")
			.find((line) => line.startsWith("0.000"))
			?.split(",") ?? [];
	expect(decodeFromCompressedBase64(base64, 64, false).maxValue / 1_000 / Number(maxMs)).toBeCloseTo(1, 1);
});

test("csv: a line a second of each run, names quoted where they must be", () => {
	const lines = exportSeconds(report.runs).trimEnd().split("\n");
	expect(lines[0]).toBe("run,second,offered,intended,sent,completed,failed,backlog,p50_us,p99_us,max_us");
	expect(lines).toHaveLength(1 + report.runs.reduce((sum, { seconds }) => sum + seconds.sent.length, 0));
	expect(lines.at(-1)).toMatch(/^"two, ""quoted""",\d+,,/);
	const sent = lines.filter((line) => line.startsWith("quick,")).map((line) => Number(line.split(",")[4]));
	expect(sent.reduce((sum, each) => sum + each, 0)).toBe(1_000);
});

test("github-action-benchmark: throughput apart from what is better the smaller, and nothing of a run that is void", () => {
	const bigger = JSON.parse(exportBenchmarkAction(report, "bigger")) as { name: string; unit: string; value: number }[];
	expect(bigger).toContainEqual({
		name: "quick: throughput",
		unit: "tasks/s",
		value: reported.throughput.tasksPerSecond,
		extra: "VALID",
	});
	const smaller = exportBenchmarkAction(report, "smaller");
	expect(smaller).toMatch(/response time p99[\s\S]*error rate[\s\S]*peak memory/);
	expect(JSON.parse(smaller)).toContainEqual({
		name: "quick: response time p99",
		unit: "ms",
		value: reported.latency.responseTime.p99Us / 1_000,
		extra: "VALID",
	});
	const voided = {
		...report,
		runs: report.runs.map((each) => ({ ...each, verdict: { ...each.verdict, validity: "INVALID" as const } })),
	};
	expect(JSON.parse(exportBenchmarkAction(voided, "bigger"))).toEqual([]);
});

test("github-action-benchmark: no percentile that the report withholds, and the other figures all the same", () => {
	// Of 500 tasks 5 lie above p99, 250 above p50.
	const smaller = JSON.parse(exportBenchmarkAction(report, "smaller")) as { name: string }[];
	const ofSecond = smaller.map(({ name }) => name).filter((name) => name.startsWith("two"));
	expect(ofSecond).toEqual(
		["response time p50", "error rate", "agents' peak memory"].map((figure) => `two, "quoted": ${figure}`),
	);
});
