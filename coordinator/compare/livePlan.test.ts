import { expect, it } from "vitest";
import type { FlagValues } from "../plan/resolve.js";
import { resolvePlan } from "../plan/resolve.js";
import { interleave } from "./blocks.js";
import { interleavedPlan, togetherProblems } from "./livePlan.js";

function planOf(flags: FlagValues) {
	const resolution = resolvePlan({ flags, environment: {} });
	if (!resolution.ok) throw new Error(resolution.problems.map(({ message }) => message).join());
	return resolution.plan;
}

const design = {
	seed: 3,
	baseline: { label: "b", name: "b" },
	candidate: { label: "c", name: "c" },
	noisePairs: 2,
	pairs: 6,
	order: interleave(2, 6, 3),
};

it("runs the baseline alone in the noise phase, then each plan in its place", () => {
	const plan = interleavedPlan(planOf({ workers: "2" }), planOf({ workers: "8" }), design);
	expect(plan.runs.map(({ workers }) => workers)).toEqual(
		design.order.map(({ phase, side }) => (phase === "pair" && side === "candidate" ? 8 : 2)),
	);
	expect(plan.runs.map(({ point }) => point === "candidate")).toEqual(plan.runs.map(({ workers }) => workers === 8));
	expect(new Set(plan.runs.map(({ name }) => name)).size).toBe(16);
	expect(plan.repeat).toBe(1);
});

it("leaves out thresholds, which could end it early", () => {
	const thresholds = "throughput: rate>1000000, abortOnFail";
	expect(interleavedPlan(planOf({ thresholds }), planOf({}), design).thresholds).toEqual([]);
});

it("has a fleet that is large enough for both, and purges where both plans say so", () => {
	const purging = interleavedPlan(planOf({ agents: "2", purge: "true" }), planOf({ agents: "3" }), design);
	expect(purging).toMatchObject({ agents: 3, purge: false });
	expect(interleavedPlan(planOf({ purge: "true" }), planOf({ purge: "true" }), design).purge).toBe(true);
});

it.each<[string, FlagValues, FlagValues, RegExp]>([
	["a sweep", { workers: "1,2" }, {}, /^--baseline: expected one set of parameters, got a sweep over 2$/],
	["two servers", {}, { redis: "redis://a:1" }, /^--redis: expected one Redis/],
	["two prefixes", {}, { keyPrefix: "x:" }, /^--key-prefix: expected one/],
	[
		"loads of two kinds",
		{},
		{ duration: "1s" },
		/^--candidate: expected a load of the baseline's kind \(tasks\), got timed/,
	],
])("refuses %s", (_, baseline, candidate, expected) => {
	const problems = togetherProblems(planOf(baseline), planOf(candidate), false);
	expect(problems.map(({ where, message }) => `${where}: ${message}`).join("\n")).toMatch(expected);
});

it("takes repeats of one point, and loads of two kinds where that is allowed", () => {
	expect(togetherProblems(planOf({ repeat: "5" }), planOf({ pollInterval: "1ms" }), false)).toEqual([]);
	expect(togetherProblems(planOf({}), planOf({ duration: "1s" }), true)).toEqual([]);
});
