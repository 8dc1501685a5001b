import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPprof } from "../coordinator/profile/pprof.js";
import { framesOf, type StackProfile, totalOf, valueIndex } from "../coordinator/profile/stackProfile.js";
import { runCli } from "./support/cli.js";
import { expectReported, readReport, resultFolder } from "./support/results.js";

const read = (file: string) => readPprof(readFileSync(file));
const filesOf = (profile: StackProfile) => new Set(profile.frames.map(({ file }) => file));
const labels = (profile: StackProfile, name: string) =>
	new Set(profile.samples.flatMap((sample) => sample.labels.get(name) ?? []));

test("a profiled run over 2 agents leaves profiles with source names and labels, and every form of the report tells of them", async () => {
	const cli = await runCli(["run", "--type", "profiled", "--tasks", "2000", "--agents", "2", "--poll-interval", "0"]);
	expectReported(cli);
	const folder = resultFolder(cli.folder);
	const files = ["cpu.prof", "cpu_analysis.txt", "cpu_flame.svg", "mem.prof", "mem_analysis.txt", "mem_flame.svg"];
	for (const file of files) expect(readdirSync(folder)).toContain(file);

	const cpu = read(join(folder, "cpu.prof"));
	const mem = read(join(folder, "mem.prof"));
	for (const profile of [cpu, mem]) {
		expect(labels(profile, "agent")).toEqual(new Set(["0", "1"]));
		expect([...labels(profile, "stage")]).toContain("ack");
		expect([...filesOf(profile)]).toContain("agent/spool/classic.ts");
		for (const file of filesOf(profile))
			expect(file).toMatch(/^($|agent\/|proto\/|node_modules\/|node:|evalmachine|wasm:)/);
	}
	expect(mem.frames.map(({ name, file }) => `${name} ${file}`)).toContain("dequeue agent/spool/classic.ts");
	const [{ seconds }] = readReport(folder).runs.map(({ throughput }) => ({
		seconds: 2_000 / throughput.tasksPerSecond,
	})) as [{ seconds: number }];
	// Two agents' measured windows; the samples' wall time fills them.
	expect(cpu.durationNs / 1e9).toBeGreaterThan(seconds * 0.8);
	expect(cpu.durationNs / 1e9).toBeLessThan(seconds * 2.2);
	const wallNs = totalOf(cpu, valueIndex(cpu, "wall"));
	expect(wallNs / cpu.durationNs).toBeGreaterThan(0.9);
	expect(wallNs / cpu.durationNs).toBeLessThan(1.1);
	const idle = cpu.samples.filter((sample) => framesOf(cpu, sample)[0]?.name === "(idle)");
	expect(idle.reduce((sum, { values }) => sum + (values[valueIndex(cpu, "cpu")] ?? 0), 0)).toBe(0);

	const report = readReport(folder);
	expect(report.profiles.map(({ kind, agents, failures, top }) => [kind, agents, failures, top.length])).toEqual([
		["cpu", 2, [], 5],
		["mem", 2, [], 5],
	]);
	const summary = readFileSync(join(folder, "SUMMARY.md"), "utf8").replaceAll("\\", "");
	for (const text of [summary, cli.stdout]) {
		for (const file of files) expect(text).toContain(file);
		expect(text).toContain("Redis client");
	}
	const go = ["/usr/bin/go", "/usr/local/go/bin/go"].find(existsSync);
	if (!go) return;
	const top = execFileSync(
		go,
		["tool", "pprof", "-top", "-lines", "-nodecount=500", "-nodefraction=0", join(folder, "mem.prof")],
		{
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
			env: { ...process.env, HOME: cli.tempFolder },
		},
	);
	expect(top).toMatch(/dequeue agent\/spool\/classic\.ts:\d+/);
});

test("top, flame and diff read what a run wrote; what is no profile is refused", { timeout: 120_000 }, async () => {
	const run = await runCli(["run", "--tasks", "300", "--poll-interval", "0", "--cpuprofile", "here/c.prof"]);
	expectReported(run);
	const file = join(run.folder, "here", "c.prof");
	expect(readdirSync(resultFolder(run.folder))).not.toContain("mem.prof");
	const top = await runCli(["profile", "top", file, "--value", "wall", "--count", "3"]);
	expect(top.stdout).toContain("Top 3 flat");
	const flame = await runCli(["profile", "flame", file]);
	expect(flame.stdout).toMatch(/^<svg xmlns="[^"]*" viewBox="0 0 1200 .*<\/svg>\n$/s);
	const diff = await runCli(["profile", "diff", file, file, "--out", "d.svg"]);
	expect(diff.stdout).toContain("(+0%)");
	expect(readFileSync(join(diff.folder, "d.svg"), "utf8")).toContain("the same within 4%");
	expect([top.code, flame.code, diff.code]).toEqual([0, 0, 0]);

	const folder = mkdtempSync(join(tmpdir(), "profiles-"));
	writeFileSync(join(folder, "text.prof"), "not a profile at all");
	const refused: [string[], RegExp][] = [
		[["top", join(folder, "none.prof")], /cannot read .*none\.prof: there is no such file/],
		[["diff", file, join(folder, "text.prof")], /text\.prof: it is no profile/],
		[["top", file, "--value", "heap"], /there is no value heap in it; it has sample, wall, cpu/],
		[["diff", file], /missing required argument/],
	];
	for (const [args, message] of refused) {
		const { code, stderr } = await runCli(["profile", ...args]);
		expect([args, code]).toEqual([args, 2]);
		expect(stderr).toMatch(message);
	}
});
