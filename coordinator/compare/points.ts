import type { Report, ReportRun } from "../report/schema.js";

/** Runs of one set of parameters: repeats of each other. */
export interface Point {
	readonly name: string;
	readonly runs: readonly ReportRun[];
}

export interface MatchedPoint {
	readonly name: string;
	readonly baseline: readonly ReportRun[];
	readonly candidate: readonly ReportRun[];
	/** Parameters in which the sides differ: `pollIntervalMs: 10 → 5`. */
	readonly differences: readonly string[];
}

export interface Matching {
	readonly points: readonly MatchedPoint[];
	/** Names of points that one side alone has. */
	readonly baselineAlone: readonly string[];
	readonly candidateAlone: readonly string[];
}

/** A report's runs by their parameters, in the order in which each set first occurs. */
export function pointsOf(report: Pick<Report, "runs">): Point[] {
	const points = new Map<string, ReportRun[]>();
	for (const run of report.runs) {
		const key = JSON.stringify(flattened(run));
		points.set(key, [...(points.get(key) ?? []), run]);
	}
	return [...points.values()].map((runs) => ({ name: runs[0]?.parameters.point ?? "", runs }));
}

/**
 * Brings together what has the same parameters on both sides. What is left is taken in its order, where both sides have as
 * many points left: the plans differ in something beside the sweep then.
 */
export function matchPoints(baseline: readonly Point[], candidate: readonly Point[]): Matching {
	const alike = baseline.map((point) => ({ point, partner: candidate.find((other) => isAlike(point, other)) }));
	const matched = new Set(alike.flatMap(({ partner }) => partner ?? []));
	const baselineLeft = alike.filter(({ partner }) => partner === undefined).map(({ point }) => point);
	const candidateLeft = candidate.filter((point) => !matched.has(point));
	const inOrder = baselineLeft.length === candidateLeft.length;
	const points = alike.flatMap(({ point, partner }) => {
		const other = partner ?? (inOrder ? candidateLeft[baselineLeft.indexOf(point)] : undefined);
		if (other === undefined) return [];
		return [matchedPoint(point, other)];
	});
	return {
		points,
		baselineAlone: inOrder ? [] : baselineLeft.map(({ name }) => name),
		candidateAlone: inOrder ? [] : candidateLeft.map(({ name }) => name),
	};
}

/** @param name what to call it; without one what the baseline calls it */
export function matchedPoint(baseline: Point, candidate: Point): MatchedPoint {
	return {
		name: baseline.name === candidate.name ? baseline.name : `${baseline.name} → ${candidate.name}`,
		baseline: baseline.runs,
		candidate: candidate.runs,
		differences: parameterDifferences(baseline.runs[0], candidate.runs[0]),
	};
}

function isAlike(one: Point, other: Point): boolean {
	return parameterDifferences(one.runs[0], other.runs[0]).length === 0;
}

function parameterDifferences(before: ReportRun | undefined, after: ReportRun | undefined): string[] {
	const [one, other] = [new Map(flattened(before)), new Map(flattened(after))];
	return [...new Set([...one.keys(), ...other.keys()])]
		.filter((path) => one.get(path) !== other.get(path))
		.map((path) => `${path}: ${one.get(path) ?? "none"} → ${other.get(path) ?? "none"}`);
}

/** What a run is called is no parameter of it, nor is what its draws began with. */
const NAMES = new Set(["name", "point", "seed"]);

/** Every parameter with its path and its value as text. */
function flattened(run: ReportRun | undefined): [string, string][] {
	const walk = (value: unknown, path: string): [string, string][] => {
		if (typeof value !== "object" || value === null) return [[path, String(value)]];
		return Object.entries(value).flatMap(([key, inner]) => walk(inner, path === "" ? key : `${path}.${key}`));
	};
	return walk(run?.parameters ?? {}, "").filter(([path]) => !NAMES.has(path));
}
