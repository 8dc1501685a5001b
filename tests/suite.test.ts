import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatRate } from "../coordinator/report/format.js";
import type { SuiteReport } from "../coordinator/suite/suiteReport.js";
import { startCli } from "./support/cli.js";

const FILES = [
	...["SUMMARY.md", "report.html", "report.json", "bench_output.log"],
	...["quick", "scalability", "profiled"].flatMap((name) => [`${name}_output.log`, `${name}/report.html`]),
	...["cpu", "mem"].flatMap((kind) => [`${kind}.prof`, `${kind}_analysis.txt`, `${kind}_flame.svg`]),
];

test("the suite leaves every file, one summary whose figures are those of the parts, and says what a threshold did", async () => {
	const flags = ["--quick", "--tasks", "200", "--out", "all", "--threshold", "tasks: lost==1"];
	const cli = startCli(["suite", ...flags], { timeoutMs: 110_000 });
	const { code, stdout, stderr } = await cli.exited;
	const folder = join(cli.folder, "all");
	const suite = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as SuiteReport;
	expect(suite.parts.map(({ name }) => name)).toEqual(["quick", "scalability", "bench", "profiled"]);
	for (const { name, exitCode } of suite.parts)
		expect([name, exitCode]).toEqual([name, name === "bench" ? 0 : expect.toBeOneOf([3, 6])]);
	expect([3, 6]).toContain(code);
	for (const name of FILES)
		expect([name, statSync(join(folder, name)).size]).toEqual([name, expect.toSatisfy((size) => size > 0)]);
	const summary = readFileSync(join(folder, "SUMMARY.md"), "utf8");
	const page = readFileSync(join(folder, "report.html"), "utf8");
	for (const { name, report } of suite.parts) {
		const run = report?.runs.find(({ ordinal }) => ordinal === report.headlineRun);
		if (!run) continue;
		const rate = formatRate(run.throughput.tasksPerSecond);
		expect(summary).toMatch(new RegExp(String.raw`^\| ${name} .*\| +${rate} \|`, "m"));
		expect(page).toContain(`<td class="r">${rate}`);
		expect(report).toEqual(JSON.parse(readFileSync(join(folder, name, "report.json"), "utf8")));
	}
	expect(suite.components.map(({ name }) => name)).toContain("Serialize");
	expect(stderr).toMatch(/suite: 4\/4 profiled .*left in all/);
	expect(stdout).toMatch(/files +.*\/all\//);
	expect(stdout + stderr + summary).not.toMatch(/NaN|undefined/);
}, 120_000);

test("SIGTERM ends the part in order and the suite with it; what there is is reported", async () => {
	const cli = startCli(["suite", "--out", "part"], { timeoutMs: 50_000 });
	await cli.waitForLine(/running, [1-9]\d\d\//);
	cli.kill("SIGTERM");
	const { code } = await cli.exited;
	expect(code).toBe(4);
	expect(readFileSync(join(cli.folder, "part", "SUMMARY.md"), "utf8")).toMatch(/^# INCOMPLETE/);
	expect(existsSync(join(cli.folder, "part", "scalability"))).toBe(false);
	await expect.poll(() => cli.processes(), { timeout: 10_000 }).toEqual([]);
});

test("bad input ends the suite at its first part with 2, and is told", async () => {
	const { code, stderr } = await startCli(["suite", "--tasks", "none"]).exited;
	expect(code).toBe(2);
	expect(stderr).toMatch(/--tasks/);
	expect(stderr).not.toMatch(/suite: 2\/4/);
});
