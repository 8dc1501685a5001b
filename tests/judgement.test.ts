import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CliResult, runCli, startCli } from "./support/cli.js";
import { readReport, resultFolder } from "./support/results.js";

const TINY = ["run", "--tasks", "200", "--poll-interval", "0", "--quiet"];

function reportOf(cli: { readonly folder: string }) {
	return readReport(resultFolder(cli.folder));
}

function file(cli: { readonly folder: string }, name: string): string {
	return readFileSync(join(resultFolder(cli.folder), name), "utf8");
}

/** Of a run whose thresholds passed, on a machine that may be too busy for it to be VALID. */
function expectPassed({ code, stdout }: CliResult): void {
	expect([0, 3], stdout).toContain(code);
}

describe("thresholds", () => {
	test("that hold: exit 0, each told in the terminal, the summary, report.json and junit.xml", async () => {
		const texts = ["throughput: rate>1", "responseTime: p(95)<1m", "errors: rate<0.001", "tasks: lost==0"];
		const cli = await runCli([...TINY, ...texts.flatMap((text) => ["--threshold", text])]);
		expectPassed(cli);
		expect(reportOf(cli).thresholds.map(({ threshold, passed }) => [threshold, passed])).toEqual(
			texts.map((text) => [text, true]),
		);
		for (const text of texts) expect(cli.stdout).toContain(`✓ ${text}`);
		expect(file(cli, "SUMMARY.md")).toContain("## Thresholds: all passed");
		expect(file(cli, "junit.xml").match(/<testcase/g)).toHaveLength(texts.length + 1);
		expect(file(cli, "junit.xml")).toContain('name="throughput: rate&gt;1"><system-out>');
	});

	test("one that fails: exit 6, named, and the report is there", async () => {
		const cli = await runCli([...TINY, "--threshold", "throughput: rate>1M", "--threshold", "tasks: lost==0"]);
		expect(cli.code).toBe(6);
		expect(cli.stdout).toMatch(/✗ throughput: rate>1M {2}[\d,.]+ tasks\/s/);
		expect(cli.stdout).toContain("✓ tasks: lost==0");
		expect(file(cli, "SUMMARY.md")).toContain("## Thresholds: 1 of 2 failed");
		expect(file(cli, "junit.xml")).toMatch(/<failure type="threshold" message="throughput: rate&gt;1M failed/);
		const again = await runCli(["report", resultFolder(cli.folder), "--format", "junit"]);
		expect(again.stdout).toBe(file(cli, "junit.xml"));
	});

	test("from a plan and from the environment; a flag goes before both", async () => {
		const { folder } = await runCli(["--version"]);
		const plan = join(folder, "plan.yaml");
		writeFileSync(plan, "tasks: 100\npollInterval: 0\nthresholds:\n  throughput: rate>1M\n");
		const fromPlan = await runCli(["run", "--plan", plan, "--quiet"]);
		expect(fromPlan.code).toBe(6);
		const env = { SPOOLBENCH_THRESHOLD: "tasks: lost==0; throughput: rate>1M" };
		const fromEnvironment = await runCli(TINY, { env });
		expect(fromEnvironment.code).toBe(6);
		expect(reportOf(fromEnvironment).thresholds.map(({ passed }) => passed)).toEqual([true, false]);
		expectPassed(await runCli(["run", "--plan", plan, "--quiet", "--threshold", "tasks: lost==0"], { env }));
	});

	test("every mistake at once with its place, exit 2, and nothing was started", async () => {
		const cli = await runCli([...TINY, "--threshold", "troughput: rate>1", "--threshold", "responseTime: p(99)<50"]);
		expect(cli.code).toBe(2);
		expect(cli.stderr).toContain('--threshold: unknown metric "troughput"; did you mean throughput?');
		expect(cli.stderr).toContain("--threshold: expected a time with its unit, such as 50ms");
		expect(existsSync(join(cli.folder, "benchmark_results"))).toBe(false);
		const plan = join(cli.folder, "plan.yaml");
		writeFileSync(plan, "tasks: 10\nthresholds:\n  - tasks: duplicate==0\n");
		const fromPlan = await runCli(["validate", "--plan", plan]);
		expect(fromPlan.code).toBe(2);
		expect(fromPlan.stderr).toContain(
			`${plan}:3:5 thresholds.0.tasks: tasks has no figure "duplicate"; did you mean duplicates?`,
		);
	});

	test("a metric without samples fails", async () => {
		const cli = await runCli([
			...TINY,
			"--handler",
			"fail:1",
			"--max-retries",
			"0",
			"--threshold",
			"responseTime: p(50)<1h",
		]);
		expect(reportOf(cli).thresholds).toMatchObject([{ passed: false, sentence: "no samples" }]);
		// Nothing was completed, so the result is INVALID, and that goes before its thresholds.
		expect(cli.code).toBe(3);
	});

	test("abortOnFail ends the run in order, with its reason, and not before its delay; exit 6", async () => {
		const threshold = "errors: rate<10%, abortOnFail, delayAbortEval=2s";
		const cli = startCli(
			["run", "--duration", "50s", "--workers", "2", "--handler", "fail:0.9", "--max-retries", "0"].concat([
				...["--threshold", threshold, "--threshold", "throughput: rate>0.001, abortOnFail"],
			]),
			{ timeoutMs: 45_000 },
		);
		const { code } = await cli.exited;
		expect(code).toBe(6);
		const report = reportOf(cli);
		expect(report.aborted).toMatch(/^interrupted by the threshold 'errors: rate<10%', at \d+(\.\d)?%$/);
		expect(report.thresholds).toMatchObject([
			{ threshold: "errors: rate<10%", passed: false, aborted: true },
			{ threshold: "throughput: rate>0.001", passed: true, aborted: false },
		]);
		expect(report.runs[0]?.end).toBe("aborted");
		expect(report.runs[0]?.timing.lastSentAtMs).toBeGreaterThan(2_000);
		expect(report.runs[0]?.tasks.lost).toBe(0);
		expect(report.runs[0]?.namespace.keysLeft).toBe(0);
		expect(cli.processes()).toEqual([]);
	});

	test("the user's own interrupt stays exit 4", async () => {
		const cli = startCli(["run", "--duration", "50s", "--threshold", "throughput: rate>1M"], { timeoutMs: 40_000 });
		await cli.waitForLine(/measuring, [1-9]\d/);
		cli.kill("SIGINT");
		expect((await cli.exited).code).toBe(4);
	});
});

describe("targets", () => {
	test("Spool's own, and a file's, beside what was measured; missing one changes no exit code", async () => {
		const spool = await runCli([...TINY, "--targets", "spool"]);
		expectPassed(spool);
		expect(spool.stdout).toMatch(/Metric +Measured +Target +Status\n +Throughput +[\d,.]+ tasks\/s +rate>=2500/);
		expect(file(spool, "SUMMARY.md")).toMatch(/\| P99 response time +\| .* \| p\(99\)/);

		const targets = join(spool.folder, "mine.yaml");
		writeFileSync(targets, 'Rate: "throughput: rate>=1M"\nLost: "tasks: lost==0"\n');
		const mine = await runCli([...TINY, "--targets", targets]);
		expectPassed(mine);
		expect(reportOf(mine).targets?.rows).toMatchObject([
			{ title: "Rate", target: "rate>=1M", status: "missed" },
			{ title: "Lost", measured: "0", target: "lost==0", status: "met" },
			{ title: "Memory trend", status: "unknown" },
		]);
	});

	test("without any the table holds what was measured, and says how to give some", async () => {
		const cli = await runCli(TINY);
		expect(file(cli, "SUMMARY.md")).toMatch(/\| Throughput +\| [\d,.]+ tasks\/s +\| — +\| — +\|/);
		expect(file(cli, "SUMMARY.md")).toContain("--targets spool");
		expect(cli.stdout).not.toContain("Metric");
	});

	test("a file that is wrong or missing is refused with its place", async () => {
		const { folder } = await runCli(["--version"]);
		const targets = join(folder, "mine.yaml");
		writeFileSync(targets, 'Rate: "throughput: rat>=1"\n');
		const wrong = await runCli([...TINY, "--targets", targets]);
		expect(wrong.code).toBe(2);
		expect(wrong.stderr).toContain(`${targets}:1:1 Rate: throughput has no figure "rat"; did you mean rate?`);
		const missing = await runCli([...TINY, "--targets", join(folder, "none.yaml")]);
		expect(missing.code).toBe(2);
		expect(missing.stderr).toMatch(/^--targets: .*there is no such file/m);
	});
});
