import type { Redis } from "./connection.js";
import { decodeTask, type TaskState } from "./task.js";

/** The state stands behind the payload, which may be large, and before little else. */
const TAIL_BYTES = 1_024;
/** Quotes inside a JSON string are escaped, so that this matches at the top level, or in a payload before it. */
const STATE = /.*,"priority":[0-3],"state":"([a-z_]+)","max_retries":/s;

/**
 * The states that stored tasks are in, by their records under `keys`; undefined for a record that is gone or cannot be read.
 * Of each record only the end is fetched, where that tells.
 */
export async function recordedStates(redis: Redis, keys: readonly string[]): Promise<(TaskState | undefined)[]> {
	if (keys.length === 0) return [];
	const pipeline = redis.pipeline();
	for (const key of keys) pipeline.getrange(key, -TAIL_BYTES, -1);
	const tails = (await pipeline.exec()) ?? [];
	const states: (TaskState | undefined)[] = [];
	for (const [index, key] of keys.entries()) {
		const [error, tail] = tails[index] ?? [];
		if (error) throw error;
		const state = STATE.exec(String(tail))?.[1] as TaskState | undefined;
		states.push(state ?? stateOf((await redis.get(key)) ?? ""));
	}
	return states;
}

function stateOf(json: string): TaskState | undefined {
	try {
		return decodeTask(json).state;
	} catch {
		return undefined;
	}
}
