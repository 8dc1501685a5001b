import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { readRecord } from "../coordinator/results/recordFile.js";
import { Stage } from "../proto/gen/measurement.js";
import { Distribution } from "../proto/histogram.js";
import { type CliOptions, type RunningCli, startCli } from "./support/cli.js";
import { type Sight, startProxy } from "./support/delayingProxy.js";
import { makeHosts, missingForHosts } from "./support/hosts.js";
import { startRedis } from "./support/redis.js";
import { withRedis } from "./support/redisClient.js";
import { expectReported, onlyRun, resultFolder } from "./support/results.js";

const server = await startRedis();
afterAll(() => server.stop());

const LOAD = ["--agents", "2", "--rate", "100", "--warmup", "0s", "--handler", "noop", "--workers", "4"];

interface Waiting {
	readonly coordinator: RunningCli;
	readonly port: number;
	readonly agent: (index: number, coordinatorHost: string, port: number, options: CliOptions) => RunningCli;
}

async function waiting(redisUrl: string, ...flags: string[]): Promise<Waiting> {
	const own = startCli(["--version"]);
	await own.exited;
	const tokenFile = join(own.folder, "join.token");
	const args = ["run", "--listen", "127.0.0.1:0", "--token-file", tokenFile, "--redis", redisUrl, ...LOAD, ...flags];
	const coordinator = startCli(args, { timeoutMs: 50_000 });
	const { address } = JSON.parse(await coordinator.waitForLine(/"listening"/)) as { address: string };
	const token = readFileSync(tokenFile, "utf8").trim();
	return {
		coordinator,
		port: Number(address.split(":").at(-1)),
		agent: (index, host, port, options) =>
			startCli(["--coordinator", `${host}:${port}`, "--index", String(index), "--insecure"], {
				...options,
				program: "agent",
				timeoutMs: 50_000,
				env: { ...options.env, SPOOLBENCH_JOIN_TOKEN: token },
			}),
	};
}

