import { formatQuantity } from "../report/format.js";
import type { ReportRun } from "../report/schema.js";
import { compareMetric, FEWEST_PAIRS, type RunPair, type Sample } from "./compareMetric.js";
import { degradedNotes, environmentObstacles, planObstacles, type Side, validityObstacles } from "./likeness.js";
import { METRICS } from "./metrics.js";
import { overallOf } from "./overall.js";
import { type MatchedPoint, matchedPoint, matchPoints, pointsOf } from "./points.js";
import { COMPARISON_SCHEMA, type ComparedPoint, type Comparison, type Design } from "./schema.js";

/** Runs, or pairs, from which on a comparison finds what is worth finding. */
export const ADVISED_RUNS = 10;

/**
 * Compares two results that were measured one after the other. What they are not alike in, and what is invalid in them, is
 * listed as obstacles; whether to go on all the same is the caller's decision.
 */
export function compareResults(baseline: Side, candidate: Side): Comparison {
	const matching = matchPoints(pointsOf(baseline.report), pointsOf(candidate.report));
	const points = matching.points.map((point) =>
		comparedPoint(point, { kind: "unpaired", baseline: point.baseline, candidate: point.candidate }),
	);
	return {
		schema: COMPARISON_SCHEMA,
		verdict: overallOf(points, "runs a side"),
		baseline: sideOf(baseline, baseline.report.runs),
		candidate: sideOf(candidate, candidate.report.runs),
		design: null,
		aborted: null,
		obstacles: [
			...planObstacles(matching),
			...environmentObstacles(baseline, candidate),
			...validityObstacles("baseline", baseline),
			...validityObstacles("candidate", candidate),
		],
		notes: [
			...unpairedNotes(points, baseline, candidate),
			...qualityNotes(baseline.report.runs, candidate.report.runs),
		],
		points,
		regressions: null,
	};
}

/**
 * Compares the interleaved runs of one execution. A pair without its second run counts nothing; a pair with an invalid run
 * neither, unless `allowInvalid`.
 */
export function compareInterleaved(whole: Side, design: Design, allowInvalid: boolean): Comparison {
	const { report, label } = whole;
	const runs = new Map(report.runs.map((run) => [run.ordinal, run]));
	const pairsOf = (phase: Design["order"][number]["phase"]) => completePairs(design, phase, runs);
	const [noise, pairs] = [pairsOf("noise"), pairsOf("pair")];
	const counts = (pair: RunPair) => allowInvalid || pair.every(isValid);
	const used = pairs.filter(counts);
	const [before, after] = [0, 1].map((side) => used.flatMap((pair) => pair[side] ?? []));
	const [baseline = [], candidate = []] = [before, after];
	const matched = matchedPoint({ name: "baseline", runs: baseline }, { name: "candidate", runs: candidate });
	const isSame = matched.differences.length === 0;
	const sample = { kind: "paired", pairs: used, noise: noise.filter(counts), isSame } as const;
	const points = used.length === 0 ? [] : [comparedPoint(matched, sample)];
	return {
		schema: COMPARISON_SCHEMA,
		verdict: overallOf(points, "pairs"),
		baseline: { ...sideOf(whole, baseline), ...design.baseline },
		candidate: { ...sideOf(whole, candidate), ...design.candidate },
		design,
		aborted: report.aborted,
		obstacles: [...pairs, ...noise].flat().flatMap((run) =>
			run.verdict.reasons
				.filter(({ severity }) => severity === "INVALID")
				.map(({ sentence }) => ({
					kind: "invalid" as const,
					sentence: `${label}: ${run.name} is INVALID. ${sentence}`,
				})),
		),
		notes: [
			...pairNotes(design, used.length, pairs.length),
			...(points.length > 0 && isSame ? ["Both plans ask for the same: what differs is noise."] : []),
			...qualityNotes(baseline, candidate),
		],
		points,
		regressions: null,
	};
}

function completePairs(design: Design, phase: "noise" | "pair", runs: ReadonlyMap<number, ReportRun>): RunPair[] {
	const pairs = new Map<number, { baseline?: ReportRun; candidate?: ReportRun }>();
	for (const [ordinal, place] of design.order.entries()) {
		const run = runs.get(ordinal);
		if (place.phase !== phase || run === undefined || run.end === "aborted") continue;
		pairs.set(place.pair, { ...pairs.get(place.pair), [place.side]: run });
	}
	return [...pairs.values()].flatMap(({ baseline, candidate }): RunPair[] =>
		baseline && candidate ? [[baseline, candidate]] : [],
	);
}

function isValid(run: ReportRun): boolean {
	return run.verdict.validity !== "INVALID";
}

function comparedPoint(point: MatchedPoint, sample: Sample): ComparedPoint {
	return {
		name: point.name,
		differences: [...point.differences],
		baselineRuns: point.baseline.length,
		candidateRuns: point.candidate.length,
		metrics: METRICS.map((metric) => compareMetric(metric, sample)),
	};
}

function sideOf({ label, report }: Side, runs: readonly ReportRun[]): Comparison["baseline"] {
	return {
		label,
		name: report.name,
		softwareVersion: report.softwareVersion,
		startedAt: report.startedAt,
		runs: runs.length,
	};
}

function unpairedNotes(points: readonly ComparedPoint[], baseline: Side, candidate: Side): string[] {
	const fewest = Math.min(...points.map((point) => Math.min(point.baselineRuns, point.candidateRuns)));
	const notes: string[] = [];
	if (points.length === 0) notes.push("The results have no point in common.");
	else if (fewest === 1) {
		notes.push("One run a side proves nothing: repeat each with --repeat 10, or compare live with --pairs 10.");
	} else if (fewest < ADVISED_RUNS) notes.push(`${ADVISED_RUNS} runs a side are advised; there are ${fewest}.`);
	notes.push("The results were measured one after the other: what else changed meanwhile looks like a difference too.");
	const versions = [baseline.report.softwareVersion, candidate.report.softwareVersion];
	if (versions[0] !== versions[1])
		notes.push(`They were measured by versions ${versions.join(" and ")} of this program.`);
	return notes;
}

function pairNotes(design: Design, used: number, complete: number): string[] {
	const notes: string[] = [];
	if (complete < design.pairs) notes.push(`${complete} of ${formatQuantity(design.pairs, "pair")} took place.`);
	if (used < complete) notes.push(`${formatQuantity(complete - used, "pair")} with an invalid run left out.`);
	if (used < FEWEST_PAIRS) notes.push(`${FEWEST_PAIRS} pairs are the least for a verdict; ${used} count.`);
	else if (used < ADVISED_RUNS) notes.push(`${ADVISED_RUNS} pairs are advised; ${used} count.`);
	if (design.noisePairs === 0) notes.push("No A/A pairs: the noise floor is not known.");
	else if (design.noisePairs < FEWEST_PAIRS) {
		notes.push(
			`The noise floor is rough: ${formatQuantity(design.noisePairs, "A/A pair")}, where ${FEWEST_PAIRS} are advised.`,
		);
	}
	return notes;
}

function qualityNotes(baseline: readonly ReportRun[], candidate: readonly ReportRun[]): string[] {
	return [...degradedNotes("baseline", baseline), ...degradedNotes("candidate", candidate)];
}
