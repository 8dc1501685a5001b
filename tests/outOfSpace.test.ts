import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "./support/cli.js";
import { startRedis } from "./support/redis.js";
import { allKeys } from "./support/redisClient.js";
import { onlyRun, readReport, resultFolder } from "./support/results.js";

/** More than 3 MB hold with what Spool keeps of each task. */
const RUN = ["run", "--tasks", "3000", "--poll-interval", "1ms", "--drain-timeout", "3s"];

test("a Redis that is out of memory: each refusal is counted under its name, and the accounting is balanced", async () => {
	const redis = await startRedis(["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]);
	try {
		const cli = await runCli([...RUN, "--redis", redis.tcpUrl]);
		expect(cli.code).toBe(3);
		const run = onlyRun(cli.folder);
		expect(run.tasks.rejected).toBeGreaterThan(100);
		expect(run.tasks.enqueued + run.tasks.rejected).toBe(3_000);
		expect(cli.stdout).toMatch(/[\d,]+ +enqueue: OOM/);
		expect(await allKeys(redis.url)).toEqual([]);
	} finally {
		await redis.stop();
	}
});

test("a Redis that evicts: the run is INVALID and says how many keys went, under which policy", async () => {
	const redis = await startRedis(["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"]);
	try {
		const cli = await runCli([...RUN, "--redis", redis.tcpUrl]);
		expect(cli.code).toBe(3);
		const { verdict } = readReport(resultFolder(cli.folder));
		expect(verdict.validity).toBe("INVALID");
		expect(verdict.reasons.map(({ sentence }) => sentence).join("\n")).toMatch(
			/Redis evicted [\d,]+ keys during the run \(maxmemory-policy allkeys-lru\)/,
		);
	} finally {
		await redis.stop();
	}
});

/** A file system of 64 KB; undefined where none may be mounted. */
function tinyDisk(): string | undefined {
	const folder = mkdtempSync(join(tmpdir(), "disk-"));
	try {
		execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
	} catch {
		return undefined;
	}
	onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
	return folder;
}

test("a disk that is full: the report goes to stdout, exit 7, and no half a file is left", async ({ skip }) => {
	const disk = tinyDisk();
	if (disk === undefined) return skip("only root may mount a file system");
	const cli = await runCli(["run", "--tasks", "300", "--out", disk]);
	expect(cli.code).toBe(7);
	expect(cli.stderr).toMatch(/no space|ENOSPC|disk is full/i);
	const report = JSON.parse(cli.stdout.slice(cli.stdout.indexOf("\n{\n"))) as {
		runs: { tasks: { completed: number } }[];
	};
	expect(report.runs[0]?.tasks.completed).toBe(300);
	const names = readdirSync(disk, { recursive: true, encoding: "utf8" });
	expect(names.filter((name) => /tmp|partial/.test(name))).toEqual([]);
});