test("agents that read two clocks follow Redis's, and the report says how well", async () => {
	const { coordinator, port, agent } = await waiting(server.tcpUrl, "--duration", "5s", "--key-prefix", "two:");
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

test("across hosts all are armed in time or nothing starts: an agent whose word comes too late is named, and nothing was sent", async () => {
	const { coordinator, port, agent } = await waiting(server.tcpUrl, "--duration", "5s", "--key-prefix", "late:");
	const slow = await startProxy({ host: "127.0.0.1", toPort: port, delayMs: () => LATE_MS });
	onTestFinished(() => slow.close());
	for (const [index, at] of [port, slow.port].entries()) {
		agent(index, "127.0.0.1", at, { env: { SPOOLBENCH_CLOCK: `clock ${index}` } });
	}
	const { code, stdout, stderr } = await coordinator.exited;
	expect(code).toBe(5);
	expect((stdout + stderr).replaceAll(/\s+/g, " ")).toMatch(/agent 1 .*not armed 500 ms before the start/i);
	expect(await withRedis(server.url, (client) => client.keys("late:*"))).toEqual([]);
}, 60_000);

test("a step of the Redis host's clock is seen, and the run is not valid", async () => {
	let stepS = 0;
	const redis = await startProxy({ host: "127.0.0.1", toPort: server.port, answer: (bytes) => later(bytes, stepS) });
	onTestFinished(() => redis.close());
	const redisUrl = `redis://127.0.0.1:${redis.port}`;
	const { coordinator, port, agent } = await waiting(redisUrl, "--duration", "5s", "--key-prefix", "step:");
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

/** Beyond the 1.5 s that agents on several hosts have to be armed in. */
const LATE_MS = 2_500;

const missing = missingForHosts();
const MEBI = 1_000_000n;
/** Redis is that much slower to reach than to answer, from the second host. */
const DELAY_MS = 4;

describe.skipIf(missing)(`two hosts${missing ? ` (skipped: ${missing})` : ""}`, () => {
	test("50 ms apart on either side, one drifting by 100 ppm behind a path that is slower one way: times hold to the bound", {
		timeout: 60_000,
		retry: 1,
	}, async () => {
		const hosts = makeHosts(2);
		onTestFinished(hosts.remove);
		const truth = new Truth(hosts.addresses);
		const redis = await startProxy({
			host: hosts.gateway,
			toPort: server.port,
			delayMs: (address) => (address === hosts.addresses[1] ? DELAY_MS : 0),
			onSent: (sight) => truth.saw(sight),
		});
		onTestFinished(() => redis.close());
		const redisUrl = `redis://${hosts.gateway}:${redis.port}`;
		const { coordinator, port, agent } = await waiting(redisUrl, "--duration", "15s", "--key-prefix", "hosts:");
		const stream = await startProxy({ host: hosts.gateway, toPort: port });
		onTestFinished(() => stream.close());
		agent(0, hosts.gateway, stream.port, { wrapper: hosts.wrapper(0, { shiftNs: 50n * MEBI }) });
		agent(1, hosts.gateway, stream.port, { wrapper: hosts.wrapper(1, { shiftNs: -50n * MEBI, driftPpm: 100 }) });
		expectReported(await coordinator.exited);
		const run = onlyRun(coordinator.folder);
		expect(run.tasks).toMatchObject({ completed: run.tasks.issued, lost: 0 });
		const { clocks } = run;
		expect(clocks?.hosts.map(({ steps, bursts }) => [steps, bursts > 5])).toEqual([
			[0, true],
			[0, true],
		]);
		// A path that takes 4 ms one way and none the other leaves 2 ms either way.
		expect(clocks?.hosts[1]?.boundUs).toBeGreaterThan((DELAY_MS * 1_000) / 2 - 100);
		const driftPpm = clocks?.hosts[1]?.driftPpm ?? undefined;
		if (driftPpm !== undefined) expect(Math.abs(driftPpm - 100)).toBeLessThan(150);
		const record = (await readRecord(resultFolder(coordinator.folder))).runs[0];
		expect(record?.agents).toHaveLength(2);
		for (const { index, measurements } of record?.agents ?? []) {
			const encoded = measurements?.stages.find(({ stage }) => stage === Stage.CROSS_HOST_RESPONSE_TIME);
			const measured = encoded ? Distribution.decode(encoded) : Distribution.empty("us");
			const trueUs = truth.medianOfCrossingUs(index);
			expect(measured.count, `agent ${index}`).toBeGreaterThan(15);
			const errorUs = Math.abs(measured.percentileUs(50) - trueUs);
			// The proxy sees a task after its sender and a little after its receiver: what it adds is its own delay.
			expect(errorUs, `agent ${index}: ${measured.percentileUs(50)} for ${trueUs}`).toBeLessThan(
				(clocks?.boundUs ?? 0) + PROXY_US,
			);
		}
	});
});

/** Sending and waking up on either side of the proxy, on a busy machine: far below what the clocks are apart. */
const PROXY_US = 25_000;

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/** Of what the classic engine sends for a task: its first command, the last one that names it, and the one behind that. */
const STEPS = new RegExp(
	String.raw`(?<first>\bset\r\n\$\d+\r\n\w+:task:(${UUID}))|(?<last>\bdel\r\n\$\d+\r\n\w+:task:(${UUID}))|(?<counted>\bincr\r\n\$\d+\r\n\w+:stats:completed)`,
	"gi",
);

interface Life {
	readonly sender: string;
	readonly sentAtMs: number;
	receiver: string;
	doneAtMs: number;
}

/** When tasks were sent and completed, by one clock that saw both. */
class Truth {
	readonly #lives = new Map<string, Life>();
	/** By receiver: tasks whose completion is not counted yet. */
	readonly #ending = new Map<string, Life[]>();

	constructor(private readonly addresses: readonly string[]) {}

	saw({ from, bytes, atMs }: Sight): ((atMs: number) => void) | undefined {
		const done: Life[] = [];
		for (const step of bytes.toString("latin1").matchAll(STEPS)) {
			const [, , first = "", , last = ""] = step;
			const ending = this.#ending.get(from) ?? [];
			this.#ending.set(from, ending);
			if (first !== "" && !this.#lives.has(first)) {
				this.#lives.set(first, { sender: from, sentAtMs: atMs, receiver: "", doneAtMs: Number.NaN });
			} else if (last !== "") {
				ending.push(...[this.#lives.get(last)].filter((life) => life !== undefined));
			} else if (step.groups?.counted !== undefined) {
				done.push(...ending.splice(0, 1));
			}
		}
		if (done.length === 0) return undefined;
		return (answeredAtMs) => {
			for (const life of done) Object.assign(life, { receiver: from, doneAtMs: answeredAtMs });
		};
	}

	/** Of the tasks that an agent completed and the other one sent. */
	medianOfCrossingUs(agent: number): number {
		const times = [...this.#lives.values()]
			.filter(({ sender, receiver }) => receiver === this.addresses[agent] && sender !== receiver)
			.map(({ sentAtMs, doneAtMs }) => (doneAtMs - sentAtMs) * 1_000)
			.toSorted((a, b) => a - b);
		return times[Math.floor(times.length / 2)] ?? Number.NaN;
	}
}
