import type { Redis } from "./connection.js";

/** Elements asked for in one piece: what is in memory at a time, whatever the size of the whole. */
const PIECE = 1_000;

/**
 * All keys that begin with `prefix`, taken literally, in pieces. A key that is there throughout comes at least once.
 */
export async function* scanKeys(redis: Redis, prefix: string): AsyncGenerator<readonly string[]> {
	const pattern = `${escapeGlob(prefix)}*`;
	let cursor = "0";
	do {
		const [next, keys] = await redis.scan(cursor, "MATCH", pattern, "COUNT", PIECE);
		cursor = next;
		if (keys.length > 0) yield keys;
	} while (cursor !== "0");
}

/** The list's elements from head to tail, in pieces, for a list that nobody changes meanwhile. */
export async function* scanList(redis: Redis, key: string): AsyncGenerator<readonly string[]> {
	for (let from = 0; ; from += PIECE) {
		const elements = await redis.lrange(key, from, from + PIECE - 1);
		if (elements.length > 0) yield elements;
		if (elements.length < PIECE) return;
	}
}

/** The set's members in pieces; each at least once, also while members are removed. */
export async function* scanSet(redis: Redis, key: string): AsyncGenerator<readonly string[]> {
	let cursor = "0";
	do {
		const [next, members] = await redis.sscan(key, cursor, "COUNT", PIECE);
		cursor = next;
		if (members.length > 0) yield members;
	} while (cursor !== "0");
}

/** Quotes the characters that Redis's glob patterns give a meaning. */
export function escapeGlob(text: string): string {
	return text.replace(/[\\*?[\]^]/g, "\\$&");
}
