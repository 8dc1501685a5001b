import { describe, expect, it } from "vitest";
import { type RunShape, simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { METRIC_NAMES, METRICS } from "../plan/metrics.js";
import { SPOOL_TARGETS } from "../plan/targets.js";
import { parseThreshold } from "../plan/threshold.js";
import { buildRun } from "../report/buildRun.js";
import { formatMeasured } from "../report/format.js";
import type { JudgedRun } from "./metricValue.js";
import { judgeTargets } from "./targets.js";
import { judgeThresholds } from "./thresholds.js";

function thresholdOf(text: string) {
	const result = parseThreshold(text);
	if (!result.ok) throw new Error(result.expected);
	return result.value;
}

function runsOf(...shapes: readonly RunShape[]): JudgedRun[] {
	return simulatedRecord(shapes)
		.runs.map(mergeRun)
		.map((merged) => ({ merged, figures: buildRun(merged) }));
}

function judged(text: string, ...shapes: readonly RunShape[]) {
	const [result] = judgeThresholds([thresholdOf(text)], runsOf(...shapes), "");
	if (!result) throw new Error("nothing was judged");
	return result;
}

/** 1,000 tasks, 4 workers that take one each 10 ms: 400 tasks/s. */
const QUICK: RunShape = {};

describe("one run", () => {
	it.each([
		["throughput: rate>399", true],
		["throughput: rate>402", false],
		["throughput: steady>=390", true],
		["responseTime: p(99)<3s", true],
		["responseTime: p(99)<1s", false],
		["responseTime: med<2s", true],
		["responseTime: avg>1s", true],
		["responseTime: max<2ms", false],
		["responseTime: count==1000", true],
		["errors: rate==0", true],
		["errors: count<1", true],
		["tasks: lost==0", true],
		["tasks: completed!=1000", false],
		["attempts: emptyPolls<=20", true],
		["memory: rss<500MB", true],
		["memory: rss<96MB", false],
		["memory: heap<25MB", true],
		["cpu: cores<1", true],
		["eventLoop: utilization<21.1%", true],
		["eventLoop: delayP99<1ms", false],
		["redis: backlog>=310", true],
		["redis: busy<5%", false],
	])("%s: %s", (text, passed) => {
		expect(judged(text, QUICK).passed).toBe(passed);
	});

	it.each([
		["responseTime: p(69)<50ms", true],
		["responseTime: p(99)<50ms", false],
		["sendLag: p(99)<50ms", false],
		["uncorrectedResponseTime: p(99)<50ms", true],
		["errors: rate<0.31", true],
		["errors: rate<0.001", false],
		["errors: count==600", true],
		["tasks: failed==600", true],
		["tasks: issued==1400", true],
	])("of which three in ten arrivals were dropped, %s: %s", (text, passed) => {
		expect(judged(text, { openMs: 2_000, droppedFromUs: 1_400_000 }).passed).toBe(passed);
	});

	it("has a value for every figure of every metric", () => {
		const [run] = runsOf({ ...QUICK, agents: 2 });
		const limits = { duration: "1h", bytes: "1GB", share: "100%", rate: "1M", count: "1M", number: "1M" };
		const all = METRIC_NAMES.flatMap((metric) =>
			Object.entries(METRICS[metric]).map(([figure, unit]) => thresholdOf(`${metric}: ${figure}<=${limits[unit]}`)),
		);
		const failed = judgeThresholds(all, run ? [run] : [], "").filter(({ passed }) => !passed);
		// In a closed loop nothing is late.
		const [inClosed, others] = [true, false].map((isLag) =>
			failed.filter(({ threshold }) => /^(generator|backpressure)Lag:/.test(threshold.text) === isLag),
		);
		expect(new Set(inClosed?.map(({ runs }) => runs[0]?.note))).toEqual(new Set(["no samples"]));
		expect(others?.map(({ threshold, runs }) => `${threshold.text}: ${runs[0]?.note}`)).toEqual([]);
	});
});

describe("what is not known fails, whatever the operator", () => {
	const nothing: RunShape = { abortedAtUs: 0 };
	it.each([
		"responseTime: p(99)<1h",
		"responseTime: avg>=0",
		"throughput: rate>=0",
		"throughput: steady>=0",
		"errors: rate<=1",
	])("%s of a run that did nothing", (text) => {
		const { passed, runs } = judged(text, nothing);
		expect(passed).toBe(false);
		expect(runs[0]?.note).not.toBe("");
	});

	it("a percentile among unfinished tasks", () => {
		const stopped: RunShape = { abortedAtUs: 1_000_000 };
		const above = judged("responseTime: p(99)>1ms", stopped);
		expect(above.passed).toBe(false);
		expect(above.runs[0]?.note).toMatch(/^among \d+ unfinished tasks$/);
		expect(judged("responseTime: p(99)<1h", stopped).passed).toBe(false);
		expect(judged("responseTime: p(10)<1h", stopped).passed).toBe(true);
	});

	it("a threshold that no run came to", () => {
		const [result] = judgeThresholds([thresholdOf("tasks: lost==0")], [], "");
		expect(result).toMatchObject({ passed: false, runs: [] });
	});
});

it("marks a percentile that few values bear", () => {
	expect(judged("responseTime: p(99)<1h", { tasks: 200 }).runs[0]?.note).toBe("rough, 2 values above it");
	expect(judged("responseTime: p(99)<1h", QUICK).runs[0]?.note).toBe("");
	expect(judged("responseTime: p(100)<1h", QUICK).runs[0]?.note).toBe("");
});

describe("several runs", () => {
	const sweep = [1, 4].map((workers) => ({ workers, tasks: 200, name: `workers-${workers}` }));
	it("must hold it, every one", () => {
		expect(judged("tasks: lost==0", ...sweep).passed).toBe(true);
		const rate = judged("throughput: rate>200", ...sweep);
		expect(rate.passed).toBe(false);
		expect(rate.runs.map(({ passed }) => passed)).toEqual([false, true]);
	});

	it("or only those that it names", () => {
		expect(judged("throughput{workers:4}: rate>200", ...sweep)).toMatchObject({ passed: true, runs: [{ ordinal: 1 }] });
		expect(judged("throughput{workers:1, pollInterval:10ms}: rate>200", ...sweep).passed).toBe(false);
		expect(judged("throughput{workers:2}: rate>200", ...sweep).passed).toBe(false);
	});
});

it("what ended the run stays failed", () => {
	const threshold = thresholdOf("errors: rate<1%, abortOnFail");
	expect(judgeThresholds([threshold], runsOf(QUICK), "errors: rate<1%")).toMatchObject([
		{ aborted: true, passed: false },
	]);
	expect(judgeThresholds([threshold], runsOf(QUICK), "")).toMatchObject([{ aborted: false, passed: true }]);
});

describe("targets", () => {
	const format: Parameters<typeof judgeTargets>[3] = ({ value = 0 }, unit) => formatMeasured(value, unit);
	const statusOf = (shape: RunShape, scaling?: Parameters<typeof judgeTargets>[2]) => {
		const [run] = runsOf(shape);
		if (!run) throw new Error("no run");
		return judgeTargets(SPOOL_TARGETS, run, scaling, format).map(({ title, status }) => [title, status]);
	};

	it("Spool's, by its guide", () => {
		expect(statusOf(QUICK)).toEqual([
			["Throughput", "missed"],
			["P99 response time", "warning"],
			["Error rate", "met"],
			["Memory of an agent", "met"],
			["Memory trend", "unknown"],
		]);
		// One in 200 tasks: missed, and not yet what calls for a look; one in 50 does.
		expect(statusOf({ deadLetterEach: 200 })[2]).toEqual(["Error rate", "missed"]);
		expect(statusOf({ deadLetterEach: 50 })[2]).toEqual(["Error rate", "warning"]);
		expect(statusOf({ abortedAtUs: 0 }).map(([, status]) => status)).toEqual([
			"unknown",
			"unknown",
			"unknown",
			"met",
			"unknown",
		]);
	});

	it("a sweep scales linearly, or calls for a look", () => {
		const scaling = { from: 4, dimension: "workers" } as const;
		expect(statusOf(QUICK, { ...scaling, kind: "linear" })[4]).toEqual(["Scaling", "met"]);
		for (const kind of ["plateau", "knee", "retrograde"] as const) {
			expect(statusOf(QUICK, { ...scaling, kind })[4]).toEqual(["Scaling", "warning"]);
		}
	});

	it("memory that grows", () => {
		const [run] = runsOf(QUICK);
		if (!run) throw new Error("no run");
		const memory = Array.from({ length: 60 }, (_, second) => ({ atUs: second * 1e6, rssBytes: 1e8 + second * 1e6 }));
		const merged = { ...run.merged, agents: run.merged.agents.map((agent) => ({ ...agent, memory })) };
		const [row] = judgeTargets(SPOOL_TARGETS, { merged, figures: buildRun(merged) }, undefined, format).slice(-1);
		expect(row).toMatchObject({ title: "Memory trend", status: "warning", measured: "growing, +977 KB/s by slope" });
	});
});
