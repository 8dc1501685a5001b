import { formatCount } from "../report/format.js";
import type { Report, ReportRun } from "../report/schema.js";
import type { MatchedPoint, Matching } from "./points.js";
import type { Obstacle } from "./schema.js";

/** One side of a comparison. */
export interface Side {
	/** The folder or the plan file. */
	readonly label: string;
	readonly report: Report;
}

/** What is not alike in two plans, by the points that they have. */
export function planObstacles({ points, baselineAlone, candidateAlone }: Matching): Obstacle[] {
	const alone = (names: readonly string[], where: string) =>
		names.map((name) => `The point ${name} is in the ${where} alone.`);
	return [
		...points.filter(hasTwoLoops).map(({ name, baseline }) => {
			const [one, other] = baseline[0]?.loop === "open" ? ["an open", "a closed"] : ["a closed", "an open"];
			return `At ${name} the baseline is ${one} loop and the candidate ${other} one: their response times mean different things.`;
		}),
		...points
			.filter(({ differences }) => differences.length > 0)
			.map(({ name, differences }) => `The plans differ at ${name}: ${differences.join(", ")}.`),
		...alone(baselineAlone, "baseline"),
		...alone(candidateAlone, "candidate"),
	].map((sentence) => ({ kind: "plan" as const, sentence }));
}

function hasTwoLoops({ baseline, candidate }: MatchedPoint): boolean {
	return baseline[0]?.loop !== candidate[0]?.loop;
}

/** What is not alike in what the runs ran on. */
export function environmentObstacles(baseline: Side, candidate: Side): Obstacle[] {
	const [before, after] = [baseline, candidate].map(({ report }) => environmentOf(report));
	return Object.entries(before ?? {})
		.map(([what, value]) => ({ what, value, other: after?.[what] ?? "" }))
		.filter(({ value, other }) => value !== other)
		.map(({ what, value, other }) => ({
			kind: "environment" as const,
			sentence: `${what} differs: ${value} in the baseline, ${other} in the candidate.`,
		}));
}

function environmentOf(report: Report): { readonly [what: string]: string } {
	const { hosts, redis } = report.environment;
	const each = (text: (host: (typeof hosts)[number]) => string) => [...new Set(hosts.map(text))].sort().join(" and ");
	return {
		"The hosts' CPU": each(({ cpus, cpuModel }) => `${cpus} × ${cpuModel}`),
		"The number of hosts": formatCount(hosts.length),
		"The version of Node": each(({ nodeVersion }) => nodeVersion),
		Redis: redis === null ? "unknown" : `${redis.serverName} ${redis.version} ${redis.mode}`,
		"Redis's persistence": redis?.persistence ?? "unknown",
		"Redis's place": redis === null ? "unknown" : redis.private ? "a private server" : "a server that was given",
	};
}

/** Every reason why a side's figures must not be used. */
export function validityObstacles(which: "baseline" | "candidate", { report }: Side): Obstacle[] {
	const reasons = report.verdict.reasons.filter(({ severity }) => severity === "INVALID");
	const named = reasons.map(({ run, sentence }) =>
		run === null || report.runs.length === 1 ? sentence : `${run}: ${sentence}`,
	);
	const sentences = report.runs.length === 0 && named.length === 0 ? ["No run took place."] : named;
	return sentences.map((sentence) => ({ kind: "invalid", sentence: `The ${which} is INVALID. ${sentence}` }));
}

/** What is worth knowing about runs that count all the same. */
export function degradedNotes(which: string, runs: readonly ReportRun[]): string[] {
	const degraded = runs.filter(({ verdict }) => verdict.validity === "DEGRADED");
	if (degraded.length === 0) return [];
	const codes = new Set(
		degraded.flatMap(({ verdict }) =>
			verdict.reasons.filter(({ severity }) => severity === "DEGRADED").map(({ code }) => code),
		),
	);
	return [`DEGRADED runs of the ${which}: ${degraded.length} of ${runs.length} (${[...codes].join(", ")}).`];
}
