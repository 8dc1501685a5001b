import { describe, expect, it } from "vitest";
import type { Record } from "../../../proto/gen/record.js";
import { type RunShape, simulatedRecord } from "../../../tests/support/records.js";
import { mergeRun } from "../../merge/merge.js";
import { buildReport } from "../build.js";
import { headlineOf, percentileCell } from "../cells.js";
import { formatRate } from "../format.js";
import { qualityItems } from "../qualityText.js";
import type { Report } from "../schema.js";
import { sectionsOf } from "../sections.js";
import { escapeHtml } from "./markup.js";
import { renderHtml } from "./page.js";

const reportOf = (record: Record): Report => buildReport(record, record.runs.map(mergeRun));
const sweepOf = (others: Partial<RunShape> = {}) =>
	simulatedRecord(
		[1, 2, 4, 8, 16].map((workers) => ({ workers, agents: 2, tasks: 600, name: `workers-${workers}`, ...others })),
	);

const REPORTS: { readonly [name: string]: Report } = {
	quick: reportOf(simulatedRecord([{}])),
	sweep: reportOf(sweepOf()),
	timed: reportOf(simulatedRecord([{ timedMs: 6_000, agents: 2, hosts: ["bench-1", "bench-2"], deadLetterEach: 50 }])),
	lost: reportOf(simulatedRecord([{ agents: 4, tasks: 2_000, lost: { agent: 2, atUs: 405_000 } }])),
	nothing: reportOf(simulatedRecord([{ abortedAtUs: 0 }], { aborted: "interrupted by SIGTERM" })),
	"no run": reportOf({ ...simulatedRecord([{}]), runs: [], aborted: "interrupted by SIGINT" }),
};

describe.each(Object.entries(REPORTS))("%s", (_name, report) => {
	const page = renderHtml(report);
	const run = headlineOf(report);

	it("is one file that loads and runs nothing", () => {
		expect(page).toMatch(/^<!doctype html>/);
		expect(page).not.toMatch(/<script|<link|<img|<iframe|<object|@import|url\((?!#)| on\w+="/i);
		expect(page.replaceAll("http://www.w3.org/", "")).not.toMatch(/(?:href|src)="(?!#)/);
		expect(page).toContain("default-src &#39;none&#39;");
	});

	it("heads with the verdict and what the other reports head with", () => {
		const [head = ""] = page.split("<nav>");
		expect(head).toContain(report.verdict.validity);
		if (run === undefined) return expect(head).toContain("No run took place.");
		expect(head).toContain(`${formatRate(run.throughput.tasksPerSecond)} tasks/s`);
		for (const item of qualityItems(report, run)) expect(head).toContain(`<span>${escapeHtml(item)}</span>`);
		for (const percentile of ["p50Us", "p95Us", "p99Us"] as const) {
			expect(head).toContain(escapeHtml(percentileCell(run.latency.responseTime, percentile)));
		}
	});

	it("prints every text and figure of SUMMARY.md's sections", () => {
		for (const { id, title, blocks } of sectionsOf(report)) {
			expect(page).toContain(`<section id="${id}"><h2>${escapeHtml(title)}</h2>`);
			for (const block of blocks) {
				if (block.kind === "paragraph" || block.kind === "command") expect(page).toContain(escapeHtml(block.text));
				if (block.kind === "list") for (const { text } of block.items) expect(page).toContain(escapeHtml(text));
				if (block.kind === "facts") for (const [, text] of block.facts) expect(page).toContain(escapeHtml(text));
				if (block.kind === "table")
					for (const cell of block.rows.flat()) expect(page).toContain(`>${escapeHtml(cell)}<`);
			}
		}
	});

	it("prints no figure that is none, and is the same when rendered again", () => {
		expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
		expect(renderHtml(report)).toBe(page);
	});

	it("uses each identifier once", () => {
		const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
		expect(ids).toEqual([...new Set(ids)]);
	});

	it("says what to do next", () => {
		expect(page).toMatch(/<section class="next" id="next"><h3>[^<]+<\/h3><ol><li>./);
	});
});

it("draws what there is to draw", () => {
	const charts = (report: Report | undefined) =>
		[...renderHtml(report as Report).matchAll(/<svg class="chart" role="img" aria-label="([^"]{20,})"/g)].length;
	expect(charts(REPORTS.timed)).toBe(5);
	expect(charts(REPORTS.sweep)).toBeGreaterThanOrEqual(5);
	expect(charts(REPORTS["no run"])).toBe(0);
	expect(renderHtml(REPORTS.sweep as Report)).toContain("fitted law");
	expect(renderHtml(REPORTS.lost as Report)).toContain("agent 2 lost");
});

it("lets nothing that others named become markup", () => {
	const evil = `</title></style><script>alert(1)</script><img src=x onerror="a()">'&`;
	const report = reportOf(
		simulatedRecord([{ name: evil, errors: new Map([[evil, 2]]), hosts: [evil], agents: 2, vanished: [3] }], {
			command: `coordinator run --plan ${evil}`,
		}),
	);
	const page = renderHtml(report);
	expect(page).not.toMatch(/<script|<img/);
	expect(page.match(/<\/style>/g)).toHaveLength(1);
	expect(page.match(/<\/title>/g)).toHaveLength(1);
	expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
});

it("stays small and quick with 500 agents and an hour", () => {
	const one = reportOf(simulatedRecord([{ timedMs: 6_000 }]));
	const [run] = one.runs;
	if (!run) throw new Error("no run");
	const hour = 3_600;
	const wave = (length: number) => Array.from({ length }, (_, at) => 1_000 + Math.round(300 * Math.sin(at / 50)));
	const series = { sent: wave(5 * hour), enqueued: wave(5 * hour), completed: wave(5 * hour), failed: wave(5 * hour) };
	const [agent] = run.perAgent;
	const [sample] = run.redis.samples;
	if (!agent || !sample) throw new Error("nothing to multiply");
	const large: Report = {
		...one,
		runs: [
			{
				...run,
				agents: 500,
				perAgent: Array.from({ length: 500 }, (_, index) => ({ ...agent, index })),
				series: { slotMs: 200, ...series },
				seconds: { ...run.seconds, p50Us: wave(hour), p99Us: wave(hour), maxUs: wave(hour) },
				redis: { ...run.redis, samples: Array.from({ length: hour }, (_, at) => ({ ...sample, atMs: at * 1_000 })) },
			},
		],
	};
	const small = renderHtml(one);
	const page = renderHtml(large);
	// A row an agent, and charts of bounded detail.
	expect(page.length).toBeLessThan(small.length + 500 * 400 + 200_000);
	const [smallMs, largeMs] = [one, large].map((report) => {
		const times = [1, 2, 3].map(() => {
			const startedMs = performance.now();
			renderHtml(report);
			return performance.now() - startedMs;
		});
		return Math.min(...times);
	});
	expect(largeMs).toBeLessThan(15 * (smallMs ?? 0) + 100);
});
