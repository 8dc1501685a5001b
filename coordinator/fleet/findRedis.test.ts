import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRedisServer } from "./findRedis.js";

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "find-"));
});

afterEach(() => {
	rmSync(folder, { recursive: true });
});

function place(name: string, mode = 0o755): string {
	const file = join(folder, name);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, "#!/bin/sh\n");
	chmodSync(file, mode);
	return file;
}

test("each place gives way to the one before it", () => {
	const env: NodeJS.ProcessEnv = { PATH: `${join(folder, "a")}:${join(folder, "b")}`, HOME: folder };
	expect(findRedisServer(env)).toBeUndefined();
	const inHome = place(".cache/spool-bench/redis/redis-server");
	expect(findRedisServer(env)).toBe(inHome);
	env.XDG_CACHE_HOME = join(folder, "xdg");
	expect(findRedisServer(env)).toBeUndefined();
	const inCache = place("xdg/spool-bench/redis/redis-server");
	expect(findRedisServer(env)).toBe(inCache);
	const valkey = place("a/valkey-server");
	expect(findRedisServer(env)).toBe(valkey);
	const redis = place("b/redis-server");
	expect(findRedisServer(env)).toBe(redis);
	expect(findRedisServer({ ...env, SPOOLBENCH_REDIS_SERVER: "/opt/mine" })).toBe("/opt/mine");
});

test("what cannot be executed, folders and relative PATH entries are passed over", () => {
	place("a/redis-server", 0o644);
	mkdirSync(join(folder, "b", "redis-server"), { recursive: true });
	expect(findRedisServer({ PATH: `${join(folder, "a")}:${join(folder, "b")}:.:` })).toBeUndefined();
	expect(findRedisServer({})).toBeUndefined();
});
