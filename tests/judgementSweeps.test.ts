import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { readReport, resultFolder } from "./support/results.js";

function reportOf(cli: { readonly folder: string }) {
	return readReport(resultFolder(cli.folder));
}

// Polling each 60 ms: on a machine that does other things too, a stall of the agent would miss shorter beats.
test("classic with a poll interval grows linearly, and the interval is named", { retry: 2 }, async () => {
	const cli = await runCli(
		["run", "--type", "scalability", "--workers", "1,2,3,4", "--tasks", "96", "--poll-interval", "60ms", "--quiet"],
		{ timeoutMs: 55_000 },
	);
	const { sweep } = reportOf(cli);
	expect(sweep?.scaling?.verdict).toMatchObject({
		kind: "linear",
		from: 4,
		cause: "Each poll takes one task, so the poll interval is the limit (cap 17 tasks/s a worker at 60ms).",
	});
	expect(cli.stdout.replace(/\s+/g, " ")).toContain("Throughput grows linearly to 4 workers");
	expect(cli.stdout.replace(/\s+/g, " ")).toContain("so the poll interval is the limit");
	expect(sweep?.scaling?.fit).not.toBeNull();
});

test("back to back it does not grow linearly, and the report says from where on", async () => {
	const cli = await runCli(
		["run", "--type", "scalability", "--workers", "1,4,16,64", "--tasks", "1500", "--poll-interval", "0", "--quiet"],
		{ timeoutMs: 55_000 },
	);
	const verdict = reportOf(cli).sweep?.scaling?.verdict;
	expect(["plateau", "knee", "retrograde"]).toContain(verdict?.kind);
	expect(verdict?.from).toBeLessThan(64);
	expect(verdict?.sentence).toMatch(/\d+ workers?/);
	expect(verdict?.cause).not.toContain("poll interval");
});

test("repeats: every point so often in random order, medians with their spread, each start clean", async () => {
	const args = [
		"run",
		"--workers",
		"1,2,4,8",
		"--tasks",
		"100",
		"--poll-interval",
		"0",
		"--repeat",
		"3",
		"--seed",
		"5",
	];
	const cli = await runCli([...args, "--agents", "2", "--quiet"], { timeoutMs: 50_000 });
	const report = reportOf(cli);
	const order = report.runs.map(({ workers }) => workers);
	expect(order.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8]);
	expect(order).not.toEqual(order.toSorted((a, b) => a - b));
	const planned = await runCli([...args.with(0, "validate"), "--agents", "2"]);
	const names = [...planned.stdout.matchAll(/^(workers-\d#\d)/gm)].map(([name]) => name);
	expect(report.runs.map(({ name }) => name)).toEqual(names);

	expect(report.sweep).toMatchObject({ dimensions: ["workers"], repeat: 3, seed: 5 });
	expect(report.sweep?.points.map(({ values }) => values.workers)).toEqual(["1", "2", "4", "8"]);
	for (const point of report.sweep?.points ?? []) {
		const { median, min, max } = point.tasksPerSecond;
		const rates = point.runs.map((ordinal) => report.runs[ordinal]?.throughput.tasksPerSecond ?? 0);
		expect([min, median, max]).toEqual(rates.toSorted((a, b) => a - b).map((rate) => expect.closeTo(rate, 2)));
		expect(point.cleanStart).toBe(true);
	}
	const summary = readFileSync(join(resultFolder(cli.folder), "SUMMARY.md"), "utf8");
	expect(summary).toContain("--seed 5");
	expect(summary.match(/yes, 0 keys/g)).toHaveLength(4);
	expect(cli.stdout).toContain("tasks/s by workers: ● measured");
	expect(cli.stdout).toContain("the median run of the best point");
	expect(Math.max(...cli.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});

test("over agents: each run on the first of one fleet, the same processes throughout", async () => {
	const cli = await runCli(
		["run", "--agents", "1,2,4", "--workers", "4", "--tasks", "200", "--poll-interval", "0", "--quiet"],
		{ timeoutMs: 40_000 },
	);
	const report = reportOf(cli);
	expect(report.runs.map(({ agents }) => agents)).toEqual([1, 2, 4]);
	const pids = report.runs.map(({ perAgent }) => perAgent.map(({ pid }) => pid));
	expect(pids[0]).toEqual(pids[2]?.slice(0, 1));
	expect(pids[1]).toEqual(pids[2]?.slice(0, 2));
	for (const run of report.runs) {
		expect(run.tasks).toMatchObject({ completed: 200, lost: 0, duplicates: 0 });
		expect(run.namespace).toMatchObject({ keysBeforeStart: 0, keysLeft: 0 });
	}
	expect(report.sweep?.scaling).toMatchObject({ dimension: "agents", fit: null });
	expect(report.sweep?.scaling?.fitWithheld).toBe("No law was fitted: 3 sizes, 4 are the least.");
	expect(cli.processes()).toEqual([]);
});

test("over payload and poll interval at once: a table of every combination", async () => {
	const cli = await runCli(["run", "--payload", "100B,10KB", "--poll-interval", "0,1ms", "--tasks", "100", "--quiet"], {
		timeoutMs: 40_000,
	});
	const { sweep } = reportOf(cli);
	expect(sweep?.scaling).toBeNull();
	expect(sweep?.dimensions).toEqual(["payload", "pollInterval"]);
	expect(sweep?.points.map(({ values }) => `${values.payload} ${values.pollInterval}`)).toEqual([
		"100B 0",
		"10KB 0",
		"100B 1ms",
		"10KB 1ms",
	]);
	expect(cli.stdout).toMatch(/payload {2}pollInterval {2}tasks\/s/);
});

test("an agent too few is missed before the first run, also where that needs fewer", async () => {
	const cli = await runCli(
		["run", "--agents", "1,2", "--tasks", "10", "--listen", "127.0.0.1:0", "--join-timeout", "1s"],
		{ env: { SPOOLBENCH_JOIN_TOKEN: "0123456789abcdef" } },
	);
	expect(cli.code).toBe(5);
	expect(cli.stderr).toContain("2 of 2 agents are missing");
});
