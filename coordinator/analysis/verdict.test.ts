import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Census, Counters, CpuThrottling, RedisSample, Stage } from "../../proto/gen/measurement.js";
import { RunEnd } from "../../proto/gen/record.js";
import { Distribution } from "../../proto/histogram.js";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import type { Accounting, MergedAgent, MergedRun } from "../merge/merged.js";
import type { LoadSpec } from "../plan/plan.js";
import { verdictFrom } from "./reason.js";
import { checkExecution, verdictOf } from "./verdict.js";

const HEALTHY = mergeRun(simulatedRun({ agents: 2 }));

const accounting = (change: Partial<Accounting>): MergedRun => ({
	...HEALTHY,
	accounting: { ...HEALTHY.accounting, ...change },
});
const counters = (change: Partial<Counters>): MergedRun => ({
	...HEALTHY,
	counters: Counters.create({ ...HEALTHY.counters, ...change }),
});
const census = (change: Partial<Census>): MergedRun => ({
	...HEALTHY,
	census: Census.create({ ...HEALTHY.census, ...change }),
});
const agent = (index: number, change: (agent: MergedAgent) => Partial<MergedAgent>): MergedRun => ({
	...HEALTHY,
	agents: HEALTHY.agents.map((each) => (each.index === index ? { ...each, ...change(each) } : each)),
});
const throttled = (throttledPeriods: number, periods: number): MergedRun =>
	agent(1, ({ resources }) => ({
		resources: { ...resources, throttling: CpuThrottling.create({ quotaCpus: 1, periods, throttledPeriods }) },
	}));
const stage = (which: Stage, values: Distribution): MergedRun => ({
	...HEALTHY,
	stages: new Map([...HEALTHY.stages, [which, values]]),
});
const LOSS = { atUs: 1e6, reason: "its process ended by SIGKILL", coveredToUs: HEALTHY.endAtUs / 2 };

it("finds nothing wrong with a healthy run", () => {
	expect(verdictOf(HEALTHY)).toEqual({ validity: "VALID", reasons: [] });
});

describe.each<[string, MergedRun, string, string, number | null]>([
	["a lost task", accounting({ lost: 3 }), "tasks-lost", "INVALID", 3],
	["a remaining task", accounting({ remaining: 2 }), "tasks-remaining", "INVALID", 2],
	["a held task", accounting({ held: 1 }), "tasks-held", "INVALID", 1],
	["a planned task not sent", accounting({ issued: 900 }), "tasks-not-sent", "INVALID", 100],
	["1 % without a trace", accounting({ unaccounted: 10 }), "tasks-unaccounted", "DEGRADED", 10],
	["more without a trace", accounting({ unaccounted: 11 }), "tasks-unaccounted", "INVALID", 11],
	["tasks from nowhere", accounting({ notIssued: 1 }), "tasks-not-issued", "INVALID", 1],
	["books that do not balance", accounting({ balanced: false }), "not-balanced", "INVALID", null],
	["no census", { ...accounting({ balanced: false }), census: undefined }, "no-census", "DEGRADED", null],
	["no completion", accounting({ completed: 0 }), "nothing-completed", "INVALID", 0],
	["a duplicate", accounting({ duplicates: 2, crossAgentDuplicates: 1 }), "duplicates", "NOTE", 2],
	["an abort", { ...HEALTHY, end: RunEnd.ABORTED }, "aborted", "DEGRADED", null],
	["a stall", { ...HEALTHY, end: RunEnd.STALLED }, "stalled", "INVALID", null],
	["a failure", { ...HEALTHY, end: RunEnd.FAILED }, "failed", "INVALID", null],
	["an end that nobody knows", { ...HEALTHY, end: RunEnd.UNSPECIFIED }, "failed", "INVALID", null],
	["a lost agent", agent(1, () => ({ loss: LOSS })), "agent-lost", "DEGRADED", 0.25],
	[
		"a busy agent",
		agent(1, ({ resources }) => ({ resources: { ...resources, loopUtilization: 0.91 } })),
		"agent-busy",
		"DEGRADED",
		0.91,
	],
	["an agent that its CPU limit stopped", throttled(3, 100), "agent-throttled", "DEGRADED", 0.03],
	["one that it stopped once", throttled(1, 200), "agent-throttled", "NOTE", 0.005],
	[
		"a late agent",
		agent(1, ({ span }) => ({ span: { ...span, startLatenessUs: 60_000 } })),
		"start-late",
		"DEGRADED",
		60_000,
	],
	[
		"evictions",
		{ ...HEALTHY, redisSamples: [RedisSample.create({}), RedisSample.create({ atUs: 1, evictedKeys: 4 })] },
		"keys-evicted",
		"INVALID",
		4,
	],
	[
		"a namespace that nobody looked at",
		{ ...HEALTHY, namespace: undefined },
		"namespace-not-checked",
		"DEGRADED",
		null,
	],
	[
		"keys before the start",
		{ ...HEALTHY, namespace: { keysFound: 5, keysPurged: 0, keysBeforeStart: 5 } },
		"namespace-not-clean",
		"INVALID",
		5,
	],
	["somebody else's tasks taken", counters({ foreign: 1 }), "foreign-tasks-taken", "INVALID", 1],
	["somebody else's tasks left", census({ foreignTasks: 2 }), "foreign-tasks-left", "DEGRADED", 2],
	["keys left", { ...HEALTHY, keysLeft: 1 }, "keys-left", "DEGRADED", 1],
	["few worker errors", counters({ workerErrors: 1 }), "worker-errors", "NOTE", 1],
	["many worker errors", counters({ workerErrors: 2 }), "worker-errors", "DEGRADED", 2],
	["few enqueue errors", accounting({ rejected: 1 }), "enqueue-errors", "NOTE", 1],
	["many enqueue errors", accounting({ rejected: 1, unknown: 1 }), "enqueue-errors", "DEGRADED", 2],
	["times below zero", stage(Stage.SEND_LAG, Distribution.of("us", [5, -2])), "negative-times", "DEGRADED", 1],
	[
		"times over an hour",
		stage(Stage.RESPONSE_TIME, Distribution.of("us", [5, 4e9])),
		"times-over-range",
		"DEGRADED",
		1,
	],
])("%s", (_, run, code, severity, figure) => {
	const { validity, reasons } = verdictOf(run);

	it(`is ${code}, ${severity}, and nothing else`, () => {
		expect(reasons.map((reason) => [reason.code, reason.severity, reason.figure])).toEqual([[code, severity, figure]]);
		expect(validity).toBe(severity === "NOTE" ? "VALID" : severity);
	});

	it("is told in sentences with what to do about it", () => {
		for (const reason of reasons) {
			expect(reason.sentence).toMatch(/^[A-Z0-9].*\.$/);
			expect(reason.advice).toMatch(/^[A-Z0-9].*[.?]$/);
			expect(`${reason.sentence}${reason.advice}`).not.toMatch(/NaN|undefined|Infinity|\.\./);
		}
	});
});

