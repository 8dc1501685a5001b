import type { Redis } from "./connection.js";

/** What the fused queue's own keys hold, for who counts and clears after a run. See `fusedScripts`. */

const PIECE = 1_000;

/** The IDs of the tasks that a consumer holds. @param key of its held hash */
export async function heldTasks(redis: Redis, key: string): Promise<string[]> {
	const fields = await redis.hgetall(key);
	return Object.entries(fields).flatMap(([field, ids]) => (field === "turn" ? [] : (JSON.parse(ids) as string[])));
}

/** The members of the retries in pieces, each `<priority>:<task ID>`, for retries that nobody moves meanwhile. */
export async function* scanRetries(redis: Redis, key: string): AsyncGenerator<readonly string[]> {
	for (let from = 0; ; from += PIECE) {
		const members = await redis.zrange(key, String(from), String(from + PIECE - 1));
		if (members.length > 0) yield members;
		if (members.length < PIECE) return;
	}
}

/** The task of a member of the retries. */
export function retriedTask(member: string): string {
	return member.slice(2);
}

/** Removes the retries of some tasks; 1 when the set is gone with them, else 0. */
export async function removeRetries(redis: Redis, key: string, isOwn: (taskId: string) => boolean): Promise<number> {
	const own: string[] = [];
	for await (const members of scanRetries(redis, key)) own.push(...members.filter((each) => isOwn(retriedTask(each))));
	for (let from = 0; from < own.length; from += PIECE) await redis.zrem(key, ...own.slice(from, from + PIECE));
	return 1 - (await redis.exists(key));
}
