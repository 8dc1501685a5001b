import { expect, onTestFinished, test, vi } from "vitest";
import { PlanStatus } from "../proto/gen/telemetry.js";
import { TelemetryPublisher } from "../proto/telemetryPublisher.js";
import { planSubject } from "../proto/telemetrySubjects.js";
import { findNatsServer, startNats, type TestNats } from "../tests/support/nats.js";
import { type WatchOptions, watch } from "./watch.js";
import { WatchError } from "./watchFeed.js";

const found = findNatsServer();
const program = "program" in found ? found.program : "";
const withNats = "missing" in found ? test.skip : test;
const why = "missing" in found ? ` (${found.missing})` : "";
const EXECUTION = "0a1b2c3d";
const SILENCE_MS = 1_500;
const LINE = "plan: preparing, agents 0/1\n";
const patiently = { timeout: 15_000, interval: 20 };

async function server(): Promise<TestNats> {
	const nats = await startNats(program);
	onTestFinished(() => nats.stop());
	return nats;
}

/** Tells of a plan, when it is told to. */
function coordinator(nats: TestNats): { beat: (changes?: Partial<PlanStatus>) => void; connected: () => boolean } {
	let connected = false;
	const publisher = new TelemetryPublisher({
		url: `nats://${nats.address}`,
		name: "test",
		onNotice: (level) => {
			connected = level === "info";
		},
	});
	onTestFinished(() => publisher.close());
	let sequence = 0;
	const beat = (changes: Partial<PlanStatus> = {}) => {
		const counts = { agentsTotal: 1, runCount: 1, tasks: 10 };
		const status = PlanStatus.create({ sequence: ++sequence, name: "plan", phase: "preparing", ...counts, ...changes });
		publisher.offer(planSubject(EXECUTION), PlanStatus.encode(status).finish());
	};
	return { beat, connected: () => connected };
}

function watching(nats: TestNats, options: Partial<WatchOptions> = {}): { said: string[]; end: Promise<unknown> } {
	const said: string[] = [];
	const interrupt = new AbortController();
	onTestFinished(() => interrupt.abort());
	const end = watch({
		url: `nats://${nats.address}`,
		execution: EXECUTION,
		waitMs: undefined,
		silenceMs: SILENCE_MS,
		interrupt: interrupt.signal,
		say: (line) => said.push(line),
		...options,
	}).catch((error: unknown) => error);
	return { said, end };
}

withNats(`a coordinator that falls silent is given up, and one that is silent with NATS is not${why}`, async () => {
	const nats = await server();
	const { beat, connected } = coordinator(nats);
	await expect.poll(connected, patiently).toBe(true);
	const printed: string[] = [];
	const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
	onTestFinished(() => stdout.mockRestore());
	const { said, end } = watching(nats);
	const beating = setInterval(beat, 50);
	onTestFinished(() => clearInterval(beating));
	let ended = false;
	void end.then(() => {
		ended = true;
	});
	// The second line comes after longer than the silence that is borne.
	await expect.poll(() => printed.slice(0, 2), patiently).toEqual([LINE, LINE]);
	await nats.kill();
	await expect.poll(() => said.some((line) => line.endsWith("; trying again")), patiently).toBe(true);
	const awaySinceMs = performance.now();
	await expect.poll(() => performance.now() - awaySinceMs, patiently).toBeGreaterThan(1.2 * SILENCE_MS);
	expect(ended).toBe(false);
	clearInterval(beating);
	await nats.start();
	await expect.poll(() => said.at(-1), patiently).toBe(`connected to nats://${nats.address} again`);
	const error = await end;
	expect(error).toBeInstanceOf(WatchError);
	expect(error).toMatchObject({
		exitCode: 5,
		message: `nothing was heard of ${EXECUTION} for ${SILENCE_MS / 1_000} s: its coordinator is gone, or cannot reach NATS`,
	});
});

withNats(`a plan that is over before it could be followed: its end is told${why}`, async () => {
	const nats = await server();
	const { beat, connected } = coordinator(nats);
	await expect.poll(connected, patiently).toBe(true);
	const { said, end } = watching(nats, { execution: undefined });
	await expect.poll(() => said, patiently).toEqual([`waiting for a run that publishes on nats://${nats.address}`]);
	beat();
	const ending = setInterval(() => beat({ end: { exitCode: 5 } }), 50);
	onTestFinished(() => clearInterval(ending));
	await expect.poll(() => said.at(-1), patiently).not.toContain("waiting");
	expect(said.at(-1)).toMatch(new RegExp(`^${EXECUTION} is over: exit code 5 \\(agents missing\\)`));
	expect(await end).toBeUndefined();
});