it("takes a time limit that ended sending for what the plan asked", () => {
	const limited = (limitMs: number): MergedRun => ({
		...accounting({ issued: 900 }),
		spec: { ...HEALTHY.spec, load: { kind: "tasks", tasks: 1_000, limitMs } },
	});
	const reached = verdictOf(limited(HEALTHY.endAtUs / 1_000));
	expect(reached).toMatchObject({ validity: "VALID", reasons: [{ code: "time-limit-reached", figure: 100 }] });
	const before = verdictOf(limited(HEALTHY.endAtUs / 1_000 + 1));
	expect(before).toMatchObject({ validity: "INVALID", reasons: [{ code: "tasks-not-sent", figure: 100 }] });
});

it("lets an aborted run leave tasks, but not lose them", () => {
	const stopped = { ...accounting({ remaining: 300, held: 2, issued: 800 }), end: RunEnd.ABORTED };
	expect(verdictOf(stopped).validity).toBe("DEGRADED");
	const losing = { ...accounting({ remaining: 300, lost: 1 }), end: RunEnd.ABORTED };
	expect(verdictOf(losing).validity).toBe("INVALID");
});

describe("a lost agent", () => {
	it("is named with its host, its moment and the share that its figures do not cover", () => {
		const [reason] = verdictOf(agent(1, () => ({ loss: LOSS }))).reasons;
		expect(reason?.sentence).toBe(
			"Agent 1 (bench-1, pid 4001) was lost 1.00 s into the run: its process ended by SIGKILL. 25% of the load is not covered by its figures.",
		);
	});

	it.each([{ remaining: 1 }, { held: 1 }, { issued: 999 }])("voids a run that is left unfinished: %o", (change) => {
		const run = { ...agent(1, () => ({ loss: LOSS })), accounting: { ...HEALTHY.accounting, ...change } };
		const lost = verdictOf(run).reasons.find((reason) => reason.code === "agent-lost");
		expect(lost?.severity).toBe("INVALID");
	});
});

it("notes a host whose cores its agents used up", () => {
	const run: MergedRun = {
		...HEALTHY,
		agents: HEALTHY.agents.map((each) => ({
			...each,
			resources: { ...each.resources, wallUs: 1e6, cpuUserUs: 3e6, cpuSystemUs: 1e6 },
		})),
	};
	expect(verdictOf(run).reasons).toMatchObject([{ code: "host-busy", severity: "NOTE", figure: 1 }]);
});

