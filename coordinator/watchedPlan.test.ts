import { expect, test } from "vitest";
import { Counters, Stage } from "../proto/gen/measurement.js";
import { AgentStatus, PlanStatus } from "../proto/gen/telemetry.js";
import { Distribution } from "../proto/histogram.js";
import { WatchedPlan } from "./watchedPlan.js";

const PLAN = { kind: "plan", execution: "0a1b2c3d" } as const;
const agent = (index: number, ordinal = 0) =>
	({ kind: "agent", execution: "0a1b2c3d", ordinal, agent: index }) as const;

function planStatus(changes: Partial<PlanStatus> = {}): Uint8Array {
	return PlanStatus.encode(
		PlanStatus.create({
			sequence: 1,
			name: "quick",
			runCount: 1,
			phase: "running",
			elapsedMs: 2_000,
			tasks: 1_000,
			agentsAlive: 2,
			agentsTotal: 2,
			...changes,
		}),
	).finish();
}

interface Done {
	readonly sequence: number;
	readonly atMs: number;
	readonly completed: number;
	readonly responseUs?: readonly number[];
	readonly backlog?: number;
}

function agentStatus({ sequence, atMs, completed, responseUs = [], backlog = -1 }: Done): Uint8Array {
	return AgentStatus.encode(
		AgentStatus.create({
			sequence,
			monotonicNowUs: 5e9 + atMs * 1_000,
			totals: Counters.create({ completed, deadLettered: 3, duplicates: 1, rejected: 1 }),
			inFlight: 4,
			backlog,
			responseTime: responseUs.length > 0 ? Distribution.of("us", responseUs).encode(Stage.RESPONSE_TIME) : undefined,
		}),
	).finish();
}

test("the agents' totals are summed, rates are by their own clocks, and times are of all", () => {
	const plan = new WatchedPlan();
	expect(plan.progress(0)).toBeUndefined();
	plan.take(PLAN, planStatus(), 1_000);
	plan.take(agent(0), agentStatus({ sequence: 1, atMs: 1_000, completed: 98, backlog: 7 }), 1_000);
	expect(plan.complete).toBe(false);
	plan.take(agent(1), agentStatus({ sequence: 1, atMs: 1_000, completed: 198 }), 1_010);
	expect(plan.complete).toBe(true);
	// However late it comes, it tells of one second.
	plan.take(
		agent(0),
		agentStatus({ sequence: 2, atMs: 2_000, completed: 148, responseUs: [1_000, 3_000], backlog: 9 }),
		2_000,
	);
	plan.take(agent(1), agentStatus({ sequence: 2, atMs: 2_000, completed: 228, responseUs: [2_000] }), 2_700);
	plan.take(PLAN, planStatus({ sequence: 2, elapsedMs: 3_000 }), 2_800);
	expect(plan.progress(3_000)).toEqual({
		name: "quick",
		runIndex: 0,
		runCount: 1,
		phase: "running",
		elapsedMs: 3_200,
		done: 150 + 230,
		total: 1_000,
		durationMs: undefined,
		tasksPerSecond: 50 + 30,
		responseTime: { minUs: 1_000, p50Us: 2_000, p95Us: 3_000, p99Us: 3_000, maxUs: 3_000 },
		agentsAlive: 2,
		agentsTotal: 2,
		inFlight: 8,
		backlog: 9,
		errors: 8,
		secondsLeft: (1_000 - 380) / 80,
		recentRates: [80],
	});
	expect([plan.lost, plan.unreadable]).toEqual([0, 0]);
});

test("an agent that is not heard any more keeps its counts, and has no rate and nothing in flight", () => {
	const plan = new WatchedPlan();
	plan.take(PLAN, planStatus({ agentsAlive: 1 }), 0);
	for (const [index, last] of [
		[0, 1],
		[1, 4],
	] as const) {
		for (let second = 0; second <= last; second++) {
			const status = { sequence: second + 1, atMs: second * 1_000, completed: second * 10 };
			plan.take(agent(index), agentStatus(status), second * 1_000);
		}
	}
	expect(plan.progress(5_000)).toMatchObject({ done: 10 + 40 + 4, tasksPerSecond: 10, inFlight: 4 });
});

