import { expect, test } from "vitest";
import { type CohortState, LoadPhases, type LoadState } from "./phases.js";
import type { LoadSpec, RunSpec } from "./plan/plan.js";
import { resolvePlan } from "./plan/resolve.js";

function runOf(load: LoadSpec): RunSpec {
	const resolution = resolvePlan({ flags: { drainTimeout: "20s" }, environment: {} });
	const run = resolution.ok ? resolution.plan.runs[0] : undefined;
	if (!run) throw new Error("no plan");
	return { ...run, load };
}

const open: LoadSpec = {
	kind: "open",
	rate: { shape: "constant", perSecond: 100 },
	arrivals: { process: "uniform" },
	warmupMs: 5_000,
	durationMs: 10_000,
	maxUnacknowledged: 10,
	spin: false,
};

const cohort = (changes: Partial<CohortState> = {}): CohortState => ({
	saidAtMs: 15_500,
	waiting: 0,
	sent: 1_000,
	settled: 900,
	...changes,
});

function stateAt(elapsedMs: number, changes: Partial<LoadState> = {}): LoadState {
	return { elapsedMs, sendingDone: false, agents: [cohort()], p999Ms: () => 10, ...changes };
}

test("an open loop goes through warm-up, measurement and kept-up load", () => {
	const phases = new LoadPhases(runOf(open));
	expect([-100, 4_999, 5_000, 14_999, 15_000].map((at) => phases.look(stateAt(at)).phase)).toEqual([
		"warming up",
		"warming up",
		"measuring",
		"measuring",
		"keeping load",
	]);
	expect(phases.look(stateAt(16_000, { sendingDone: true })).phase).toBe("draining");
});

test("the load is kept up until every measured task is settled", () => {
	const phases = new LoadPhases(runOf(open));
	expect(phases.look(stateAt(16_000)).stopSending).toBe(false);
	expect(phases.look(stateAt(16_100, { agents: [cohort({ settled: 1_000 })] })).stopSending).toBe(true);
});

test("but not before each agent has said that it sent all that was due", () => {
	const look = (agents: LoadState["agents"]) =>
		new LoadPhases(runOf(open)).look(stateAt(16_000, { agents })).stopSending;
	const whole = cohort({ settled: 1_000 });
	expect(look([whole, whole])).toBe(true);
	expect(look([whole, undefined])).toBe(false);
	expect(look([whole, cohort({ settled: 1_000, saidAtMs: 14_999 })])).toBe(false);
	expect(look([whole, cohort({ settled: 1_000, waiting: 3 })])).toBe(false);
	// One agent settles what another one sent.
	expect(look([cohort({ settled: 1_990 }), cohort({ settled: 10 })])).toBe(true);
});

test.each([
	["5 s where tasks are fast", 10, 20_000],
	["twice the 99.9th percentile where they are slow", 4_000, 23_000],
	["no longer than the run may drain", 60_000, 35_000],
])("or for %s", (_, p999, untilMs) => {
	const phases = new LoadPhases(runOf(open));
	for (let at = 15_000; at < untilMs; at += 100) {
		expect(phases.look(stateAt(at, { p999Ms: () => p999 })).stopSending).toBe(false);
	}
	expect(phases.look(stateAt(untilMs, { p999Ms: () => p999 })).stopSending).toBe(true);
});

test("a percentile that grows with the time does not keep the load up for ever", () => {
	const phases = new LoadPhases(runOf(open));
	const look = (at: number) => phases.look(stateAt(at, { p999Ms: () => at - 15_000 })).stopSending;
	expect([20_000, 22_000, 24_900, 25_000].map(look)).toEqual([false, false, false, true]);
});

test("a closed loop of a time keeps its load up too, until its measured tasks are settled", () => {
	const timed = new LoadPhases(runOf({ kind: "timed", warmupMs: 1_000, durationMs: 2_000, inFlight: 4 }));
	const at = (elapsedMs: number, settled = 0) => timed.look(stateAt(elapsedMs, { agents: [cohort({ settled })] }));
	expect([500, 1_500, 2_999, 3_000].map((elapsedMs) => at(elapsedMs))).toEqual([
		{ phase: "warming up", stopSending: false },
		{ phase: "measuring", stopSending: false },
		{ phase: "measuring", stopSending: false },
		{ phase: "keeping load", stopSending: false },
	]);
	expect(at(3_200, 999).stopSending).toBe(false);
	expect(at(3_300, 1_000).stopSending).toBe(true);
});

test("a number of tasks ends by itself", () => {
	const counted = new LoadPhases(runOf({ kind: "tasks", tasks: 5, limitMs: undefined }));
	expect(counted.look(stateAt(9_000))).toEqual({ phase: "running", stopSending: false });
});
