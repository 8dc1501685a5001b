import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRecord } from "../coordinator/results/recordFile.js";
import { type LedgerPage, Outcome } from "../proto/gen/measurement.js";
import { LedgerPages } from "../proto/ledger.js";
import { parseTaskId } from "../proto/taskid.js";
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

/** The lines of `lost_tasks.txt`, from the fate to the agent. */
function namedIn(folder: string): string[] {
	const [head = "", ...lines] = readFileSync(join(folder, "lost_tasks.txt"), "utf8").trimEnd().split("\n");
	expect(head).toMatch(/^# run\tfate\ttask ID\tproducer\tsequence\tpriority\tagent/);
	return lines.map((line) => line.split("\t").slice(1, 7).join("\t"));
}

/** The producer and the sequence number that a task's ID says. */
function identityOf(id: string): { readonly producer: number; readonly sequence: number } {
	const identity = parseTaskId(Number.parseInt(id.slice(0, 8), 16), id);
	if (!identity) throw new Error(`not a task of a run: ${id}`);
	return identity;
}

function hasCompleted(pages: readonly LedgerPage[], id: string): boolean {
	const { producer, sequence } = identityOf(id);
	const ledger = new LedgerPages();
	ledger.or(pages);
	return ledger.has(producer, Outcome.COMPLETED, sequence);
}

/** As `namedIn` has it, of a task of `producers` that are shared evenly by two agents. */
function lineOf(fate: string, id: string, producers: number): string {
	const { producer, sequence } = identityOf(id);
	return [fate, id, producer, sequence, "normal", producer < producers / 2 ? 0 : 1].join("\t");
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
		const { deleted, twice } = await withRedis(redis.url, async (client) => {
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
			return { deleted: gone, twice };
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
		// Which agent does a task again is chance, and each agent's own books say what it was.
		const agents = (await readRecord(folder)).runs[0]?.agents.map(({ measurements }) => measurements) ?? [];
		const byBoth = twice.filter((id) => agents.every((agent) => hasCompleted(agent?.ledger ?? [], id)));
		expect(run.accounting.crossAgentDuplicates).toBe(byBoth.length);
		expect(agents.map((agent) => agent?.counters?.duplicates ?? 0).reduce((sum, own) => sum + own)).toBe(
			twice.length - byBoth.length,
		);
		expect(readReport(folder).verdict.reasons).toContainEqual(
			expect.objectContaining({ code: "tasks-lost", severity: "INVALID", figure: 3 }),
		);
		expect(namedIn(folder).sort()).toEqual(deleted.map((id) => lineOf("lost", id, 2)).sort());
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
	/** By producer: of all tasks of which there is anything. */
	readonly lastSequences: ReadonlyMap<number, number>;
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
	const tasks = ids("spool:task:");
	const open = tasks.filter((id) => !completed.has(id));
	return {
		held: [...processing].sort(),
		gone: open.filter((id) => !processing.has(id)).sort(),
		completed: completed.size,
		lastSequences: lastOf([...stored, ...tasks]),
	};
}

function lastOf(ids: readonly string[]): Map<number, number> {
	const last = new Map<number, number>();
	for (const { producer, sequence } of ids.map(identityOf)) {
		last.set(producer, Math.max(sequence, last.get(producer) ?? 0));
	}
	return last;
}

test("kill -9 of an agent in the middle of 50,000 tasks under classic: what it held, what is lost and what nobody can know, each by name as Redis shows it", {
	timeout: 150_000,
}, async () => {
	const tasks = 50_000;
	const producers = 64;
	const isOfDead = (id: string) => identityOf(id).producer >= producers / 2;
	// More producers than the workers keep up with, and handlers that bring the workers out of step, so that at any time some
	// of their tasks are in every stage: at 700/s by an agent, 14 with their handlers on average.
	const args = ["run", "--agents", "2", "--tasks", String(tasks), "--workers", "128", "--poll-interval", "0"];
	const load = ["--producers", String(producers), "--handler", "sleep:exp:20ms", "--payload", "100B"];
	const cli = startCli([...args, ...load, "--redis", redis.tcpUrl, "--log-level", "info"], { timeoutMs: 145_000 });
	const line = await cli.waitForLine(/"agent":1,.*"agent joined"/);
	const { pid } = JSON.parse(line) as { pid: number };
	let ended = false;
	const end = () => {
		ended = true;
	};
	cli.exited.then(end, end);
	const { truth, deleted } = await withRedis(redis.url, async (client) => {
		const take = async (some: number, isWanted: (id: string) => boolean, afterDone: number): Promise<string[]> => {
			await until(client, async () => {
				if (ended) throw new Error(`the run ended with fewer than ${afterDone} tasks done`);
				return Number(await client.get("spool:stats:completed")) > afterDone;
			});
			// The last ones: a worker comes to them last. To send a task takes less than half of what it takes to do it, so that at
			// least as many wait as are done.
			const taken = (await client.lrange(QUEUE, 0, -1)).filter(isWanted).slice(-some);
			const removed = await Promise.all(
				taken.map((id) => client.multi().lrem(QUEUE, -1, id).del(`spool:task:${id}`).exec()),
			);
			expect(removed.map((answers) => answers?.map(([, count]) => count))).toEqual(taken.map(() => [1, 1]));
			expect(taken).toHaveLength(some);
			return taken;
		};
		// Of the agent that will die some that it has told of by then, as deltas go out each second.
		const deleted = await take(3, isOfDead, tasks / 32);
		deleted.push(...(await take(2, (id) => !isOfDead(id), tasks / 8)));
		process.kill(pid, "SIGKILL");
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
		return { truth: await truthOf(client), deleted };
	});
	const { code } = await cli.exited;
	expect(code).toBe(3);

	const run = onlyRun(cli.folder);
	const { accounting, tasks: figures } = run;
	expect(run.perAgent[1]?.lost?.reason).toMatch(/SIGKILL/);
	expect(accounting).toMatchObject({ balanced: true, recordsRead: true });
	const idsOf = (named: readonly { readonly taskId: string }[]) => named.map(({ taskId }) => taskId).sort();
	const [held, lost, unaccounted] = [accounting.heldTasks, accounting.lostTasks, accounting.unaccountedTasks].map(
		idsOf,
	);
	expect(held).toEqual(truth.held);
	expect(truth.held.length).toBeGreaterThan(0);
	// Each producer waited for the outcome of a task before it began the next one. So a task of the dead agent was enqueued for
	// certain where its last word tells of a later one, or where it is in Redis with a later one; and any task of the other agent.
	const record = (await readRecord(resultFolder(cli.folder))).runs[0];
	const told = new Map(record?.agents[1]?.measurements?.producers.map(({ producer, issued }) => [producer, issued]));
	const isCertain = (id: string) => {
		const { producer, sequence } = identityOf(id);
		const isFollowed = truth.gone.includes(id) && sequence < (truth.lastSequences.get(producer) ?? 0);
		return !isOfDead(id) || sequence < (told.get(producer) ?? 0) - 1 || isFollowed;
	};
	const missing = [...deleted, ...truth.gone].sort();
	expect(lost).toEqual(missing.filter((id) => !unaccounted?.includes(id)));
	expect(lost).toEqual(expect.arrayContaining(missing.filter(isCertain)));
	expect(unaccounted?.filter(isCertain)).toEqual([]);
	// Beyond these each dead producer may have begun one task.
	const lastOnes = (unaccounted ?? []).filter((id) => !deleted.includes(id)).map((id) => identityOf(id).producer);
	expect(new Set(lastOnes).size).toBe(lastOnes.length);
	expect(figures).toMatchObject({ held: held?.length, lost: lost?.length, unaccounted: unaccounted?.length });
	expect(figures.completed + figures.recordedCompleted).toBe(truth.completed);
	expect(truth.completed + figures.held + figures.lost + figures.unaccounted).toBe(figures.enqueued);
	const lines = Object.entries({ held, lost, unaccounted }).flatMap(([fate, ids = []]) =>
		ids.map((id) => lineOf(fate, id, producers)),
	);
	expect(namedIn(resultFolder(cli.folder)).sort()).toEqual(lines.sort());
	expect(await allKeys(redis.url)).toEqual([]);
});

test("a run that lost nothing leaves no list of lost tasks", async () => {
	const cli = startCli(["run", "--tasks", "200", "--redis", redis.tcpUrl]);
	await cli.exited;
	expect(existsSync(join(resultFolder(cli.folder), "lost_tasks.txt"))).toBe(false);
});
