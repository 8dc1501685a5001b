import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startRedis, type TestRedis } from "./redis.js";

const started: TestRedis[] = [];

afterEach(async () => {
	await Promise.all(started.splice(0).map((redis) => redis.stop()));
});

test("answers on its socket and on its port, two at once, and is gone after stop", async () => {
	started.push(...(await Promise.all([startRedis(), startRedis()])));
	const [first, second] = started as [TestRedis, TestRedis];
	expect(first.port).not.toBe(second.port);
	for (const redis of started) {
		const path = redis.url.slice("unix://".length);
		expect(await ask({ path })).toBe("+PONG\r\n");
		expect(await ask({ port: redis.port, host: "127.0.0.1" })).toBe("+PONG\r\n");
		await redis.stop();
		await redis.stop();
		expect(existsSync(path)).toBe(false);
		expect(() => process.kill(redis.pid, 0)).toThrow("ESRCH");
	}
});

test("passes arguments on, and throws with the server's own words", async () => {
	const redis = await startRedis(["--requirepass", "secret"]);
	started.push(redis);
	expect(await ask({ port: redis.port, host: "127.0.0.1" })).toContain("NOAUTH");
	await expect(startRedis(["--no-such-option", "1"])).rejects.toThrow(/no-such-option/);
});

function ask(to: { path: string } | { port: number; host: string }): Promise<string> {
	return new Promise((resolve, reject) => {
		const socket = createConnection(to, () => socket.write("PING\r\n"));
		socket.setEncoding("utf8").once("data", (answer) => {
			socket.destroy();
			resolve(String(answer));
		});
		socket.once("error", reject);
	});
}
