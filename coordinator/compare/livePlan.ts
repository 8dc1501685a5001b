import type { Plan, RunSpec } from "../plan/plan.js";
import type { Problem } from "../plan/problem.js";
import type { Place } from "./blocks.js";
import type { Design } from "./schema.js";

/** Why two plans, each right by itself, cannot be run in turns. */
export function togetherProblems(baseline: Plan, candidate: Plan, allowUnlike: boolean): Problem[] {
	const problems: Problem[] = [];
	for (const [flag, plan] of [["--baseline", baseline] as const, ["--candidate", candidate] as const]) {
		const points = new Set(plan.runs.map(({ point }) => point)).size;
		if (points > 1) {
			problems.push({ where: flag, message: `expected one set of parameters, got a sweep over ${points}` });
		}
	}
	if (baseline.redisUrl !== candidate.redisUrl) {
		problems.push({ where: "--redis", message: "expected one Redis for both plans; they name two" });
	}
	if (baseline.keyPrefix !== candidate.keyPrefix) {
		problems.push({ where: "--key-prefix", message: "expected one key prefix for both plans; they name two" });
	}
	for (const [flag, plan] of [["--baseline", baseline] as const, ["--candidate", candidate] as const]) {
		if (plan.cpuprofile === undefined && plan.memprofile === undefined) continue;
		const message = "profiling would be part of what is compared: profile each plan with `run`, then `profile diff`";
		problems.push({ where: flag, message });
	}
	const [one, other] = [baseline, candidate].map(({ runs }) => runs[0]?.load.kind);
	if (one !== other && !allowUnlike) {
		problems.push({
			where: "--candidate",
			message: `expected a load of the baseline's kind (${one}), got ${other}: their figures mean different things`,
		});
	}
	return problems;
}

/** Both plans' runs in the design's order, as one plan that is executed over one fleet. */
export function interleavedPlan(baseline: Plan, candidate: Plan, design: Design): Plan {
	const [before, after] = [baseline.runs[0], candidate.runs[0]];
	if (!before || !after) throw new RangeError("a plan has at least one run");
	return {
		...baseline,
		name: "comparison",
		type: "custom",
		agents: Math.max(baseline.agents, candidate.agents),
		purge: baseline.purge && candidate.purge,
		repeat: 1,
		seed: design.seed,
		// They judge one plan's figures; here one plan is judged by the other's.
		thresholds: [],
		targets: undefined,
		cpuprofile: undefined,
		memprofile: undefined,
		runs: design.order.map((place) =>
			placedRun(place, place.phase === "noise" ? "baseline" : place.side, before, after, design.seed),
		),
	};
}

function placedRun(place: Place, plan: Place["side"], before: RunSpec, after: RunSpec, seed: number): RunSpec {
	const part = place.phase === "pair" ? place.side : place.side === "baseline" ? "a" : "b";
	const name = `${place.phase}-${place.pair + 1}-${part}`;
	// Both of a pair draw the same; pairs differ.
	return { ...(plan === "baseline" ? before : after), point: plan, name, seed: (seed + place.pair) >>> 0 };
}
