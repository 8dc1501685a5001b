import { afterAll, beforeAll, expect, test } from "vitest";
import { startCli } from "./support/cli.js";
import { startRedis, type TestRedis } from "./support/redis.js";
import { allKeys, keysUntil } from "./support/redisClient.js";
import { onlyRun, readReport, resultFolder } from "./support/results.js";

let redis: TestRedis;
beforeAll(async () => {
	redis = await startRedis();
});
afterAll(() => redis.stop());

/** A run that is busy for some 10 s, unless something happens. */
const LONG = ["run", "--tasks", "4000", "--workers", "4", "--log-level", "info"];

async function pidOf(cli: ReturnType<typeof startCli>, agent: number): Promise<number> {
	const line = await cli.waitForLine(new RegExp(`"agent":${agent},.*"agent joined"`));
	return (JSON.parse(line) as { pid: number }).pid;
}

// Agent 0 leads: another has to count and to clean then.
test.each([2, 0])(
	"kill -9 of agent %i of 4 in the middle of a run: exit 3, a report that names it, its tasks accounted for",
	async (index) => {
		const cli = startCli([...LONG, "--agents", "4", "--redis", redis.tcpUrl], { timeoutMs: 50_000 });
		const victim = await pidOf(cli, index);
		await cli.waitForLine(/running, [1-9]\d\d\//);
		process.kill(victim, "SIGKILL");
		const { code } = await cli.exited;
		expect(code).toBe(3);
		const report = readReport(resultFolder(cli.folder));
		expect(report.verdict.validity).not.toBe("VALID");
		expect(report.verdict.reasons.map(({ sentence }) => sentence).join("\n")).toMatch(
			new RegExp(`agent ${index}`, "i"),
		);
		const run = onlyRun(cli.folder);
		expect(run.agents).toBe(4);
		expect(run.perAgent[index]?.lost?.reason).toMatch(/SIGKILL/);
		const { enqueued, completed, recordedCompleted, deadLettered, remaining, held, lost, unaccounted } = run.tasks;
		expect(completed).toBeGreaterThan(100);
		expect(completed + recordedCompleted + deadLettered + remaining + held + lost + unaccounted).toBe(enqueued);
		expect(await allKeys(redis.url)).toEqual([]);
		expect(cli.processes()).toEqual([]);
	},
);

test("kill -9 of an agent of an open loop: its share of the arrivals is said not to have been offered", async () => {
	const args = ["run", "--rate", "400", "--warmup", "0", "--duration", "8s", "--workers", "2", "--log-level", "info"];
	const cli = startCli([...args, "--poll-interval", "1ms", "--agents", "4", "--redis", redis.tcpUrl], {
		timeoutMs: 50_000,
	});
	const victim = await pidOf(cli, 2);
	await cli.waitForLine(/measuring, [\d,]{3}/);
	process.kill(victim, "SIGKILL");
	const { code, stdout } = await cli.exited;
	expect(code).toBe(3);
	const run = onlyRun(cli.folder);
	const { offered } = run;
	const lost = run.perAgent[2]?.lost;
	if (!offered || !lost) throw new Error("no open loop, or no agent lost");
	// Its 100 a second until the measured time was over at the least, and at the most its every fourth arrival: it may not have
	// told of any before it was killed.
	const coveredS = lost.coveredToMs / 1_000;
	expect(offered.notOfferedLost).toBeGreaterThanOrEqual(Math.floor(100 * (8 - coveredS)));
	expect(offered.notOfferedLost).toBeLessThanOrEqual(Math.ceil(offered.due / 4));
	expect(offered.due).toBe(offered.sent + offered.notOffered + offered.dropped);
	// What the other three fell due is three quarters of it all, but for what came between its last count and its report.
	const share = offered.notOfferedLost / offered.due;
	expect(offered.sentRatio).toBeLessThanOrEqual(1 - share + 1e-6);
	const reason = run.verdict.reasons.find((each) => each.code === "load-not-offered");
	expect(reason).toMatchObject({ severity: "INVALID" });
	expect(reason?.sentence).toContain(`${offered.notOfferedLost.toLocaleString("en")} of them`);
	const agentLost = run.verdict.reasons.find((each) => each.code === "agent-lost");
	expect(agentLost?.severity).toBe("INVALID");
	expect(agentLost?.figure).toBeGreaterThanOrEqual(share - 1e-6);
	expect(stdout).toMatch(/not\s+offered\s+by\s+lost\s+agents/);
	expect(await allKeys(redis.url)).toEqual([]);
});

test("an agent that hangs is dropped when its lease is over, named, and ended", async () => {
	const cli = startCli([...LONG, "--agents", "2", "--redis", redis.tcpUrl], { timeoutMs: 55_000 });
	const victim = await pidOf(cli, 1);
	await cli.waitForLine(/running, [1-9]\d\d\//);
	process.kill(victim, "SIGSTOP");
	const { code } = await cli.exited;
	expect(code).toBe(3);
	expect(onlyRun(cli.folder).perAgent[1]?.lost?.reason).toMatch(/silent/);
	expect(await allKeys(redis.url)).toEqual([]);
	expect(cli.processes()).toEqual([]);
});

test("the first Ctrl-C ends the run in order: a partial report marked aborted, exit 4, nothing left", async () => {
	const cli = startCli([...LONG, "--agents", "2", "--redis", redis.tcpUrl], { timeoutMs: 30_000 });
	await cli.waitForLine(/running, [1-9]\d\d\//);
	cli.kill("SIGINT");
	const { code } = await cli.exited;
	expect(code).toBe(4);
	const report = readReport(resultFolder(cli.folder));
	expect(report.aborted).toMatch(/SIGINT/);
	expect(report.verdict.validity).not.toBe("VALID");
	expect(report.runs[0]?.tasks.completed).toBeGreaterThan(100);
	expect(report.runs[0]?.tasks.lost).toBe(0);
	expect(await allKeys(redis.url)).toEqual([]);
	expect(cli.processes()).toEqual([]);
});

test("the second Ctrl-C ends at once with 130; the agents stop by themselves and leave no key", async () => {
	const cli = startCli([...LONG, "--agents", "2", "--redis", redis.tcpUrl], { timeoutMs: 30_000 });
	await cli.waitForLine(/running, [1-9]\d\d\//);
	cli.kill("SIGINT");
	await cli.waitForLine(/once more/);
	cli.kill("SIGINT");
	const { code } = await cli.exited;
	expect(code).toBe(130);
	expect(await keysUntil(redis.url, (keys) => keys.length === 0, 10_000)).toEqual([]);
	await expect.poll(() => cli.processes(), { timeout: 10_000 }).toEqual([]);
});

test("kill -9 of the coordinator: agents and the private Redis end by themselves; on a shared Redis no key stays", async () => {
	const shared = startCli([...LONG, "--agents", "2", "--redis", redis.tcpUrl], { timeoutMs: 30_000 });
	const own = startCli([...LONG, "--agents", "1"], { timeoutMs: 30_000 });
	await Promise.all([shared, own].map((cli) => cli.waitForLine(/running, [1-9]\d\d\//)));
	expect(own.processes().length).toBeGreaterThan(2);
	for (const cli of [shared, own]) cli.kill("SIGKILL");
	await Promise.all([shared.exited, own.exited]);
	expect(await keysUntil(redis.url, (keys) => keys.length === 0, 10_000)).toEqual([]);
	await expect.poll(() => [...shared.processes(), ...own.processes()], { timeout: 10_000 }).toEqual([]);
});
