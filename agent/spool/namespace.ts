import { type Census, Outcome, type RedisSample, type RedisServer } from "../../proto/gen/measurement.js";
import { LedgerPages } from "../../proto/ledger.js";
import { classifyError, type Redis } from "./connection.js";
import { heldTasks, removeRetries, retriedTask, scanRetries } from "./fusedState.js";
import { parseInfo, sampleFromInfo, serverFromInfo } from "./info.js";
import { PRIORITIES, readKey, SpoolKeys } from "./keys.js";
import { recordedStates } from "./recordedState.js";
import { scanKeys, scanList, scanSet } from "./scan.js";
import { decodeTask, type TaskState } from "./task.js";

/** Says which task of this run an ID names; undefined for a task that is not this run's. */
export type Identify = (taskId: string) => { readonly producer: number; readonly sequence: number } | undefined;

/**
 * Counts the keys under a prefix.
 *
 * @param limit stop when so many are found
 */
export async function countKeys(
	redis: Redis,
	prefix: string,
	options: { readonly limit?: number } = {},
): Promise<number> {
	const limit = options.limit ?? Number.POSITIVE_INFINITY;
	let count = 0;
	for await (const keys of scanKeys(redis, prefix)) {
		count += keys.length;
		if (count >= limit) return limit;
	}
	return count;
}

/**
 * Deletes every key under a prefix, whoever made it, and nothing else.
 *
 * @returns how many keys were deleted
 */
export async function purgeNamespace(redis: Redis, prefix: string): Promise<number> {
	let removed = 0;
	for await (const keys of scanKeys(redis, prefix)) removed += await redis.unlink(...keys);
	return removed;
}

/** Foreign tasks are counted up to here: telling them apart takes memory for each. */
const FOREIGN_TASKS_MAX = 100_000;

/**
 * What lies under the prefix when nobody works on it any more: which of the run's tasks are in a queue, and which are in no
 * queue but held: under a processing key, by a fused consumer, or waiting for a retry. Its `redis` is left unset.
 *
 * @param readStates also say what the record of each of the run's tasks that has one tells; reads them all
 */
export async function census(
	redis: Redis,
	prefix: string,
	identify: Identify,
	{ readStates = false } = {},
): Promise<Census> {
	const { queues } = new SpoolKeys(prefix);
	const ledger = new LedgerPages();
	const foreign = new Set<string>();
	const sort = (taskId: string) => {
		const task = identify(taskId);
		if (task === undefined && foreign.size < FOREIGN_TASKS_MAX) foreign.add(taskId);
		return task;
	};
	const remaining: number[] = [];
	for (const priority of PRIORITIES) {
		let length = 0;
		for await (const taskIds of scanList(redis, queues[priority])) {
			length += taskIds.length;
			for (const taskId of taskIds) {
				const task = sort(taskId);
				if (task) ledger.set(task.producer, Outcome.REMAINING, task.sequence);
			}
		}
		remaining.push(length);
	}
	let held = 0;
	const hold = (task: ReturnType<Identify>) => {
		held++;
		if (task && !ledger.has(task.producer, Outcome.REMAINING, task.sequence)) {
			ledger.set(task.producer, Outcome.HELD, task.sequence);
		}
	};
	const keysByKind = new Map<string, number>();
	for await (const keys of scanKeys(redis, prefix)) {
		if (readStates) await noteStates(redis, prefix, keys, identify, ledger);
		for (const key of keys) {
			const use = readKey(prefix, key);
			keysByKind.set(use.kind, (keysByKind.get(use.kind) ?? 0) + 1);
			if ("taskId" in use) {
				const task = sort(use.taskId);
				if (use.kind === "processing") hold(task);
			} else if (use.kind === "fused:held") {
				for (const taskId of await heldTasks(redis, key)) hold(sort(taskId));
			} else if (use.kind === "fused:retries") {
				for await (const retries of scanRetries(redis, key)) {
					for (const member of retries) hold(sort(retriedTask(member)));
				}
			}
		}
	}
	return {
		pages: ledger.allPages(),
		remaining,
		held,
		foreignTasks: foreign.size,
		keysByKind,
		redis: undefined,
		statesRead: readStates,
	};
}

const RECORDED: Readonly<Partial<Record<TaskState, Outcome>>> = {
	completed: Outcome.RECORDED_COMPLETED,
	failed: Outcome.RECORDED_DEAD_LETTERED,
	dead_letter: Outcome.RECORDED_DEAD_LETTERED,
};

/** Of the own tasks among the keys: one that is still there as a task is open, unless its stored record says otherwise. */
async function noteStates(
	redis: Redis,
	prefix: string,
	keys: readonly string[],
	identify: Identify,
	ledger: LedgerPages,
): Promise<void> {
	const stored: { readonly key: string; readonly task: NonNullable<ReturnType<Identify>> }[] = [];
	for (const key of keys) {
		const use = readKey(prefix, key);
		const task = use.kind === "task" || use.kind === "store:task" ? identify(use.taskId) : undefined;
		if (task && use.kind === "task") ledger.set(task.producer, Outcome.RECORDED_OPEN, task.sequence);
		else if (task) stored.push({ key, task });
	}
	const states = await recordedStates(
		redis,
		stored.map(({ key }) => key),
	);
	for (const [index, { task }] of stored.entries()) {
		const outcome = RECORDED[states[index] ?? "pending"] ?? Outcome.RECORDED_OPEN;
		ledger.set(task.producer, outcome, task.sequence);
	}
}

