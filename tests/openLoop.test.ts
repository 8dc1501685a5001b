import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Report } from "../coordinator/report/schema.js";
import { runCli, startCli } from "./support/cli.js";
import { startMonitor } from "./support/monitor.js";
import { startRedis } from "./support/redis.js";
import { expectReported, onlyRun, readReport, resultFolder } from "./support/results.js";

type Run = Report["runs"][number];

/** Tasks intended in the measured time, whatever became of them. */
function cohortOf({ latency }: Run): number {
	return latency.responseTime.count + latency.responseTime.unfinished;
}

function offeredBy(run: Run): NonNullable<Run["offered"]> {
	if (run.offered === null) throw new Error("a closed loop");
	return run.offered;
}

const FAST_WORKERS = ["--workers", "8", "--poll-interval", "1ms", "--payload", "100B"];

test.each([1, 4])(
	"%d agents together offer exactly the plan's arrivals, and the queue that keeps up does as many",
	async (agents) => {
		const args = ["run", "--rate", "400", "--warmup", "1s", "--duration", "4s", "--agents", String(agents)];
		const cli = await runCli([...args, ...FAST_WORKERS]);
		expectReported(cli);
		const run = onlyRun(cli.folder);
		expect(run.loop).toBe("open");
		const offered = offeredBy(run);
		expect(offered.perSecond).toBe(400);
		expect(offered.due).toBe(offered.sent + offered.notOffered + offered.dropped);
		// An agent may begin so late that the first arrivals of the warm-up are missed; those measured are the schedule's.
		expect(run.latency.sendLag.count).toBe(1_600);
		expect(cohortOf(run)).toBe(1_600);
		// A busy machine carries tasks of the warm-up over, or leaves some for later: more of them than are sent late it does not.
		if (offered.lateShare < 0.5) expect(offered.achievedShare).toBeGreaterThan(0.7);
		expect(offered.achievedShare).toBeLessThan(1.4);
		expect(run.accounting.balanced).toBe(true);
		expect(run.perAgent.map((agent) => agent.producers)).toEqual(Array.from({ length: agents }, () => 1));
		const shares = run.perAgent.map((agent) => agent.enqueued);
		expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(0.1 * Math.max(...shares));
		expect(cli.stdout).toContain("(open loop)");
		expect(cli.stdout).toMatch(/: warming up, .*: measuring, /s);
	},
);

test("more than the workers can do: the backlog grows, in words, and response times show the queueing", async () => {
	// One worker that takes a task each 10 ms does 100 a second.
	const args = ["run", "--rate", "500", "--warmup", "0", "--duration", "3s", "--drain-timeout", "1s"];
	const cli = await runCli([...args, "--workers", "1", "--poll-interval", "10ms"]);
	expect(cli.code).toBe(3);
	const run = onlyRun(cli.folder);
	const growing = run.verdict.reasons.find(({ code }) => code === "backlog-growing");
	expect(growing?.sentence).toMatch(/^The queue cannot keep up: 500(\.0)?\/s offered, \d+(\.\d+)?\/s done; /);
	expect(run.throughput.tasksPerSecond).toBeLessThanOrEqual(101);
	expect(run.end).toBe("undrained");
	expect(run.tasks.remaining).toBeGreaterThan(1_000);
	// An agent that began late on a busy machine has not offered what was due before.
	expect(cohortOf(run) + offeredBy(run).notOffered).toBe(1_500);
	expect(run.latency.responseTime.unfinished).toBeGreaterThan(300);
	// The 300th task is due after 0.6 s and done after 3 s at the earliest.
	expect(run.latency.responseTime.maxUs).toBeGreaterThan(2_000_000);
});

const RATE = 200;
const FREEZE_S = 2;
const MEASURED_S = 10;

test("a Redis frozen for 2 s: the corrected percentiles are what arithmetic says, the uncorrected are not", async () => {
	const redis = await startRedis();
	try {
		const args = ["run", "--rate", `${RATE}`, "--warmup", "1s", "--duration", `${MEASURED_S}s`, "--redis", redis.url];
		// What is sent when Redis freezes is slow by either reckoning: that must be fewer than one task in a hundred.
		const cli = startCli([...args, "--max-unacknowledged", "4", ...FAST_WORKERS], { timeoutMs: 50_000 });
		await cli.waitForLine(/: measuring, /);
		process.kill(redis.pid, "SIGSTOP");
		const frozenAt = performance.now();
		await sleep(FREEZE_S * 1_000);
		process.kill(redis.pid, "SIGCONT");
		const frozenS = (performance.now() - frozenAt) / 1_000;
		expectReported(await cli.exited);
		const run = onlyRun(cli.folder);
		expect(cohortOf(run)).toBe(RATE * MEASURED_S);
		// What was due t after the freeze began is sent at F + t/2, since it catches up at twice the rate: F - t/2 late,
		// until t = 2F. So a share of 2(F - x)/T of all tasks is more than x late.
		const slowest = (share: number) => (frozenS - (share * MEASURED_S) / 2) * 1e6;
		const { responseTime, uncorrectedResponseTime } = run.latency;
		for (const [measured, share] of [
			[responseTime.p95Us, 0.05],
			[responseTime.p99Us, 0.01],
		] as const) {
			expect(measured).toBeGreaterThan(0.85 * slowest(share));
			expect(measured).toBeLessThan(1.5 * slowest(share));
		}
		expect(uncorrectedResponseTime.p95Us).toBeLessThan(0.5 * responseTime.p95Us);
		expect(uncorrectedResponseTime.p99Us).toBeLessThan(0.5 * responseTime.p99Us);
		expect(offeredBy(run).heldBack).toBeGreaterThan(RATE);
		expect(run.latency.backpressureLag.maxUs).toBeGreaterThan(0.85 * FREEZE_S * 1e6);
		const { stdout } = await cli.exited;
		expect(stdout).toMatch(/response +p50 .* p99 ~?\d/);
		expect(stdout).toMatch(/uncorrected p50 .* from the\s+sending/);
	} finally {
		await redis.stop();
	}
});

