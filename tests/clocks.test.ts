import { afterAll, expect, onTestFinished, test } from "vitest";
import { awaiting } from "./support/awaiting.js";
import { startProxy } from "./support/delayingProxy.js";
import { startRedis } from "./support/redis.js";
import { expectReported, onlyRun } from "./support/results.js";

const server = await startRedis();
afterAll(() => server.stop());

test("agents that read two clocks follow Redis's, and the report says how well", async () => {
	const { coordinator, port, agent } = await awaiting(server.tcpUrl, "--duration", "5s", "--key-prefix", "two:");
	for (const index of [0, 1]) agent(index, "127.0.0.1", port, { env: { SPOOLBENCH_CLOCK: `clock ${index}` } });
	const ended = await coordinator.exited;
	expectReported(ended);
	const run = onlyRun(coordinator.folder);
	expect(run.tasks).toMatchObject({ completed: run.tasks.issued, lost: 0 });
	const { clocks } = run;
	expect(clocks?.hosts.map(({ agents, steps }) => [agents, steps])).toEqual([
		[[0], 0],
		[[1], 0],
	]);
	for (const host of clocks?.hosts ?? []) {
		expect(host.bursts).toBeGreaterThan(4);
		expect(host.boundUs).toBeGreaterThan(5);
	}
	const { withinHost, betweenHosts, boundUs = 0 } = clocks ?? {};
	expect((withinHost?.count ?? 0) + (betweenHosts?.count ?? 0)).toBe(run.latency.responseTime.count);
	expect(betweenHosts?.count).toBeGreaterThan(0);
	expect(run.latency.responseTime.clockBoundUs).toBe(boundUs);
	expect(run.latency.serviceTime.clockBoundUs).toBe(0);
	// Both read one clock in truth, so that no time can lie further below zero than the bound.
	expect(run.verdict.reasons.map(({ code }) => code)).not.toContain("clocks-contradict");
	expect(ended.stdout).toMatch(/p50 .*\(clock\)/);
	expect(run.start?.boundUs).toBeGreaterThan(0);
}, 60_000);

test("a step of the Redis host's clock is seen, and the run is not valid", async () => {
	let stepS = 0;
	const redis = await startProxy({ host: "127.0.0.1", toPort: server.port, answer: (bytes) => later(bytes, stepS) });
	onTestFinished(() => redis.close());
	const redisUrl = `redis://127.0.0.1:${redis.port}`;
	const { coordinator, port, agent } = await awaiting(redisUrl, "--duration", "5s", "--key-prefix", "step:");
	for (const index of [0, 1]) agent(index, "127.0.0.1", port, { env: { SPOOLBENCH_CLOCK: `clock ${index}` } });
	await coordinator.waitForLine(/measuring, [1-9]\d\d tasks/);
	stepS = 2;
	expect((await coordinator.exited).code).toBe(3);
	const run = onlyRun(coordinator.folder);
	const stepped = run.verdict.reasons.find(({ code }) => code === "clock-stepped");
	expect(stepped?.sentence).toMatch(/^The clock of Redis's host stepped forward by [12]\.\d+ s, first \d/);
	expect(stepped?.severity).toBe("INVALID");
	expect(run.tasks).toMatchObject({ completed: run.tasks.issued, lost: 0 });
}, 60_000);

/** Redis's answers, as one gives them whose clock is so many seconds ahead. */
function later(bytes: Buffer, seconds: number): Buffer {
	const moved = bytes
		.toString("latin1")
		.replaceAll(TIME_ANSWER, (_, begin: string, time: string) => begin + String(Number(time) + seconds));
	return Buffer.from(moved, "latin1");
}

/** Seconds since 1970, and what comes before them: an array of two texts, the second of microseconds. */
const TIME_ANSWER = /(\*2\r\n\$10\r\n)(\d{10})(?=\r\n\$\d\r\n\d+\r\n)/g;
