import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Comparison, comparisonSchema } from "../coordinator/compare/schema.js";
import { runCli, startCli } from "./support/cli.js";
import { startRedis, type TestRedis } from "./support/redis.js";
import { allKeys } from "./support/redisClient.js";
import { readReport, resultFolder } from "./support/results.js";

let redis: TestRedis;
let plans: string;
beforeAll(async () => {
	redis = await startRedis();
	plans = mkdtempSync(join(tmpdir(), "plans-"));
	// So slow that what else runs on the machine makes little difference.
	write("slow.yaml", "tasks: 60\nworkers: 4\npollInterval: 50ms\n");
	write("fast.yaml", "tasks: 60\nworkers: 4\npollInterval: 25ms\n");
	write("classic.yaml", "tasks: 200\nengine: classic\n");
	write("fused.yaml", "tasks: 200\nengine: fused\n");
	write("sweep.yaml", "tasks: 60\nworkers: [1, 2]\n");
	write("timed.yaml", "duration: 1s\n");
	write("elsewhere.yaml", "redis: redis://127.0.0.1:1\nkeyPrefix: 'other:'\n");
});
afterAll(async () => {
	rmSync(plans, { recursive: true, force: true });
	await redis.stop();
});

function write(name: string, text: string): void {
	writeFileSync(join(plans, name), text);
}

const live = (baseline: string, candidate: string, ...flags: string[]) => [
	...["compare", "--baseline", join(plans, baseline), "--candidate", join(plans, candidate)],
	...flags,
];

function savedComparison(folder: string): Comparison {
	return comparisonSchema.parse(JSON.parse(readFileSync(join(folder, "comparison.json"), "utf8")));
}

function throughputOf({ points }: Comparison) {
	return points[0]?.metrics.find(({ key }) => key === "throughput");
}

test("half the poll interval: better, about twice as fast; saved, and shown again from the folder", async () => {
	const flags = ["--pairs", "6", "--noise-pairs", "2", "--seed", "11", "--agents", "2", "--redis", redis.tcpUrl];
	const cli = await runCli(live("slow.yaml", "fast.yaml", ...flags), { timeoutMs: 55_000 });
	expect(cli.code).toBe(0);
	expect(cli.stdout).toMatch(/BETTER/);
	expect(cli.stdout).toMatch(/differs +pollIntervalMs: 50 → 25/);
	const folder = resultFolder(cli.folder);
	expect(readdirSync(folder).sort()).toEqual(
		["COMPARISON.md", "SUMMARY.md", "comparison.json", "comparison_output.log", "report.json", "result.pb.gz"].sort(),
	);
	const comparison = savedComparison(folder);
	expect(comparison.verdict.outcome).toBe("better");
	expect(throughputOf(comparison)).toMatchObject({ outcome: "better" });
	expect(throughputOf(comparison)?.change).toBeGreaterThan(0.5);
	expect(throughputOf(comparison)?.change).toBeLessThan(1.2);
	expect(throughputOf(comparison)?.baseline.values).toHaveLength(6);

	const report = readReport(folder);
	expect(report.runs).toHaveLength(16);
	const letters = report.runs.slice(4).map(({ parameters }) => (parameters.pollIntervalMs === 50 ? "A" : "B"));
	expect(
		letters
			.join("")
			.match(/.{4}/g)
			?.every((block) => /^(ABBA|BAAB)$/.test(block)),
	).toBe(true);
	expect(report.runs.slice(0, 4).every(({ parameters }) => parameters.pollIntervalMs === 50)).toBe(true);
	expect(new Set(report.runs.map(({ perAgent }) => perAgent.map(({ pid }) => pid).join())).size).toBe(1);
	expect(report.runs.every(({ namespace }) => namespace.keysBeforeStart === 0)).toBe(true);
	expect(await allKeys(redis.url)).toEqual([]);
	expect(cli.processes()).toEqual([]);

	const again = await runCli(["compare", folder, "--format", "json"]);
	expect(again.code).toBe(0);
	expect(comparisonSchema.parse(JSON.parse(again.stdout)).verdict).toEqual(comparison.verdict);
	const failing = await runCli(["compare", folder, "--fail-on-regression", "p50=1%"]);
	expect(failing.code).toBe(0);
	const shown = await runCli(["report", folder]);
	expect(shown.code).toBe(0);
});

test("a plan against itself: equivalent or inconclusive, never better; only the format asked for is on stdout", async () => {
	const flags = ["--pairs", "6", "--noise-pairs", "0", "--format", "markdown"];
	const cli = await runCli(live("slow.yaml", "slow.yaml", ...flags), { timeoutMs: 55_000 });
	expect(cli.code).toBe(0);
	expect(cli.stdout).toMatch(/^## Benchmark: (equivalent|inconclusive)\n/);
	expect(cli.stdout).toMatch(/Both plans ask for the same: what differs is noise/);
	expect(cli.stdout).toMatch(/No A\/A pairs: the noise floor is not known/);
});

test("classic against fused: how many times faster, with its interval", { retry: 2 }, async () => {
	const cli = await runCli(live("classic.yaml", "fused.yaml", "--pairs", "6", "--noise-pairs", "1"), {
		timeoutMs: 55_000,
	});
	expect(cli.code).toBe(0);
	expect(cli.stdout.replace(/\s+/g, " ")).toMatch(
		/Better: throughput by \d+% \[\d+(\.\d)?%, \d+%\], \d+\.\d\d times the baseline's \[\d+\.\d\d, \d+\.\d\d\]/,
	);
	expect(cli.stdout).toMatch(/differs +engine: classic → fused/);
});

test("Ctrl-C: what there is, marked aborted, exit 4, no key left", async () => {
	const flags = ["--pairs", "20", "--noise-pairs", "1", "--redis", redis.tcpUrl];
	const cli = startCli(live("slow.yaml", "fast.yaml", ...flags), { timeoutMs: 40_000 });
	await cli.waitForLine(/pair-2-\w+/);
	cli.kill("SIGINT");
	const { code, stdout } = await cli.exited;
	expect(code).toBe(4);
	expect(stdout).toMatch(/aborted +interrupted by SIGINT/);
	const comparison = savedComparison(resultFolder(cli.folder));
	expect(comparison.aborted).toMatch(/SIGINT/);
	expect(comparison.points[0]?.baselineRuns).toBeGreaterThanOrEqual(1);
	expect(comparison.verdict.outcome).not.toBe("better");
	expect(await allKeys(redis.url)).toEqual([]);
	expect(cli.processes()).toEqual([]);
});

test.each([
	["a sweep", "sweep.yaml", "slow.yaml", /--baseline: expected one set of parameters, got a sweep over 2/],
	[
		"loads of two kinds",
		"slow.yaml",
		"timed.yaml",
		/--candidate: expected a load of the baseline's kind \(tasks\), got timed/,
	],
	[
		"two Redis servers",
		"slow.yaml",
		"elsewhere.yaml",
		/--redis: expected one Redis.*\n--key-prefix: expected one key prefix/,
	],
])("%s cannot be run in turns: exit 2, nothing started", async (_, baseline, candidate, sentence) => {
	const cli = await runCli(live(baseline, candidate));
	expect(cli.code).toBe(2);
	expect(cli.stderr).toMatch(sentence);
	expect(readdirSync(cli.folder)).toEqual(["t"]);
});
