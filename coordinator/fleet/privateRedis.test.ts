import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { childrenOf, isRunning } from "../../tests/support/processes.js";
import { type PrivateRedis, startPrivateRedis } from "./privateRedis.js";

const started: PrivateRedis[] = [];

// A temporary folder of this file's own: other files leave theirs in the common one meanwhile.
beforeEach(() => {
	vi.stubEnv("TMPDIR", mkdtempSync(join(tmpdir(), "own-")));
});

afterEach(async () => {
	vi.unstubAllEnvs();
	await Promise.all(started.splice(0).map((redis) => redis.stop()));
});

async function start(): Promise<PrivateRedis> {
	const redis = await startPrivateRedis({});
	started.push(redis);
	return redis;
}

test("two at once: each answers on a socket of its own that no other user reaches, and is gone after stop", async () => {
	const [first, second] = await Promise.all([start(), start()]);
	expect(first.url).not.toBe(second.url);
	for (const redis of [first, second]) {
		const socket = socketOf(redis);
		expect(redis.version).toMatch(/^\d+\.\d+\.\d+/);
		expect(await ask(socket, "PING")).toBe("+PONG\r\n");
		expect(await ask(socket, "CONFIG GET port")).toContain("\r\n0\r\n");
		expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
		await redis.stop();
		await redis.stop();
		await expect(ask(socket, "PING")).rejects.toThrow("ENOENT");
		expect(existsSync(dirname(socket))).toBe(false);
		expect((await redis.exited).code).toBe(137);
	}
});

test("a server that ends by itself says so, and leaves no folder", async () => {
	const redis = await start();
	await ask(socketOf(redis), "SHUTDOWN NOSAVE").catch(() => undefined);
	const { code, output } = await redis.exited;
	expect(code).toBe(0);
	expect(output).toMatch(/bye bye/i);
	expect(existsSync(dirname(socketOf(redis)))).toBe(false);
});

test("a server that hangs is stopped all the same", async () => {
	const redis = await start();
	const pid = await serverPid(redis);
	process.kill(pid, "SIGSTOP");
	await redis.stop();
	expect(isRunning(pid)).toBe(false);
});

test("where the keeper is killed, server and folder go too", async () => {
	const redis = await start();
	const pid = await serverPid(redis);
	const keeper = childrenOf(process.pid).find((child) => child.pid === pid)?.parentPid;
	process.kill(keeper as number, "SIGKILL");
	expect((await redis.exited).code).toBe(137);
	expect(isRunning(pid)).toBe(false);
	expect(existsSync(dirname(socketOf(redis)))).toBe(false);
});

test("a path too long for a socket is not used", async () => {
	const long = join(tmpdir(), "x".repeat(100));
	mkdirSync(long);
	vi.stubEnv("TMPDIR", long);
	const redis = await start();
	expect(socketOf(redis)).toMatch(/^\/tmp\/spool-bench-/);
	expect(await ask(socketOf(redis), "PING")).toBe("+PONG\r\n");
});

test("a server that fails at its start is quoted, and leaves nothing behind", async () => {
	vi.stubEnv("SPOOLBENCH_REDIS_SERVER", "/nonexistent/redis-server");
	const before = readdirSync(tmpdir());
	await expect(startPrivateRedis({})).rejects.toThrow(
		/^\/nonexistent\/redis-server did not start \(exit code 127\)\n.*not found/s,
	);
	expect(readdirSync(tmpdir())).toEqual(before);
});

test("no redis-server anywhere: the sentence says how to get one", async () => {
	vi.stubEnv("PATH", "");
	vi.stubEnv("XDG_CACHE_HOME", tmpdir());
	vi.stubEnv("SPOOLBENCH_REDIS_SERVER", "");
	await expect(startPrivateRedis({})).rejects.toThrow("scripts/redis.sh");
});

test("an aborted start throws the reason and leaves nothing behind", async () => {
	const before = readdirSync(tmpdir());
	const controller = new AbortController();
	const starting = startPrivateRedis({ signal: controller.signal });
	controller.abort(new Error("enough"));
	await expect(starting).rejects.toThrow("enough");
	await expect(startPrivateRedis({ signal: controller.signal })).rejects.toThrow("enough");
	expect(readdirSync(tmpdir())).toEqual(before);
});

function socketOf(redis: PrivateRedis): string {
	return redis.url.slice("unix://".length);
}

async function serverPid(redis: PrivateRedis): Promise<number> {
	return Number(/process_id:(\d+)/.exec(await ask(socketOf(redis), "INFO server"))?.[1]);
}

function ask(path: string, command: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = createConnection(path, () => socket.write(`${command}\r\n`));
		socket.setEncoding("utf8").once("data", (answer) => {
			socket.destroy();
			resolve(String(answer));
		});
		socket.once("error", reject);
		socket.once("close", () => reject(new Error("closed without an answer")));
	});
}