test("what comes late, twice or from an earlier run changes nothing; what is missing is counted", () => {
	const plan = new WatchedPlan();
	plan.take(PLAN, planStatus({ sequence: 4, runCount: 2 }), 0);
	plan.take(PLAN, planStatus({ sequence: 3, runCount: 2, name: "older" }), 1);
	plan.take(agent(0), agentStatus({ sequence: 5, atMs: 5_000, completed: 50 }), 2);
	plan.take(agent(0), agentStatus({ sequence: 5, atMs: 5_000, completed: 50 }), 3);
	plan.take(agent(0), agentStatus({ sequence: 2, atMs: 2_000, completed: 20 }), 4);
	expect(plan.lost).toBe(0);
	plan.take(agent(0), agentStatus({ sequence: 9, atMs: 9_000, completed: 90 }), 5);
	expect(plan.lost).toBe(3);
	expect(plan.progress(6)).toMatchObject({ name: "quick", done: 92, tasksPerSecond: 10 });
	plan.take(agent(0, 1), agentStatus({ sequence: 1, atMs: 0, completed: 1 }), 7);
	plan.take(agent(0, 0), agentStatus({ sequence: 10, atMs: 0, completed: 100 }), 8);
	plan.take(PLAN, planStatus({ sequence: 5, ordinal: 1, runCount: 2 }), 9);
	expect(plan.progress(1_009)).toMatchObject({ runIndex: 1, done: 3 });
	expect(plan.lost).toBe(3);
});

test("the end has the coordinator's exit code, and the clock stands", () => {
	const plan = new WatchedPlan();
	plan.take(PLAN, planStatus(), 0);
	expect(plan.exitCode).toBeUndefined();
	plan.take(PLAN, planStatus({ sequence: 2, end: { exitCode: 3 } }), 1_000);
	expect(plan.exitCode).toBe(3);
	expect(plan.progress(9_000)).toMatchObject({ elapsedMs: 2_000 });
});

test.each([
	["no message", PLAN, Buffer.from("\u001b[2J")],
	["an unknown phase", PLAN, planStatus({ phase: "\u001b[2Jrunning" })],
	["a time that is none", PLAN, planStatus({ elapsedMs: Number.NaN })],
	["a negative time", PLAN, planStatus({ durationMs: -1 })],
	["a run beyond the plan", PLAN, planStatus({ ordinal: 1 })],
	["more agents than there are", PLAN, planStatus({ agentsAlive: 3 })],
	["more agents than a fleet has", PLAN, planStatus({ agentsTotal: 100_000 })],
	["an agent that no fleet has", agent(512), agentStatus({ sequence: 1, atMs: 0, completed: 0 })],
	["a clock that is none", agent(0), agentStatus({ sequence: 1, atMs: Number.POSITIVE_INFINITY, completed: 0 })],
	[
		"a histogram that lies",
		agent(0),
		AgentStatus.encode(
			AgentStatus.create({
				sequence: 1,
				responseTime: { ...Distribution.of("us", [5]).encode(Stage.RESPONSE_TIME), count: 2 },
			}),
		).finish(),
	],
])("%s is counted as unreadable, and shown nowhere", (_, source, payload) => {
	const plan = new WatchedPlan();
	plan.take(source, payload, 0);
	expect(plan.unreadable).toBe(1);
	expect([plan.progress(0), plan.agentsHeard]).toEqual([undefined, 0]);
});

test("a name cannot move the terminal's cursor, nor fill it", () => {
	const plan = new WatchedPlan();
	plan.take(PLAN, planStatus({ name: `a\u001b[2J\n\u202e${"x".repeat(1_000)}` }), 0);
	expect(plan.progress(0)?.name).toMatch(/^a�\[2J��x{93}$/);
});
