import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { startCli } from "./support/cli.js";
import { startRedis, type TestRedis } from "./support/redis.js";
import { readReport, resultFolder } from "./support/results.js";

let redis: TestRedis | undefined;
afterEach(() => redis?.stop());

test("a Redis that dies in the middle of a run: the run ends by itself, the report says what is not known", async () => {
	redis = await startRedis();
	const flags = ["--tasks", "4000", "--agents", "2", "--drain-timeout", "3s", "--redis", redis.tcpUrl];
	const cli = startCli(["run", ...flags], { timeoutMs: 50_000 });
	await cli.waitForLine(/running, [1-9]\d\d\//);
	process.kill(redis.pid, "SIGKILL");
	const { code, stdout, stderr } = await cli.exited;
	expect(code).toBe(3);
	const report = readReport(resultFolder(cli.folder));
	expect(report.verdict.validity).toBe("INVALID");
	const [run] = report.runs;
	expect(run?.end).toBe("stalled");
	expect(run?.accounting.censusTaken).toBe(false);
	expect(run?.tasks.lost).toBe(0);
	expect(run?.tasks.unaccounted).toBeGreaterThan(1_000);
	expect(stdout + stderr).not.toMatch(/NaN|undefined|\n\s+at .*\(/);
	expect(cli.processes()).toEqual([]);
});

test("a Redis that stands still for two seconds: the run goes on after it, and every task is done once", async () => {
	redis = await startRedis();
	const cli = startCli(["run", "--tasks", "1200", "--redis", redis.tcpUrl], { timeoutMs: 50_000 });
	await cli.waitForLine(/running, [1-9]\d\d\//);
	process.kill(redis.pid, "SIGSTOP");
	setTimeout(() => redis && process.kill(redis.pid, "SIGCONT"), 2_000);
	const { code } = await cli.exited;
	expect([0, 3]).toContain(code);
	const [run] = readReport(resultFolder(cli.folder)).runs;
	expect(run?.tasks).toMatchObject({ completed: 1_200, lost: 0, duplicates: 0 });
	// 1,200 tasks take 4 workers that poll each 10 ms at least 3 s, and the stall comes on top.
	expect(run?.timing.lastCompletedAtMs).toBeGreaterThan(4_500);
});

test("a Redis with its data on disk that restarts: the run goes on, and the report has the window and the recovery", async () => {
	const data = mkdtempSync(join(tmpdir(), "aof-"));
	const kept = ["--dir", data, "--appendonly", "yes", "--appendfsync", "always"];
	const first = await startRedis(kept);
	const cli = startCli(["run", "--tasks", "1500", "--agents", "2", "--redis", first.tcpUrl], { timeoutMs: 60_000 });
	await cli.waitForLine(/running, [3-9]\d\d\//);
	process.kill(first.pid, "SIGKILL");
	await first.stop();
	redis = await startRedis([...kept, "--port", String(first.port)]);
	const { code, stdout } = await cli.exited;
	expect(code).toBe(3);
	const [run] = readReport(resultFolder(cli.folder)).runs;
	expect(run?.outages).toMatchObject([{ agents: [0, 1], toMs: expect.any(Number) }]);
	const [outage] = run?.outages ?? [];
	expect(outage?.toMs).toBeGreaterThan(outage?.fromMs ?? Number.NaN);
	expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/Redis was out of reach from .* to .* of the run, for /);
	// The classic engine takes a task out of its queue before it notes who holds it: each worker can lose the one between.
	expect(run?.tasks.lost).toBeLessThanOrEqual(run?.workers ?? 0);
	expect(run?.tasks.completed).toBeGreaterThan(1_200);
});