it("notes an event loop that stands still for longer than the poll interval, where workers poll on a ticker", () => {
	const merged = mergeRun(simulatedRun({}));
	const stalled = (pollIntervalMs: number) =>
		verdictOf({
			...merged,
			spec: { ...merged.spec, pollIntervalMs },
			agents: merged.agents.map((each) => ({ ...each, resources: { ...each.resources, loopDelayP99Us: 12_000 } })),
		}).reasons;
	expect(stalled(10)).toMatchObject([{ code: "polls-late", severity: "NOTE", figure: 12_000 }]);
	expect(stalled(15)).toEqual([]);
	expect(stalled(0)).toEqual([]);
});

it("an open loop whose event loop has no time left is void, but for one that spins by intention", () => {
	const merged = mergeRun(simulatedRun({ openMs: 3_000 }));
	const agents = merged.agents.map((each) => ({
		...each,
		// It idled while it drained.
		resources: { ...each.resources, loopUtilization: 0.5, sendingLoopUtilization: 0.95 },
	}));
	const codes = (spin: boolean) => {
		const load = merged.spec.load.kind === "open" ? { ...merged.spec.load, spin } : merged.spec.load;
		return verdictOf({ ...merged, agents, spec: { ...merged.spec, load } }).reasons.map(({ code }) => code);
	};
	expect(codes(false)).toContain("agent-busy");
	expect(codes(true)).not.toContain("agent-busy");
});

it("names at most five agents", () => {
	const merged = mergeRun(simulatedRun({ agents: 8, workers: 8 }));
	const agents = merged.agents.map((each) => ({ ...each, resources: { ...each.resources, loopUtilization: 0.95 } }));
	expect(verdictOf({ ...merged, agents }).reasons[0]?.sentence).toMatch(/^Agents 0, 1, 2, 3, 4 and 3 more kept/);
});

describe("an execution", () => {
	const whole = { runsPlanned: 5, runsDone: 5, aborted: "", insecure: false };

	it.each([
		[whole, "VALID"],
		[{ ...whole, insecure: true }, "VALID"],
		[{ ...whole, runsDone: 4, aborted: "interrupted by SIGINT" }, "DEGRADED"],
		[{ ...whole, runsDone: 0, aborted: "interrupted by SIGINT" }, "INVALID"],
		[{ ...whole, runsDone: 4 }, "INVALID"],
	] as const)("%o is %s", (execution, validity) => {
		expect(verdictFrom(checkExecution(execution)).validity).toBe(validity);
	});
});

it("puts the gravest reason first and keeps the order of the rest", () => {
	const reason = (code: string, severity: "INVALID" | "DEGRADED" | "NOTE") => ({
		code,
		severity,
		figure: null,
		sentence: "",
		advice: "",
	});
	const given = [reason("a", "NOTE"), reason("b", "DEGRADED"), reason("c", "INVALID"), reason("d", "DEGRADED")];
	expect(verdictFrom(given).reasons.map(({ code }) => code)).toEqual(["c", "b", "d", "a"]);
});

it("has every code explained in docs/reading-a-report.md", () => {
	const folder = new URL("./", import.meta.url);
	const sources = readdirSync(folder).filter((name) => name.startsWith("check") || name === "verdict.ts");
	const codes = sources.flatMap((name) =>
		[...readFileSync(new URL(name, folder), "utf8").matchAll(/\bcode: "([a-z-]+)"/g)].map((match) => match[1] ?? ""),
	);
	const page = readFileSync(new URL("../../docs/reading-a-report.md", import.meta.url), "utf8");
	expect(codes.length).toBeGreaterThan(25);
	expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

describe("what is said of duplicates", () => {
	const adviceOf = (run: MergedRun) => verdictOf(run).reasons.find(({ code }) => code === "duplicates")?.advice;
	const TIMED: LoadSpec = { kind: "timed", warmupMs: 0, durationMs: 1_000, inFlight: 8 };

	it("one agent's are in no figure", () => {
		expect(adviceOf(accounting({ duplicates: 2 }))).toMatch(
			/counts once in the accounting, the rates, the response times/,
		);
	});

	it("two agents' are in what each of them measured", () => {
		const run = accounting({ duplicates: 2, crossAgentDuplicates: 1 });
		expect(adviceOf(run)).toMatch(
			/once in the accounting and the rate, and once for each of these agents in the steady/,
		);
		const timed = { ...run, spec: { ...run.spec, load: TIMED } };
		expect(adviceOf(timed)).toMatch(/once in the accounting, and once for each of these agents in the rates/);
	});
});
