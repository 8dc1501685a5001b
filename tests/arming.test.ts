import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { awaiting } from "./support/awaiting.js";
import { type CliResult, type RunningCli, startCli } from "./support/cli.js";
import { startRedis } from "./support/redis.js";
import { allKeys, callsOf } from "./support/redisClient.js";
import { expectReported, onlyRun } from "./support/results.js";

/** For agents; those on this machine take it over from the coordinator. */
const SLOW_AGENTS = `--import ${join(import.meta.dirname, "support", "preload", "arming.mjs")}`;

const TASKS = 300;

interface Started extends CliResult {
	readonly cli: RunningCli;
	/** Keys that are in Redis afterwards. */
	readonly keys: readonly string[];
	/** Tasks that came into a queue. */
	readonly enqueued: number;
}

/** Two agents on one host, with a Redis of their own. */
async function run(env: NodeJS.ProcessEnv): Promise<Started> {
	const redis = await startRedis();
	onTestFinished(() => redis.stop());
	const cli = startCli(["run", "--agents", "2", "--tasks", String(TASKS), "--workers", "2", "--redis", redis.tcpUrl], {
		env: { NODE_OPTIONS: SLOW_AGENTS, ...env },
		timeoutMs: 55_000,
	});
	const ended = await cli.exited;
	return { ...ended, cli, keys: await allKeys(redis.url), enqueued: await callsOf(redis.url, "rpush") };
}

function messageOf({ stderr }: Pick<CliResult, "stderr">): string {
	return stderr.replaceAll(/\s+/g, " ");
}

test("an agent that stands still between ready and armed: the start is called off, the agent is named, and what the other one had sent is removed", async () => {
	// The other agent hears of it too late, and has begun.
	const ended = await run({ SPOOLTEST_ARMED_SLOWLY: "1:stop", SPOOLTEST_STOPPED_LATE: "0:1000" });
	expect(ended.code).toBe(5);
	expect(messageOf(ended)).toMatch(/1 of 2 agents are missing agent 1 \(.*\): it fell silent: nothing heard for \d+ s/);
	expect(ended.enqueued).toBeGreaterThan(0);
	expect(ended.keys).toEqual([]);
});

test("an agent that is late to be armed: all are prepared and armed anew, with more time", async () => {
	const ended = await run({ SPOOLTEST_ARMED_SLOWLY: "1:500" });
	expectReported(ended);
	expect(messageOf(ended)).toMatch(/agent 1 [^"]*: not armed 20 ms before the start","msg":"preparing anew/);
	expect(onlyRun(ended.cli.folder).tasks).toMatchObject({ issued: TASKS, completed: TASKS, lost: 0, duplicates: 0 });
	expect(ended.keys).toEqual([]);
});

test("an agent that is late the second time too: exit code 5, with its name", async () => {
	const ended = await run({ SPOOLTEST_ARMED_SLOWLY: "1:2500" });
	expect(ended.code).toBe(5);
	expect(messageOf(ended)).toMatch(/1 of 2 agents are missing agent 1 \(.*\): not armed 20 ms before the start/);
	expect(ended.keys).toEqual([]);
});

test("across hosts all are armed in time or nothing starts: an agent whose word comes too late twice is named, and nothing is left", async () => {
	const redis = await startRedis();
	onTestFinished(() => redis.stop());
	const { coordinator, port, agent } = await awaiting(redis.tcpUrl, "--duration", "5s");
	for (const index of [0, 1]) {
		const late = { NODE_OPTIONS: SLOW_AGENTS, SPOOLTEST_ARMED_SLOWLY: `1:${LATE_MS}` };
		agent(index, "127.0.0.1", port, { env: { ...late, SPOOLBENCH_CLOCK: `clock ${index}` } });
	}
	const ended = await coordinator.exited;
	expect(ended.code).toBe(5);
	expect(messageOf(ended)).toMatch(/agent 1 .*not armed 500 ms before the start/);
	expect(await allKeys(redis.url)).toEqual([]);
}, 60_000);

/** Beyond the epoch, which across hosts is 2 s ahead, and 4 s the second time. */
const LATE_MS = 4_500;