/**
 * Removes what a run made and nothing else. Where all tasks under the prefix are the run's own, that is every key of Spool's;
 * otherwise the own tasks' keys, and the own members of the lists and sets that all tasks share. Keys that are not Spool's
 * stay in either case, and so do shared statistics.
 *
 * @returns keys removed, and keys under the prefix that are left
 */
export async function removeRun(
	redis: Redis,
	prefix: string,
	isOwn: (taskId: string) => boolean,
): Promise<{ removed: number; left: number }> {
	const allOwn = await everyTask(redis, prefix, isOwn);
	let removed = 0;
	for await (const keys of scanKeys(redis, prefix)) {
		const unlinked: string[] = [];
		for (const key of keys) {
			const use = readKey(prefix, key);
			if ("taskId" in use ? isOwn(use.taskId) : allOwn && use.kind !== "other") unlinked.push(key);
			else if (use.kind === "index:state") removed += await removeMembers(redis, key, isOwn);
			else if (use.kind === "queue" || use.kind === "fused:fetched") removed += await removeElements(redis, key, isOwn);
			else if (use.kind === "dlq:tasks") removed += await removeElements(redis, key, (json) => isOwn(taskIdOf(json)));
			else if (use.kind === "fused:retries") removed += await removeRetries(redis, key, isOwn);
			else if (use.kind === "fused:held" && (await heldTasks(redis, key)).every(isOwn)) unlinked.push(key);
		}
		if (unlinked.length > 0) removed += await redis.unlink(...unlinked);
	}
	return { removed, left: await countKeys(redis, prefix) };
}

/** Whether every task ID under the prefix, in a key's name, a list or a set, is the run's own. */
async function everyTask(redis: Redis, prefix: string, isOwn: (taskId: string) => boolean): Promise<boolean> {
	for await (const keys of scanKeys(redis, prefix)) {
		for (const key of keys) {
			const use = readKey(prefix, key);
			if ("taskId" in use) {
				if (!isOwn(use.taskId)) return false;
			} else if (use.kind === "index:state") {
				for await (const taskIds of scanSet(redis, key)) if (!taskIds.every(isOwn)) return false;
			} else if (use.kind === "queue" || use.kind === "fused:fetched") {
				for await (const taskIds of scanList(redis, key)) if (!taskIds.every(isOwn)) return false;
			} else if (use.kind === "dlq:tasks") {
				for await (const tasks of scanList(redis, key)) if (!tasks.every((json) => isOwn(taskIdOf(json)))) return false;
			} else if (use.kind === "fused:held") {
				if (!(await heldTasks(redis, key)).every(isOwn)) return false;
			} else if (use.kind === "fused:retries") {
				for await (const retries of scanRetries(redis, key)) {
					if (!retries.every((member) => isOwn(retriedTask(member)))) return false;
				}
			}
		}
	}
	return true;
}

/** The empty text, which is nobody's ID, for what is no task. */
function taskIdOf(json: string): string {
	try {
		return decodeTask(json).id;
	} catch {
		return "";
	}
}

/** Removes a set's own members; 1 when the set is gone with them, else 0. */
async function removeMembers(redis: Redis, key: string, isOwn: (member: string) => boolean): Promise<number> {
	for await (const members of scanSet(redis, key)) {
		const own = members.filter(isOwn);
		if (own.length > 0) await redis.srem(key, ...own);
	}
	return 1 - (await redis.exists(key));
}

/** Own elements before `kept` are gone already, so LREM meets the next one soon. */
const LIST_PIECE = 1_000;

/** Removes a list's own elements; 1 when the list is gone with them, else 0. */
async function removeElements(redis: Redis, key: string, isOwn: (element: string) => boolean): Promise<number> {
	let kept = 0;
	for (;;) {
		const elements = await redis.lrange(key, kept, kept + LIST_PIECE - 1);
		const own = elements.filter(isOwn);
		const pipeline = redis.pipeline();
		for (const element of own) pipeline.lrem(key, 1, element);
		for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
		if (elements.length < LIST_PIECE) return 1 - (await redis.exists(key));
		kept += elements.length - own.length;
	}
}

/** What the server is. Where INFO or CONFIG is not permitted the fields are "unknown" or -1. */
export async function readServer(redis: Redis): Promise<RedisServer> {
	const info = await redis.info().catch(whenRefused(""));
	const settings: unknown = await redis.config("GET", "save").catch(whenRefused([]));
	const save: unknown = Array.isArray(settings) ? settings[1] : undefined;
	return serverFromInfo(parseInfo(info), typeof save === "string" ? save : undefined);
}

function whenRefused<T>(answer: T): (error: Error) => T {
	return (error) => {
		if (classifyError(error).outcome === "unknown") throw error;
		return answer;
	};
}

/** The backlog and the server's load, in one round trip; -1 for what it does not tell. */
export async function sampleRedis(redis: Redis, prefix: string, atUs: number): Promise<RedisSample> {
	const { queues } = new SpoolKeys(prefix);
	const pipeline = redis.pipeline();
	for (const priority of PRIORITIES) pipeline.llen(queues[priority]);
	const [info, ...lengths] = ((await pipeline.info().exec()) ?? []).reverse();
	const backlog = lengths.reverse().map(([error, length]) => {
		if (error) throw error;
		return Number(length);
	});
	return sampleFromInfo(parseInfo(typeof info?.[1] === "string" ? info[1] : ""), backlog, atUs);
}
