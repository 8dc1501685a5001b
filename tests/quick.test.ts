import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { onlyRun, readReport, resultFolder } from "./support/results.js";

test("quick over 8 agents on a private Redis: every task once, percentiles in order, a verdict, nothing left behind", async () => {
	const cli = await runCli(["run", "--type", "quick", "--agents", "8"]);
	expect(cli.stderr).not.toMatch(/error/i);
	const run = onlyRun(cli.folder);
	expect(run.agents).toBe(8);
	expect(run.workers).toBe(4);
	expect(run.tasks).toMatchObject({
		enqueued: 1_000,
		completed: 1_000,
		failed: 0,
		deadLettered: 0,
		remaining: 0,
		lost: 0,
		duplicates: 0,
	});
	for (const stage of [
		"responseTime",
		"uncorrectedResponseTime",
		"enqueueTime",
		"dequeueTime",
		"serviceTime",
		"ackTime",
	] as const) {
		const { count, minUs, p50Us, p95Us, p99Us, p999Us, maxUs } = run.latency[stage];
		expect(count, stage).toBe(1_000);
		const inOrder = [minUs, p50Us, p95Us, p99Us, p999Us, maxUs];
		expect(inOrder, stage).toEqual([...inOrder].sort((a, b) => a - b));
		expect(minUs, stage).toBeGreaterThan(0);
	}
	expect(run.latency.queueWait.count).toBeGreaterThan(0);
	expect(run.latency.queueWait.count).toBeLessThan(1_000);
	// 4 workers that take one task each 10 ms: never more, whichever the number of agents.
	expect(run.throughput.tasksPerSecond).toBeLessThanOrEqual(400 * (1_000 / 996));
	const report = readReport(resultFolder(cli.folder));
	expect(["VALID", "DEGRADED"]).toContain(report.verdict.validity);
	expect(cli.code).toBe(report.verdict.validity === "VALID" ? 0 : 3);
	expect(cli.processes()).toEqual([]);
	expect(readdirSync(cli.tempFolder)).toEqual([]);
});

test("leaves the files that users of Spool's benchmark look for, and the number where their scripts look for it", async () => {
	const cli = await runCli(["run", "--tasks", "200", "--poll-interval", "0", "--name", "trial"]);
	const folder = resultFolder(cli.folder);
	expect(readdirSync(folder).sort()).toEqual([
		"SUMMARY.md",
		"junit.xml",
		"report.html",
		"report.json",
		"result.pb.gz",
		"trial_output.log",
	]);
	const line = `grep "Tasks/Second" "${folder}/SUMMARY.md" | awk '{print $2}'`;
	const printed = execFileSync("sh", ["-c", line], { encoding: "utf8" });
	expect(printed).toMatch(/^\d+(\.\d+)?\n$/);
	const run = onlyRun(cli.folder);
	expect(Number(printed)).toBeCloseTo(run.throughput.tasksPerSecond, 0);
});

test("a sweep runs over one fleet, each run on a namespace that was proved clean", async () => {
	const cli = await runCli(["run", "--workers", "1,2,4", "--tasks", "100", "--agents", "2", "--poll-interval", "0"]);
	const report = readReport(resultFolder(cli.folder));
	expect(report.runs.map(({ workers }) => workers)).toEqual([1, 2, 4]);
	for (const run of report.runs) {
		expect(run.tasks.completed).toBe(100);
		expect(run.namespace).toMatchObject({ keysBeforeStart: 0, keysLeft: 0 });
		expect(run.namespace.keysRemoved).toBeGreaterThan(200);
	}
	const pids = report.runs.map(({ perAgent }) => perAgent.map(({ pid }) => pid).join());
	expect(new Set(pids).size).toBe(1);
});
