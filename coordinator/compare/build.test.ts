import { describe, expect, it } from "vitest";
import type { RunShape } from "../../tests/support/records.js";
import { simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { buildReport } from "../report/build.js";
import type { Report } from "../report/schema.js";
import { interleave } from "./blocks.js";
import { compareInterleaved, compareResults } from "./build.js";
import { renderComparisonMarkdown } from "./markdown.js";
import { parseLimits, regressionsOf } from "./regression.js";
import { type Comparison, comparisonSchema, type Design } from "./schema.js";
import { renderComparisonTerminal } from "./terminal.js";

const plain = (text: string) => text;
const PALETTE = { bold: plain, dim: plain, red: plain, yellow: plain, green: plain, cyan: plain };

/** A report with a run for each rate; everything but the rates is alike. */
function reportOf(rates: readonly number[], shape: RunShape = {}): Report {
	const record = simulatedRecord(rates.map(() => ({ tasks: 200, ...shape })));
	const report = buildReport(record, record.runs.map(mergeRun));
	const runs = report.runs.map((run, index) => ({
		...run,
		throughput: { ...run.throughput, tasksPerSecond: rates[index] ?? 0 },
	}));
	return { ...report, runs };
}

const side = (label: string, report: Report) => ({ label, report });
const compared = (before: Report, after: Report) => compareResults(side("before", before), side("after", after));

function throughputOf({ points }: Comparison) {
	const metric = points[0]?.metrics.find(({ key }) => key === "throughput");
	if (!metric) throw new Error("no throughput");
	return metric;
}

const SPREAD = [0.99, 1.01, 1, 0.985, 1.015, 1.005, 0.995, 1.012, 0.991, 1.003];
const around = (rate: number, count = 10) => SPREAD.slice(0, count).map((factor) => rate * factor);
const everything = (comparison: Comparison) =>
	renderComparisonTerminal(comparison, PALETTE) + renderComparisonMarkdown(comparison);

describe("two results", () => {
	it("one run a side: the difference, and that it proves nothing", () => {
		const comparison = compared(reportOf([400]), reportOf([360]));
		expect(comparison.verdict.outcome).toBeNull();
		expect(comparison.verdict.sentence).toMatch(/^No verdict: one run a side proves nothing\. Throughput -10\.0%/);
		expect(throughputOf(comparison)).toMatchObject({ outcome: null, interval: null, pValue: null });
		expect(throughputOf(comparison).change).toBeCloseTo(-0.1, 10);
		expect(comparison.notes.join(" ")).toMatch(/--repeat 10/);
		expect(comparison.obstacles).toEqual([]);
		expect(everything(comparison)).toMatch(/one run a side proves nothing/);
	});

	it("three runs a side are too few for a verdict, which says so", () => {
		const comparison = compared(reportOf(around(400, 3)), reportOf(around(800, 3)));
		expect(comparison.verdict.outcome).toBe("inconclusive");
		expect(throughputOf(comparison).sentence).toMatch(/inconclusive, \+10\d%|inconclusive, \+9\d\.\d%/);
		expect(throughputOf(comparison).sentence).toMatch(/3 and 3 runs are too few for a verdict; about 4 runs a side/);
	});

	it("ten runs a side, twice as fast: better, by how much, with its interval", () => {
		const comparison = compared(reportOf(around(400)), reportOf(around(800)));
		expect(comparison.verdict.outcome).toBe("better");
		expect(comparison.verdict.sentence).toMatch(
			/^Better: throughput by 100% \[9\d\.\d%, 10\d%\], 2\.00 times the baseline's \[1\.\d\d, 2\.0\d\]; nothing/,
		);
		expect(throughputOf(comparison)).toMatchObject({
			outcome: "better",
			baseline: { median: expect.closeTo(400.6, 9) },
		});
	});

	it("the other way round it is worse, by half", () => {
		const comparison = compared(reportOf(around(800)), reportOf(around(400)));
		expect(comparison.verdict.sentence).toMatch(/^Worse: throughput by 50\.0% \[49\.\d%, 50\.\d%\]; nothing/);
	});

	it("against itself: equivalent within 5 %, and no errors in every run", () => {
		const comparison = compared(reportOf(around(400)), reportOf(around(401)));
		expect(comparison.verdict.outcome).toBe("equivalent");
		expect(comparison.verdict.sentence).toMatch(/throughput equivalent within 5\.0% \(\+0\.\d%/);
		expect(comparison.verdict.sentence).toMatch(/error rate 0% in every run/);
	});

	it("a difference that noise hides is inconclusive, and says what would settle it", () => {
		const wild = [300, 520, 410, 380, 480];
		const comparison = compared(reportOf(wild), reportOf(wild.map((rate) => rate * 1.08)));
		expect(comparison.verdict.outcome).toBe("inconclusive");
		expect(throughputOf(comparison).runsNeeded).toBeGreaterThan(10);
		expect(throughputOf(comparison).sentence).toMatch(/about \d+ runs a side would settle it/);
	});

	it("a percentile of too few tasks is left out, and the sentence says how many it takes", () => {
		const p99 = (tasks: number) =>
			compared(reportOf([400], { tasks }), reportOf([400], { tasks })).points[0]?.metrics.find(
				({ key }) => key === "p99",
			);
		expect(p99(200)).toMatchObject({ baseline: { median: null }, change: null, outcome: null });
		expect(p99(200)?.sentence).toMatch(/fewer than 1,000 tasks have no p99/);
		expect(p99(1_000)?.baseline.median).toBeGreaterThan(0);
	});

	it("the points of a sweep are compared one by one, those of the same parameters", () => {
		const sweep = (rates: readonly number[], order: readonly number[]) => {
			const record = simulatedRecord(order.map((workers) => ({ workers, tasks: 200, name: `workers-${workers}` })));
			const report = buildReport(record, record.runs.map(mergeRun));
			const runs = report.runs.map((run, index) => ({
				...run,
				throughput: { ...run.throughput, tasksPerSecond: rates[index] ?? 0 },
			}));
			return { ...report, runs };
		};
		const comparison = compared(sweep([100, 200], [1, 2]), sweep([400, 150], [2, 1]));
		expect(comparison.obstacles).toEqual([]);
		const changes = comparison.points.map(({ metrics }) => metrics[0]?.change ?? 0);
		expect(changes.map((change) => change.toFixed(3))).toEqual(["0.500", "1.000"]);
	});
});

describe("what must not be compared", () => {
	const sentences = ({ obstacles }: Comparison, kind: string) =>
		obstacles.filter((obstacle) => obstacle.kind === kind).map(({ sentence }) => sentence);

	it("unlike plans: each parameter that differs", () => {
		const comparison = compared(reportOf([400]), reportOf([400], { workers: 8, tasks: 300 }));
		expect(sentences(comparison, "plan").join()).toMatch(/workers: 4 → 8/);
		expect(sentences(comparison, "plan").join()).toMatch(/load\.tasks: 200 → 300/);
		expect(everything(comparison)).toMatch(/workers: 4 → 8/);
	});

	it("a closed and an open loop", () => {
		const closed = reportOf([400]);
		const open = { ...closed, runs: closed.runs.map((run) => ({ ...run, loop: "open" as const })) };
		expect(sentences(compared(closed, open), "plan").join()).toMatch(/ a closed loop and the candidate an open one: /);
		expect(sentences(compared(open, closed), "plan").join()).toMatch(/ an open loop and the candidate a closed one: /);
		expect(sentences(compared(open, open), "plan")).toEqual([]);
	});

	it("points that one side alone has", () => {
		const record = simulatedRecord([
			{ workers: 1, name: "workers-1" },
			{ workers: 2, name: "workers-2" },
		]);
		const sweep = buildReport(record, record.runs.map(mergeRun));
		const comparison = compared(sweep, { ...sweep, runs: sweep.runs.slice(0, 1) });
		expect(sentences(comparison, "plan")).toEqual(["The point workers-2 is in the baseline alone."]);
	});

	it("unlike environments: CPU, Node and Redis, each named with both values", () => {
		const report = reportOf([400]);
		const { environment } = report;
		const other: Report = {
			...report,
			environment: {
				...environment,
				hosts: environment.hosts.map((host) => ({ ...host, cpuModel: "Faster CPU", nodeVersion: "v24.0.0" })),
				redis: environment.redis && { ...environment.redis, version: "8.0.0", private: false },
			},
		};
		expect(sentences(compared(report, report), "environment")).toEqual([]);
		const found = sentences(compared(report, other), "environment");
		expect(found).toHaveLength(4);
		expect(found.join()).toMatch(/CPU differs: 8 × Example CPU in the baseline, 8 × Faster CPU in the candidate/);
		expect(found.join()).toMatch(/v20\.20\.2 in the baseline, v24\.0\.0/);
		expect(found.join()).toMatch(/7\.0\.15.*8\.0\.0/);
	});

	it("invalid runs, with the reason", () => {
		const comparison = compared(reportOf([400], { vanished: [3] }), reportOf([400]));
		expect(sentences(comparison, "invalid").join()).toMatch(/^The baseline is INVALID\. .*1.*lost/);
		expect(sentences(comparison, "invalid").join()).not.toMatch(/candidate/);
	});
});

describe("interleaved runs", () => {
	/** Runs in the design's order: the candidate's at `factor` times the baseline's rate. */
	function interleaved(factor: number, change: (report: Report) => Report = (report) => report): [Report, Design] {
		const order = interleave(6, 10, 4);
		const rates = order.map(({ phase, side }, index) => {
			const own = phase === "pair" && side === "candidate" ? factor : 1;
			return 400 * own * (SPREAD[index % 10] ?? 1);
		});
		const plan = (label: string) => ({ label, name: label });
		const design = { seed: 4, baseline: plan("b"), candidate: plan("c"), noisePairs: 6, pairs: 10, order };
		const report = change(reportOf(rates));
		if (factor === 1) return [report, design];
		// The plans differ in something, or there would be nothing to find.
		const runs = report.runs.map((run, ordinal) => {
			const isCandidate = order[ordinal]?.phase === "pair" && order[ordinal]?.side === "candidate";
			return isCandidate ? { ...run, parameters: { ...run.parameters, pollIntervalMs: 5 } } : run;
		});
		return [{ ...report, runs }, design];
	}

	const judge = ([report, design]: [Report, Design], allowInvalid = false) =>
		compareInterleaved(side("folder", report), design, allowInvalid);

	it("twice as fast is better, and named by its plans", () => {
		const comparison = judge(interleaved(2));
		expect(comparison.verdict.outcome).toBe("better");
		expect(comparison.baseline).toMatchObject({ label: "b", runs: 10 });
		expect(throughputOf(comparison).noiseFloor).toBeGreaterThan(0);
		expect(throughputOf(comparison).noiseFloor).toBeLessThan(0.05);
	});

	it("against itself it is never better, whatever the figures", () => {
		const skewed = interleaved(1, (report) => ({
			...report,
			runs: report.runs.map((run, ordinal) =>
				interleave(6, 10, 4)[ordinal]?.side === "candidate"
					? { ...run, throughput: { ...run.throughput, tasksPerSecond: 500 + ordinal } }
					: run,
			),
		}));
		expect(judge(skewed).verdict.outcome).toBe("inconclusive");
		expect(["equivalent", "inconclusive"]).toContain(judge(interleaved(1)).verdict.outcome);
	});

	const spoilt = (report: Report): Report => ({
		...report,
		runs: report.runs.map((run) =>
			run.ordinal === 14
				? {
						...run,
						throughput: { ...run.throughput, tasksPerSecond: 1 },
						verdict: {
							validity: "INVALID",
							reasons: [
								{ code: "x", severity: "INVALID", run: run.name, figure: null, sentence: "It broke.", advice: "" },
							],
						},
					}
				: run,
		),
	});

	it("a pair with an invalid run is left out and named", () => {
		const comparison = judge(interleaved(2, spoilt));
		expect(comparison.points[0]?.baselineRuns).toBe(9);
		expect(comparison.obstacles.map(({ sentence }) => sentence).join()).toMatch(/INVALID\. It broke\./);
		expect(comparison.notes.join()).toMatch(/1 pair with an invalid run left out/);
		expect(judge(interleaved(2, spoilt), true).points[0]?.baselineRuns).toBe(10);
	});

	it("a comparison that was stopped keeps the pairs that are whole", () => {
		const comparison = judge(
			interleaved(2, (report) => ({ ...report, aborted: "SIGINT", runs: report.runs.slice(0, 12 + 7) })),
		);
		expect(comparison).toMatchObject({ aborted: "SIGINT", verdict: { outcome: "inconclusive" } });
		expect(comparison.points[0]?.baselineRuns).toBe(3);
		expect(comparison.notes.join()).toMatch(/3 of 10 pairs took place/);
	});

	it("a pair whose run was cut short does not count", () => {
		const cut = (report: Report): Report => ({
			...report,
			runs: report.runs.map((run) => (run.ordinal === 15 ? { ...run, end: "aborted" as const } : run)),
		});
		expect(judge(interleaved(2, cut)).points[0]?.baselineRuns).toBe(9);
	});

	it("a noise floor above 5 % is what counts as none", () => {
		const noisy = (report: Report): Report => ({
			...report,
			runs: report.runs.map((run) =>
				run.ordinal < 12
					? { ...run, throughput: { ...run.throughput, tasksPerSecond: run.ordinal % 2 === 0 ? 400 : 600 } }
					: run,
			),
		});
		const throughput = throughputOf(judge(interleaved(1.06, noisy)));
		expect(throughput.noiseFloor).toBeGreaterThan(0.2);
		expect(throughput).toMatchObject({ outcome: "equivalent", delta: throughput.noiseFloor });
		expect(throughputOf(judge(interleaved(1.06)))).toMatchObject({ outcome: "better" });
	});

	it("a comparison that was stopped before the first pair has no verdict", () => {
		const comparison = judge(interleaved(2, (report) => ({ ...report, runs: report.runs.slice(0, 5) })));
		expect(comparison).toMatchObject({ points: [], verdict: { outcome: null } });
		expect(everything(comparison)).toMatch(/No verdict/);
	});

	it("matches its schema in every state", () => {
		for (const comparison of [
			judge(interleaved(2)),
			judge(interleaved(1, spoilt)),
			compared(reportOf([1]), reportOf([2])),
		]) {
			expect(comparisonSchema.strict().safeParse(JSON.parse(JSON.stringify(comparison))).error).toBeUndefined();
		}
	});
});

describe("regressions", () => {
	const found = (text: string, comparison: Comparison) => {
		const limits = parseLimits(text);
		if (!limits.ok) throw new Error(limits.expected);
		return regressionsOf(comparison, limits.value);
	};

	it("one run a side: the plain difference decides, and says so", () => {
		const comparison = compared(reportOf([400]), reportOf([370]));
		expect(found("5%", comparison)).toEqual([
			"throughput: -7.5%, by the plain difference, which proves nothing; allowed is 5.0%",
		]);
		expect(found("10%", comparison)).toEqual([]);
		expect(found("p99=1%", comparison)).toEqual([]);
	});

	it("several runs: a loss beyond the limit that is no noise", () => {
		const comparison = compared(reportOf(around(400)), reportOf(around(370)));
		expect(found("5%", comparison).join()).toMatch(
			/^throughput: worse by 7\.5% \[\d\.\d%, \d\.\d%\]; allowed is 5\.0%$/,
		);
		const wild = [300, 520, 410, 380, 480];
		expect(found("5%", compared(reportOf(wild), reportOf(wild.map((rate) => rate * 0.93))))).toEqual([]);
	});

	it("a gain is none, nor is a small loss", () => {
		expect(found("5%", compared(reportOf([400]), reportOf([800])))).toEqual([]);
		expect(found("5%", compared(reportOf([400]), reportOf([390])))).toEqual([]);
	});

	it("errors have a limit of their own, in points", () => {
		const comparison = compared(reportOf([400]), reportOf([400], { deadLetterEach: 50 }));
		expect(found("5%", comparison).join()).toMatch(/^error rate: \+2\.00 points/);
		expect(found("errors=3%", comparison)).toEqual([]);
	});

	it.each(["5", "five%", "throughput=5", "through=5%", "p99=5%,p99=6%", "", "-5%", "throughput=5%=6%", "lost=1%"])(
		"%j is no limit",
		(text) => {
			expect(parseLimits(text)).toMatchObject({ ok: false, expected: expect.stringMatching(/5%/) });
		},
	);
});

describe("Markdown", () => {
	it("is a verdict, a table that GitHub reads, and folded details", () => {
		const text = renderComparisonMarkdown(compared(reportOf(around(400)), reportOf(around(800))));
		expect(text).toMatch(/^## Benchmark: better\n\n\*\*Better: /);
		expect(text).toMatch(/\| metric +\| +baseline \| +candidate \|/);
		expect(text).toContain("<details><summary>By stage</summary>\n\n|");
		const widths = text
			.split("\n")
			.filter((line) => line.startsWith("|"))
			.map((line) => line.split("|").length);
		expect(new Set(widths)).toEqual(new Set([7]));
	});

	it("says in a title of its own text nothing of what it is told", () => {
		const report = reportOf([400]);
		const text = renderComparisonMarkdown(compareResults({ label: "<b>a_b*", report }, { label: "c|d`e", report }));
		expect(text).toContain("\\<b\\>a\\_b\\*");
		expect(text).toContain("c\\|d\\`e");
	});
});
