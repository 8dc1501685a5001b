import { Redis } from "ioredis";

/** Runs commands on a Redis, for a test that prepares or looks at what a program finds or leaves there. */
export async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
	const redis = url.startsWith("unix://") ? new Redis({ path: url.slice("unix://".length) }) : new Redis(url);
	redis.on("error", () => {});
	try {
		return await use(redis);
	} finally {
		redis.disconnect();
	}
}

/** Every key, sorted. */
export async function allKeys(url: string): Promise<string[]> {
	return withRedis(url, async (redis) => (await redis.keys("*")).sort());
}

/** How often Redis was sent a command since it started. */
export async function callsOf(url: string, command: string): Promise<number> {
	const statistics = await withRedis(url, (redis) => redis.info("commandstats"));
	return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(statistics)?.[1] ?? 0);
}

/** Looks again and again until the keys are as wanted, or `deadlineMs` has passed; returns the last look. */
export async function keysUntil(
	url: string,
	wanted: (keys: string[]) => boolean,
	deadlineMs: number,
): Promise<string[]> {
	const deadline = Date.now() + deadlineMs;
	for (;;) {
		const keys = await allKeys(url);
		if (wanted(keys) || Date.now() > deadline) return keys;
	}
}
