import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCli } from "./support/cli.js";
import { startEnqueueCutter } from "./support/enqueueCutter.js";
import { startRedis, type TestRedis } from "./support/redis.js";
import { allKeys, withRedis } from "./support/redisClient.js";
import { onlyRun, readReport, resultFolder } from "./support/results.js";

let redis: TestRedis;
beforeAll(async () => {
	redis = await startRedis();
});
afterAll(() => redis.stop());

const QUEUE = "spool:queue:normal";

/** Waits until Redis is as wanted, and looks every few milliseconds. */
async function until(client: Redis, isWanted: () => Promise<boolean>): Promise<void> {
	while (!(await isWanted())) {
		if (client.status === "end") throw new Error("Redis is gone");
		await pause(5);
	}
}

/** The lines of `lost_tasks.txt` as fate and task ID. */
function namedIn(folder: string): [fate: string, taskId: string][] {
	const [head = "", ...lines] = readFileSync(join(folder, "lost_tasks.txt"), "utf8").trimEnd().split("\n");
	expect(head).toMatch(/^# run\tfate\ttask ID\tproducer\tsequence\tpriority\tagent/);
	return lines.map((line) => {
		const [, fate = "", taskId = ""] = line.split("\t");
		return [fate, taskId];
	});
}

test("3 tasks deleted, 5 completed twice, 2 enqueues cut of which 1 landed: each is counted, and the lost are named", {
	timeout: 80_000,
}, async () => {
	const tasks = 2_000;
	const cutter = await startEnqueueCutter(redis.port, { absent: 500, landed: 1_000 });
	try {
		// One producer an agent, so that an enqueue is of one task; and workers that do 320/s, so that a backlog builds up on
		// any machine.
		const args = ["run", "--engine", "fused", "--agents", "2", "--tasks", String(tasks), "--producers", "2"];
		const work = ["--workers", "2", "--concurrency", "8", "--handler", "sleep:50ms", "--payload", "100B"];
		const cli = startCli([...args, ...work, "--redis", cutter.url], { timeoutMs: 75_000 });
		const deleted = await withRedis(redis.url, async (client) => {
			await until(client, async () => (await client.llen(QUEUE)) > 500);
			const gone = await client.lrange(QUEUE, -400, -398);
			for (const id of gone) {
				const removed = await client.multi().lrem(QUEUE, -1, id).del(`spool:task:${id}`).exec();
				expect(removed?.map(([, count]) => count)).toEqual([1, 1]);
			}
			// Five more that wait: kept as they are, and put back when they are done.
			const twice = await client.lrange(QUEUE, 100, 104);
			const texts = await client.mget(twice.map((id) => `spool:task:${id}`));
			for (const [index, id] of twice.entries()) {
				await until(client, async () => (await client.exists(`spool:store:result:${id}`)) === 1);
				await client
					.multi()
					.set(`spool:task:${id}`, texts[index] ?? "")
					.rpush(QUEUE, id)
					.exec();
			}
			return gone;
		});
		expect(deleted).toHaveLength(3);
		const { code } = await cli.exited;
		expect(code).toBe(3);
		expect(cutter.cut).toEqual({ absent: 1, landed: 1 });
		const run = onlyRun(cli.folder);
		expect(run.tasks).toMatchObject({
			issued: tasks,
			enqueued: tasks - 1,
			completed: tasks - 4,
			unknownAbsent: 1,
			lost: 3,
			duplicates: 5,
			remaining: 0,
			held: 0,
			unaccounted: 0,
		});
		expect(run.accounting).toMatchObject({ balanced: true, unknown: 2, unknownObserved: 1 });
		expect(run.accounting.lostTasks.map(({ taskId }) => taskId).sort()).toEqual([...deleted].sort());
		expect(run.accounting.byAgent.map(({ issued }) => issued)).toEqual([tasks / 2, tasks / 2]);
		expect(run.accounting.byPriority).toMatchObject([{ priority: "normal", issued: tasks, lost: 3 }]);
		const folder = resultFolder(cli.folder);
		expect(readReport(folder).verdict.reasons).toContainEqual(
			expect.objectContaining({ code: "tasks-lost", severity: "INVALID", figure: 3 }),
		);
		expect(namedIn(folder)).toHaveLength(3);
		expect(namedIn(folder)).toEqual(expect.arrayContaining(deleted.map((id) => ["lost", id])));
		expect(await allKeys(redis.url)).toEqual([]);
	} finally {
		cutter.close();
	}
});

/** What is true of the tasks in Redis when nobody works on them any more. */
interface Truth {
	readonly held: string[];
	/** There as tasks, and in no queue and under no processing key. */
	readonly gone: string[];
	readonly completed: number;
}

async function truthOf(client: Redis): Promise<Truth> {
	const keys = await client.keys("spool:*");
	const ids = (kind: string) => keys.flatMap((key) => (key.startsWith(kind) ? [key.slice(kind.length)] : []));
	const stored = ids("spool:store:task:");
	const records = stored.length > 0 ? await client.mget(stored.map((id) => `spool:store:task:${id}`)) : [];
	const completed = new Set(
		stored.filter((_, at) => (JSON.parse(records[at] ?? "{}") as { state?: string }).state === "completed"),
	);
	const processing = new Set(ids("spool:processing:").filter((id) => !completed.has(id)));
	const open = ids("spool:task:").filter((id) => !completed.has(id));
	return {
		held: [...processing].sort(),
		gone: open.filter((id) => !processing.has(id)).sort(),
		completed: completed.size,
	};
}

test("kill -9 of an agent under classic: what it held, what is lost and what it had done untold, as Redis shows it", {
	timeout: 90_000,
}, async () => {
	const tasks = 8_000;
	const producers = 64;
	const args = ["run", "--agents", "2", "--tasks", String(tasks), "--workers", "64", "--poll-interval", "0"];
	// More producers than the workers keep up with, and handlers that bring the workers out of step, so that at any time some
	// of their tasks are in every stage.
	const load = [
		"--producers",
		String(producers),
		"--handler",
		"sleep:exp:5ms",
		"--payload",
		"100B",
		"--redis",
		redis.tcpUrl,
		"--log-level",
		"info",
	];
	const cli = startCli([...args, ...load], { timeoutMs: 85_000 });
	const line = await cli.waitForLine(/"agent":1,.*"agent joined"/);
	const { pid } = JSON.parse(line) as { pid: number };
	const { truth, deleted } = await withRedis(redis.url, async (client) => {
		// Two tasks of the agent that lives: of the other one's last ones nobody could know that they were sent.
		let taken: string[] = [];
		await until(client, async () => {
			const waiting = await client.lrange(QUEUE, -400, -1);
			taken = waiting.filter((id) => Number.parseInt(id.slice(9, 13), 16) < producers / 2).slice(-2);
			return taken.length === 2 && Number(await client.get("spool:stats:completed")) > tasks / 8;
		});
		process.kill(pid, "SIGKILL");
		const removed = await Promise.all(
			taken.map((id) => client.multi().lrem(QUEUE, -1, id).del(`spool:task:${id}`).exec()),
		);
		expect(removed.map((answers) => answers?.map(([, count]) => count))).toEqual([
			[1, 1],
			[1, 1],
		]);
		// When the queue has been empty and nothing was done for a while, but before the run is concluded.
		let done = "";
		let sinceMs = performance.now();
		await until(client, async () => {
			const [[, length], [, now]] = (await client.multi().llen(QUEUE).get("spool:stats:completed").exec()) as [
				[null, number],
				[null, string],
			];
			if (length > 0 || now !== done) sinceMs = performance.now();
			done = now;
			return performance.now() - sinceMs > 700;
		});
		return { truth: await truthOf(client), deleted: taken };
	});
	const { code } = await cli.exited;
	expect(code).toBe(3);

	const run = onlyRun(cli.folder);
	const { accounting, tasks: figures } = run;
	expect(run.perAgent[1]?.lost?.reason).toMatch(/SIGKILL/);
	expect(accounting).toMatchObject({ balanced: true, recordsRead: true });
	const idsOf = (named: readonly { readonly taskId: string }[]) => named.map(({ taskId }) => taskId).sort();
	expect(idsOf(accounting.heldTasks)).toEqual(truth.held);
	expect(figures.held).toBe(truth.held.length);
	// Of a producer that died, its last task may never have come into the queue: that one is not called lost.
	const ownProducers = run.perAgent[1]?.producers ?? 0;
	expect(figures.unaccounted).toBeLessThanOrEqual(ownProducers + deleted.length);
	const missing = idsOf([...accounting.lostTasks, ...accounting.unaccountedTasks]);
	expect(missing).toEqual(expect.arrayContaining(deleted));
	expect(missing).toEqual(expect.arrayContaining(truth.gone));
	const neverThere = missing.filter((id) => !deleted.includes(id) && !truth.gone.includes(id));
	expect(idsOf(accounting.unaccountedTasks)).toEqual(expect.arrayContaining(neverThere));
	expect(figures.lost).toBe(accounting.lostTasks.length);
	expect(figures.completed + figures.recordedCompleted).toBe(truth.completed);
	expect(truth.held.length).toBeGreaterThan(0);
	const { enqueued, completed, recordedCompleted, held, lost, unaccounted } = figures;
	expect(completed + recordedCompleted + held + lost + unaccounted).toBe(enqueued);
	const named = namedIn(resultFolder(cli.folder));
	expect(named.length).toBe(held + lost + unaccounted);
	expect(await allKeys(redis.url)).toEqual([]);
});

test("a run that lost nothing leaves no list of lost tasks", async () => {
	const cli = startCli(["run", "--tasks", "200", "--redis", redis.tcpUrl]);
	await cli.exited;
	expect(existsSync(join(resultFolder(cli.folder), "lost_tasks.txt"))).toBe(false);
});
