import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCli } from "./support/cli.js";
import { startRedis, type TestRedis } from "./support/redis.js";
import { allKeys, withRedis } from "./support/redisClient.js";
import { onlyRun } from "./support/results.js";

let redis: TestRedis;
beforeAll(async () => {
	redis = await startRedis();
});
afterAll(() => redis.stop());

test("kill -9 of one of 2 agents in the middle of 50,000 tasks: every task is completed", {
	timeout: 90_000,
}, async () => {
	const tasks = 50_000;
	const args = ["run", "--engine", "fused", "--agents", "2", "--tasks", String(tasks), "--workers", "8"];
	// A handler that takes a while keeps tasks in hand and in the queue when the agent dies.
	const load = [
		"--handler",
		"sleep:15ms",
		"--producers",
		"256",
		"--payload",
		"100B",
		"--concurrency",
		"16",
		"--batch",
		"64",
	];
	const cli = startCli([...args, ...load, "--redis", redis.tcpUrl, "--log-level", "info"], { timeoutMs: 85_000 });
	const line = await cli.waitForLine(/"agent":1,.*"agent joined"/);
	const { pid } = JSON.parse(line) as { pid: number };
	const waiting = await withRedis(redis.url, async (client) => {
		while (Number(await client.get("spool:stats:total")) < tasks) await pause(20);
		return client.llen("spool:queue:normal");
	});
	process.kill(pid, "SIGKILL");
	expect(waiting).toBeGreaterThan(1_000);

	const { code } = await cli.exited;
	expect(code).toBe(3);
	const run = onlyRun(cli.folder);
	expect(run.perAgent[1]?.lost?.reason).toMatch(/SIGKILL/);
	const { enqueued, completed, recordedCompleted, remaining, held, lost, unaccounted, deadLettered } = run.tasks;
	// What it had done since it last told is known by the records.
	expect(completed + recordedCompleted).toBe(tasks);
	expect({ enqueued, remaining, held, lost, unaccounted, deadLettered }).toEqual({
		enqueued: tasks,
		unaccounted: 0,
		remaining: 0,
		held: 0,
		lost: 0,
		deadLettered: 0,
	});
	// Only a task that was done leaves two keys, its last state and its result; what the dead agent did untold left them too.
	expect(run.namespace.keysRemoved).toBeGreaterThanOrEqual(2 * tasks);
	expect(await allKeys(redis.url)).toEqual([]);
});
