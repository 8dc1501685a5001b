import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startCli } from "./support/cli.js";
import { startRedis } from "./support/redis.js";
import { expectReported, onlyRun, readReport, resultFolder } from "./support/results.js";
import { WRONG_CLOCKS } from "./support/wrongClock.js";

const server = await startRedis();
const folder = mkdtempSync(join(tmpdir(), "wall-"));
afterAll(async () => {
	rmSync(folder, { recursive: true, force: true });
	await server.stop();
});

test("a wall clock that jumps an hour forward and two back in the middle of a run changes no figure of it", async () => {
	const offset = join(folder, "offset");
	const set = (aheadMs: number) => writeFileSync(offset, String(aheadMs));
	set(0);
	const load = ["--rate", "100", "--warmup", "0s", "--duration", "5s", "--agents", "2", "--workers", "4"];
	const cli = startCli(["run", ...load, "--redis", server.tcpUrl], {
		env: { NODE_OPTIONS: WRONG_CLOCKS, SPOOLTEST_WALL_FILE: offset },
	});
	await cli.waitForLine(/measuring, [1-9]\d* tasks/);
	set(3_600_000);
	await cli.waitForLine(/measuring, [1-9]\d\d tasks/);
	set(-3_600_000);
	const ended = await cli.exited;
	expectReported(ended);
	// The log's lines carry the time of day: the clock was really set.
	const hours = new Set([...ended.stderr.matchAll(/"time":"?([^",}]+)/g)].map(([, time = ""]) => hourOf(time)));
	expect(hours.size).toBeGreaterThan(1);
	const run = onlyRun(cli.folder);
	expect(run.tasks).toMatchObject({ completed: run.tasks.issued, lost: 0, duplicates: 0 });
	expect(run.latency.responseTime.count).toBeGreaterThan(400);
	for (const { minUs, maxUs } of Object.values(run.latency)) {
		expect(minUs).toBeGreaterThanOrEqual(0);
		expect(maxUs).toBeLessThan(30e6);
	}
	expect(run.throughput.toMs - run.throughput.fromMs).toBeLessThan(30_000);
	const { startedAt, finishedAt } = readReport(resultFolder(cli.folder));
	const lastedMs = Date.parse(finishedAt) - Date.parse(startedAt);
	expect(lastedMs).toBeGreaterThan(5_000);
	expect(lastedMs).toBeLessThan(60_000);
}, 60_000);

function hourOf(time: string): number {
	return Math.floor((Number(time) || Date.parse(time)) / 3_600_000);
}
