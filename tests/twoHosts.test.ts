import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { readRecord } from "../coordinator/results/recordFile.js";
import { Stage } from "../proto/gen/measurement.js";
import { Distribution } from "../proto/histogram.js";
import { awaiting } from "./support/awaiting.js";
import { startProxy } from "./support/delayingProxy.js";
import { type Hosts, makeHosts, missingForHosts } from "./support/hosts.js";
import { startRedis } from "./support/redis.js";
import { expectReported, onlyRun, resultFolder } from "./support/results.js";
import { type Crossing, monotonicAs } from "./support/wrongClock.js";

const server = await startRedis();
afterAll(() => server.stop());

/** The way to Redis is that much longer than the way back, from the second host. */
const DELAY_MS = 2;
/** Of the first host. The fastest that is not taken for a step is 500. */
const DRIFT_PPM = 400;
/** What a time may be off by beyond the clocks' bound: whole microseconds, and how the two clocks of a process are tied. */
const SLACK_US = 200;
const DRIFT_SLACK_PPM = 20;

const missing = missingForHosts();

test(`two hosts 50 ms off on either side, one drifting, one behind a path that is slower one way: every time that crosses holds to the bound${missing ? ` (without namespaces: ${missing})` : ""}`, async () => {
	await Promise.all([expectBoundsToHold(1, undefined), expectBoundsToHold(-1, missing ? undefined : makeHosts(2))]);
}, 60_000);

/**
 * @param sign of the first host's shift and drift; the second host is off the other way
 * @param hosts namespaces of their own; undefined: the agents are told apart by name
 */
async function expectBoundsToHold(sign: 1 | -1, hosts: Hosts | undefined): Promise<void> {
	if (hosts) onTestFinished(hosts.remove);
	const host = hosts?.gateway ?? "127.0.0.1";
	const redis = await startProxy({
		host,
		toPort: server.port,
		// The names of an agent's connections begin so.
		delayMs: (bytes) => (bytes.includes("spool-bench-1-") ? DELAY_MS : undefined),
	});
	onTestFinished(() => redis.close());
	const redisUrl = `redis://${host}:${redis.port}`;
	const { coordinator, port, agent } = await awaiting(redisUrl, "--duration", "12s", "--key-prefix", `by${sign}:`);
	const stream = await startProxy({ host, toPort: port });
	onTestFinished(() => stream.close());
	const shiftNs = BigInt(sign) * 50_000_000n;
	const driftPpm = sign * DRIFT_PPM;
	const agents = [
		{ shiftNs, driftPpm },
		{ shiftNs: -shiftNs, driftPpm: 0 },
	].map((wrong, index) => {
		const clock = monotonicAs(wrong, hosts !== undefined);
		const crossingsFile = join(coordinator.folder, `crossings-${index}.json`);
		const name = hosts ? {} : { SPOOLBENCH_CLOCK: `clock ${index}` };
		const { exited } = agent(index, host, stream.port, {
			...(hosts && { wrapper: hosts.wrapper(index, wrong) }),
			env: { ...clock.env, ...name, SPOOLTEST_CROSSINGS: crossingsFile },
		});
		return { clock, crossingsFile, exited };
	});
	expectReported(await coordinator.exited);
	for (const { exited } of agents) expect((await exited).code).toBe(0);
	const run = onlyRun(coordinator.folder);
	expect(run.tasks).toMatchObject({ completed: run.tasks.issued, lost: 0 });
	const record = (await readRecord(resultFolder(coordinator.folder))).runs[0];

	// How far each agent took Redis's clock to be ahead of the kernel's, as it became ready.
	const ahead = agents.map(({ clock }, index) => {
		const { monotonicNowUs = 0, offsetUs = 0, boundUs = 0 } = record?.agents[index]?.clock ?? {};
		return { us: monotonicNowUs + offsetUs - clock.trueUs(monotonicNowUs), boundUs };
	});
	const apartUs = Math.abs((ahead[0]?.us ?? Number.NaN) - (ahead[1]?.us ?? Number.NaN));
	expect(apartUs).toBeLessThan(ahead.reduce((sum, { boundUs }) => sum + boundUs, SLACK_US));

	const { hosts: clocks = [], boundUs = 0 } = run.clocks ?? {};
	expect(clocks.map(({ steps, bursts }) => [steps, bursts > 5])).toEqual([
		[0, true],
		[0, true],
	]);
	// Half of what the ways differ by cannot be known. A timer may be up to a millisecond early.
	expect(clocks[1]?.boundUs).toBeGreaterThan(((DELAY_MS - 1) * 1_000) / 2);
	expect(Math.abs((clocks[0]?.driftPpm ?? 0) - driftPpm)).toBeLessThan(DRIFT_SLACK_PPM);

	for (const [index, { clock, crossingsFile }] of agents.entries()) {
		const crossings = JSON.parse(readFileSync(crossingsFile, "utf8")) as Crossing[];
		const errorsUs = crossings.map(({ fromHost, intendedAtUs, completedAtUs, responseUs }) => {
			const epochUs = record?.agents[fromHost]?.epochMonotonicUs ?? Number.NaN;
			const sender = agents[fromHost]?.clock;
			const trueUs = clock.trueUs(completedAtUs) - (sender?.trueUs(epochUs + intendedAtUs) ?? Number.NaN);
			return responseUs - trueUs;
		});
		expect(crossings.length, `agent ${index}`).toBeGreaterThan(30);
		expect(worst(errorsUs), `agent ${index}`).toBeLessThan(boundUs + SLACK_US);
		// The same comparison finds times that are left as the clocks had them.
		const uncorrectedUs = errorsUs.map((errorUs, place) => errorUs - (crossings[place]?.correctionUs ?? 0));
		expect(worst(uncorrectedUs), `agent ${index}`).toBeGreaterThan(boundUs + SLACK_US);
		// What was compared is what is reported.
		const measurements = record?.agents[index]?.measurements;
		const encoded = measurements?.stages.find(({ stage }) => stage === Stage.CROSS_HOST_RESPONSE_TIME);
		const reported = encoded ? Distribution.decode(encoded) : Distribution.empty("us");
		expect(reported.count).toBe(crossings.length);
		const sumUs = crossings.reduce((sum, { responseUs }) => sum + Math.max(0, Math.round(responseUs)), 0);
		expect(Math.abs(reported.meanUs - sumUs / crossings.length)).toBeLessThan(1);
	}
}

/** NaN where one is. */
function worst(errorsUs: readonly number[]): number {
	return Math.max(...errorsUs.map(Math.abs));
}