const GENERATOR_FAULTS = ["generator-late", "agent-busy", "load-not-offered"];

test("arrivals that a Redis frozen to the end of sending keeps out are in the percentiles and the error rate", async () => {
	const redis = await startRedis();
	try {
		const args = ["run", "--rate", "200", "--warmup", "0", "--duration", "6s", "--agents", "2", "--redis", redis.url];
		const thresholds = ["responseTime: p(99)<1h", "errors: rate<0.001"].flatMap((text) => ["--threshold", text]);
		const cli = startCli([...args, "--max-unacknowledged", "4", ...FAST_WORKERS, ...thresholds], {
			timeoutMs: 50_000,
		});
		await cli.waitForLine(/: measuring, /);
		await sleep(2_000);
		process.kill(redis.pid, "SIGSTOP");
		await cli.waitForLine(/: keeping load, /);
		// No response time is above 4 s yet, so the load is kept up for less than 8.
		await sleep(10_000);
		process.kill(redis.pid, "SIGCONT");
		const { code, stdout } = await cli.exited;
		const run = onlyRun(cli.folder);
		// A machine that is too busy to keep the schedule voids the run, and that comes first.
		const faults = run.verdict.reasons.filter(({ severity }) => severity === "INVALID").map((reason) => reason.code);
		expect(GENERATOR_FAULTS).toEqual(expect.arrayContaining(faults));
		expect(code).toBe(faults.length > 0 ? 3 : 6);
		const { responseTime, sendLag } = run.latency;
		const offered = offeredBy(run);
		expect(sendLag.count + sendLag.unfinished + offered.notOffered).toBe(1_200);
		expect(cohortOf(run) + offered.notOffered).toBe(1_200);
		// What fell due in the last second of the window, at the least.
		expect(sendLag.unfinished).toBeGreaterThan(200);
		expect(responseTime.unfinished).toBe(sendLag.unfinished);
		// And all that did in the 5 s after it.
		expect(offered.dropped).toBeGreaterThan(sendLag.unfinished + 900);
		expect(offered.droppedHeldBack).toBe(offered.dropped);
		expect(offered.due).toBe(offered.sent + offered.notOffered + offered.dropped);
		// Two agents with two each.
		expect(offered.maxUnacknowledged).toBe(4);
		expect(run.accounting.balanced).toBe(true);
		expect(run.tasks.issued).toBe(offered.sent);
		expect(run.tasks.failed).toBeGreaterThanOrEqual(offered.dropped);
		expect(run.errorRate).toBeCloseTo(run.tasks.failed / (offered.sent + offered.dropped), 5);
		expect(run.errors["dropped: enqueues had no answer"]).toBe(offered.dropped);
		const codes = run.verdict.reasons.map((reason) => reason.code);
		expect(codes).toContain("arrivals-dropped");
		expect(stdout).toMatch(/response +p50 .* p99 >\d/);
		const report = readReport(resultFolder(cli.folder));
		expect(report.thresholds.map(({ passed }) => passed)).toEqual([false, false]);
	} finally {
		await redis.stop();
	}
});

test("the same seed offers the same arrivals, and a mix of priorities arrives in its proportions", async () => {
	const redis = await startRedis();
	const monitor = await startMonitor(redis.url.slice("unix://".length));
	try {
		const args = [
			"run",
			"--rate",
			"400",
			"--arrivals",
			"poisson",
			"--seed",
			"11",
			"--warmup",
			"1s",
			"--duration",
			"2s",
		];
		const mix = ["--priority", "low=1,normal=7,high=2", "--redis", redis.url, "--agents", "2"];
		const first = await runCli([...args, ...mix, ...FAST_WORKERS]);
		const second = await runCli([...args, ...mix, ...FAST_WORKERS]);
		for (const cli of [first, second]) expectReported(cli);
		const [one, other] = [onlyRun(first.folder), onlyRun(second.folder)];
		expect(cohortOf(one)).toBe(cohortOf(other));
		expect(one.parameters).toMatchObject({ seed: 11, task: { priority: "low=1,normal=7,high=2" } });
		expect(Math.abs(cohortOf(one) - 800)).toBeLessThan(6 * Math.sqrt(800));
		const pushed = (await monitor.seen()).filter(({ words }) => words[0]?.toLowerCase() === "rpush");
		const share = (priority: number) =>
			pushed.filter(({ words }) => words[1] === `spool:queue:${["low", "normal", "high", "critical"][priority]}`)
				.length / pushed.length;
		for (const [priority, expected] of [0.1, 0.7, 0.2, 0].entries()) {
			expect(share(priority), `priority ${priority}`).toBeCloseTo(expected, 1);
		}
	} finally {
		monitor.stop();
		await redis.stop();
	}
});
