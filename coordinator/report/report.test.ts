import { readFileSync } from "node:fs";
import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Record } from "../../proto/gen/record.js";
import { simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { SPOOL_TARGETS } from "../plan/targets.js";
import { parseThreshold } from "../plan/threshold.js";
import { buildReport } from "./build.js";
import { headlineOf, type Percentile, percentileCell } from "./cells.js";
import { formatRate, NO_FIGURE } from "./format.js";
import { renderJson } from "./json.js";
import { qualityItems } from "./qualityText.js";
import { type Report, reportJsonSchema, reportSchema } from "./schema.js";
import { renderSummary } from "./summary.js";
import { renderTerminal } from "./terminal.js";

const PLAIN = picocolors.createColors(false);
const FOLDER = "benchmark_results/run_20260131_120000";

const EXECUTIONS: { readonly [name: string]: Record } = {
	quick: simulatedRecord([{}]),
	sweep: simulatedRecord(
		[1, 2, 4, 8, 16].map((workers) => ({ workers, agents: 2, tasks: 2_000, name: `scalability-${workers}` })),
		{ command: "coordinator run --type scalability --agents 2" },
	),
	repeats: simulatedRecord(
		[4, 1, 2, 8, 4, 2, 1, 8].map((workers, ordinal) => ({
			workers,
			tasks: 1_000 + 10 * ordinal,
			point: `workers-${workers}`,
			name: `workers-${workers}#${ordinal < 4 ? 1 : 2}`,
			...(ordinal === 6 ? { vanished: [3] } : {}),
		})),
	),
	judged: simulatedRecord(
		[1, 2, 4, 8].map((workers) => ({ workers, tasks: 400, name: `workers-${workers}`, deadLetterEach: 150 })),
		{},
		{
			targets: SPOOL_TARGETS,
			thresholds: ["tasks: lost==0", "throughput: rate>150", "throughput{workers:8}: rate>2500"].flatMap((text) => {
				const threshold = parseThreshold(text);
				return threshold.ok ? [threshold.value] : [];
			}),
		},
	),
	timed: simulatedRecord([{ timedMs: 3_000, agents: 2, hosts: ["bench-1", "bench-2"], deadLetterEach: 50 }]),
	"open-loop": simulatedRecord([{ openMs: 3_000, agents: 2, workers: 7, hosts: ["bench-1", "bench-2"] }]),
	"lost-agent": simulatedRecord([
		{
			agents: 4,
			tasks: 2_000,
			lost: { agent: 2, atUs: 405_000 },
			errors: new Map([["work: ECONNRESET", 3]]),
		},
	]),
	"lost-tasks": simulatedRecord([{ vanished: [17, 400, 401] }], { insecure: true }),
	aborted: simulatedRecord([{ abortedAtUs: 1_000_000 }], { aborted: "interrupted by SIGINT" }),
	nothing: simulatedRecord([{ abortedAtUs: 0 }], { aborted: "interrupted by SIGTERM" }),
	"no-run": { ...simulatedRecord([{}]), runs: [], aborted: "interrupted by SIGINT" },
	"many-agents": simulatedRecord([{ agents: 40, workers: 80, tasks: 4_000 }]),
};

function reportOf(record: Record): Report {
	return buildReport(record, record.runs.map(mergeRun));
}

function published(): unknown {
	return JSON.parse(readFileSync(new URL("../../docs/report.schema.json", import.meta.url), "utf8"));
}

describe.each(Object.entries(EXECUTIONS))("%s", (name, record) => {
	const report = reportOf(record);
	const summary = renderSummary(report);
	const terminal = renderTerminal(report, PLAIN, FOLDER);

	it("renders as it did", async () => {
		await expect(terminal).toMatchFileSnapshot(`golden/${name}.terminal.txt`);
		await expect(summary).toMatchFileSnapshot(`golden/${name}.SUMMARY.md`);
		await expect(renderJson(report)).toMatchFileSnapshot(`golden/${name}.report.json`);
	});

	it("is what the schemas say, the published one too", () => {
		expect(reportSchema.parse(report)).toEqual(report);
		const fromDocs = z.fromJSONSchema(published() as Parameters<typeof z.fromJSONSchema>[0]);
		expect(fromDocs.safeParse(JSON.parse(renderJson(report))).error).toBeUndefined();
		expect(JSON.parse(renderJson(report))).toEqual(report);
	});

	it("prints no figure that is none", () => {
		for (const text of [summary, terminal, renderJson(report)])
			expect(text).not.toMatch(/NaN|Infinity|undefined|(?<![\w-])-\d|\[object/);
	});

	it("fits 80 columns", () => {
		expect(terminal.split("\n").filter((line) => line.length > 80)).toEqual([]);
	});

	it("begins with the verdict", () => {
		expect(summary.split("\n")[0]).toBe(`# ${report.verdict.validity}: ${report.name.replace(/[_*]/g, "\\$&")}`);
		expect(terminal.split("\n")[0]?.trim().split(" ")[0]).toBe(report.verdict.validity);
	});

	it("says under the verdict how good the figures are", () => {
		const run = headlineOf(report);
		if (run === undefined) return expect(summary + terminal).not.toMatch(/quality/i);
		const items = qualityItems(report, run);
		expect(summary.split("\n")[2]?.replaceAll("\\", "")).toBe(`Quality: ${items.join(" · ")}`);
		const [head = ""] = terminal.split("\n\n");
		expect(head.replace(/\s+/g, " ")).toMatch(/ quality /);
		expect(head.replace(/\s+/g, " ").split(" quality ")[1]).toBe(items.join(" · "));
	});

	it("says the same everywhere", () => {
		const run = headlineOf(report);
		if (run === undefined) return expect(summary).toContain("No run took place.");
		const values = headlineValues(summary);
		expect(values.get("Tasks/Second")).toBe(run.throughput.tasksPerSecond.toFixed(2));
		expect(values.get("Total Tasks")).toBe(String(run.tasks.issued));
		expect(values.get("Completed")).toBe(String(run.tasks.completed));
		expect(values.get("Failed")).toBe(String(run.tasks.failed));
		expect(Number.parseFloat(values.get("Error Rate") ?? "")).toBeCloseTo(run.errorRate * 100, 4);
		const response = run.latency.responseTime;
		const times = [
			["Average", "meanUs"],
			["P50", "p50Us"],
			["P95", "p95Us"],
			["P99", "p99Us"],
			["Min", "minUs"],
			["Max", "maxUs"],
		] as const;
		for (const [title, name] of times) {
			const cell = name in response.confidence ? percentileCell(response, name as Percentile) : "";
			const isWithheld = response.count === 0 || cell === NO_FIGURE;
			const printed = `${cell.startsWith(">") ? ">" : ""}${(response[name] / 1_000).toFixed(2)}ms`;
			expect(values.get(title)).toBe(isWithheld ? "n/a" : printed);
		}
		expect(terminal).toContain(`${formatRate(run.throughput.tasksPerSecond)} tasks/s`);
		for (const reason of report.verdict.reasons) {
			expect(summary).toContain(`**${reason.severity}**`);
			expect(terminal.replace(/\s+/g, " ")).toContain(reason.sentence);
		}
	});

	it("gives scripts one number for Tasks/Second", () => {
		const lines = summary.split("\n").filter((line) => line.includes("Tasks/Second"));
		expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(
			report.runs.length === 0 ? [] : [expect.stringMatching(/^\d+\.\d\d$/)],
		);
	});
});

it("keeps the headline block's lines and their order", () => {
	expect([...headlineValues(renderSummary(reportOf(simulatedRecord([{}])))).keys()]).toEqual([
		"Tasks/Second",
		"Total Tasks",
		"Completed",
		"Failed",
		"Error Rate",
		"Average",
		"P50",
		"P95",
		"P99",
		"Min",
		"Max",
	]);
});

it("publishes a schema that is fresh", async () => {
	await expect(`${JSON.stringify(reportJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
		"../../docs/report.schema.json",
	);
});

it("heads with the fastest run that is not invalid", () => {
	const [fast, slow] = [
		{ workers: 8, vanished: [3], name: "fast" },
		{ workers: 4, name: "slow" },
	];
	expect(headlineOf(reportOf(simulatedRecord([fast, slow])))?.name).toBe("slow");
	expect(headlineOf(reportOf(simulatedRecord([fast, { ...slow, vanished: [5] }])))?.name).toBe("fast");
});

it("keeps to 80 columns with a balance that does not fit a line", () => {
	const report = reportOf(simulatedRecord([{ agents: 2 }]));
	const runs = report.runs.map((run) => {
		const byAgent = run.accounting.byAgent.map((group) => ({
			...group,
			...{ acknowledged: 4_000_000, completed: 2_000_000, recordedCompleted: 1_000_000, deadLettered: 600_000 },
			...{ remaining: 200_000, held: 100_000, lost: 60_000, unaccounted: 40_000 },
		}));
		return { ...run, accounting: { ...run.accounting, byAgent } };
	});
	const lines = renderTerminal({ ...report, runs }, PLAIN).split("\n");
	expect(lines.filter((line) => line.length > 80)).toEqual([]);
	expect(lines.join(" ").replace(/\s+/g, " ")).toContain("60,000 lost + 40,000 unaccounted; by agent 1: 4,000,000 =");
});

it("colours the verdict and the heads where colours are wanted, and changes nothing else", () => {
	const report = reportOf(simulatedRecord([{ vanished: [3] }]));
	const coloured = renderTerminal(report, picocolors.createColors(true), FOLDER);
	expect(coloured).toContain("\u001b[31mINVALID");
	// biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is taken away
	expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(renderTerminal(report, PLAIN, FOLDER));
});

it("lets nothing that others named break out of its place", () => {
	const evil = "a\u001b[2Jb\nc | <img src=x> `code` *bold*\u2028d";
	const record = simulatedRecord([{ errors: new Map([[evil, 2]]), hosts: [evil], agents: 2 }], {
		command: "coordinator run --redis redis://user:secret@host/0",
	});
	const report = reportOf(record);
	const texts = [renderSummary(report), renderTerminal(report, PLAIN, FOLDER), renderJson(report)];
	for (const text of texts) {
		expect(text).not.toContain("secret");
		// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
		expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
	}
	const row = texts[0]?.split("\n").find((line) => line.startsWith("| quick") && line.includes("img"));
	expect(row).toContain("\\|");
	expect(row).not.toMatch(/[^\\]</);
});

function headlineValues(summary: string): Map<string, string> {
	const block = /```\n([^`]*)```/.exec(summary)?.[1] ?? "";
	const pairs = block
		.trim()
		.split("\n")
		.map((line) => /^(.+?): +(\S+)$/.exec(line));
	return new Map(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}
