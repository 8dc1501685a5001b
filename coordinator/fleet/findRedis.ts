import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** What to tell a user who has none. */
export const NO_REDIS_SERVER =
	"no redis-server found: install one with scripts/redis.sh, name one in SPOOLBENCH_REDIS_SERVER, or use a running Redis with --redis";

/**
 * Where a redis-server is, in the order of `scripts/redis.sh`, which also installs one: SPOOLBENCH_REDIS_SERVER (taken at
 * its word), redis-server or valkey-server on PATH, the cache folder.
 */
export function findRedisServer(env: NodeJS.ProcessEnv): string | undefined {
	if (env.SPOOLBENCH_REDIS_SERVER) return env.SPOOLBENCH_REDIS_SERVER;
	const folders = (env.PATH ?? "").split(delimiter).filter(isAbsolute);
	const onPath = ["redis-server", "valkey-server"].flatMap((name) => folders.map((folder) => join(folder, name)));
	const cache = env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, ".cache"));
	const cached = cache ? [join(cache, "spool-bench", "redis", "redis-server")] : [];
	return [...onPath, ...cached].find(isExecutable);
}

function isExecutable(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return statSync(file).isFile();
	} catch {
		return false;
	}
}
