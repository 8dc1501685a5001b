import type { Confidence } from "../analysis/percentiles.js";
import { scalingOf } from "../analysis/scalability.js";
import type { Plan } from "../plan/plan.js";
import { formatDuration } from "../plan/quantities.js";
import { buildScaling } from "./buildScaling.js";
import { intervalOf } from "./buildStatistics.js";
import { rounded } from "./figures.js";
import { formatQuantity } from "./format.js";
import { groupsOf, isInvalid, median, type RunGroup } from "./runGroups.js";
import type { Report, ReportRun } from "./schema.js";

type Parameters = ReportRun["parameters"];

/** Each setting that a sweep can vary, as it reads a run's parameters. */
const DIMENSIONS: Readonly<Record<string, (parameters: Parameters) => string>> = {
	workers: ({ workers }) => String(workers),
	agents: ({ agents }) => String(agents),
	producers: ({ producers }) => String(producers),
	rate: ({ load }) => (load.kind === "open" ? load.rate : "closed"),
	payload: ({ task }) => task.payload,
	pollInterval: ({ pollIntervalMs }) => formatDuration(pollIntervalMs),
	engine: ({ engine }) => engine,
};

/** Fewer runs a point than that do not tell a bend from noise. */
const REPEATS_ADVISED = 3;

/** The runs of a sweep by their points, and how throughput grows. Null for a plan of one run. */
export function buildSweep(
	plan: Plan,
	runs: readonly ReportRun[],
	environment: Report["environment"],
): Report["sweep"] {
	if (plan.runs.length < 2 || runs.length === 0) return null;
	const groups = groupsOf(runs);
	const dimensions = dimensionsOf(groups.map((group) => group.parameters));
	const [only] = dimensions;
	const dimension = dimensions.length === 1 && (only === "workers" || only === "agents") ? only : undefined;
	const sizes = groups.map((group) => ({
		n: dimension ? group.parameters[dimension] : 0,
		tasksPerSecond: group.median,
	}));
	const grown = dimension ? scalingOf(sizes) : [];
	return {
		dimensions,
		repeat: plan.repeat,
		seed: plan.repeat > 1 ? plan.seed : null,
		points: groups.map((group, index) => ({
			point: group.point,
			values: Object.fromEntries(dimensions.map((name) => [name, DIMENSIONS[name]?.(group.parameters) ?? ""])),
			runs: group.runs.map((run) => run.ordinal),
			invalidRuns: group.runs.filter(isInvalid).length,
			cleanStart: group.runs.every((run) => run.namespace.keysBeforeStart === 0),
			tasksPerSecond: spreadOf(group.used.map((run) => run.throughput.tasksPerSecond)),
			p50Us: median(group.used.map((run) => run.latency.responseTime.p50Us)),
			p99Us: median(group.used.map((run) => run.latency.responseTime.p99Us)),
			clockBoundUs: Math.max(0, ...group.used.map((run) => run.latency.responseTime.clockBoundUs)),
			confidence: { p50Us: leastConfidence(group.used, "p50Us"), p99Us: leastConfidence(group.used, "p99Us") },
			intervals: {
				tasksPerSecond: intervalOf(group.used.map((run) => run.throughput.tasksPerSecond)),
				p50Us: intervalOf(group.used.map((run) => run.latency.responseTime.p50Us)),
				p99Us: intervalOf(group.used.map((run) => run.latency.responseTime.p99Us)),
			},
			errorRate: median(group.used.map((run) => run.errorRate)),
			speedup: grown[index]?.speedup ?? null,
			efficiency: grown[index]?.efficiency ?? null,
		})),
		scaling: dimension ? buildScaling(dimension, groups, environment) : null,
		notes: notesOf(plan, groups, dimension),
	};
}

/** What varies. The number of producers may follow from that of the workers, and is no dimension then. */
function dimensionsOf(all: readonly Parameters[]): string[] {
	const values = (name: string) => new Set(all.map((parameters) => DIMENSIONS[name]?.(parameters))).size;
	const varied = Object.keys(DIMENSIONS).filter((name) => values(name) > 1);
	const product = varied.reduce((sum, name) => sum * values(name), 1);
	return product > all.length || all[0]?.load.kind === "open" ? varied.filter((name) => name !== "producers") : varied;
}

function notesOf(plan: Plan, groups: readonly RunGroup[], dimension: string | undefined): string[] {
	const notes: string[] = [];
	if (plan.repeat < REPEATS_ADVISED) {
		notes.push(
			`${plan.repeat === 1 ? "One run" : `${plan.repeat} runs`} a point: what differs between points may be noise; ` +
				`--repeat ${REPEATS_ADVISED} or more tells.`,
		);
	} else {
		notes.push(`Medians of ${plan.repeat} runs a point, all runs in random order (--seed ${plan.seed}).`);
	}
	const runs = groups.flatMap((group) => group.runs);
	const dirty = runs.filter((run) => run.namespace.keysBeforeStart !== 0).length;
	notes.push(
		dirty === 0
			? `Each run began on a clean prefix: 0 keys before it, ${runs.every((run) => run.namespace.keysLeft === 0) ? "0 left after" : "some left after"}.`
			: `${formatQuantity(dirty, "run")} of ${runs.length} did not begin on a clean prefix.`,
	);
	const workers = groups[0]?.parameters.workers ?? 0;
	if (dimension === "agents") notes.push(`The same ${formatQuantity(workers, "worker")} are spread over more agents.`);
	const missing = plan.runs.length - runs.length;
	if (missing > 0) notes.push(`${formatQuantity(missing, "planned run")} did not take place.`);
	const invalid = runs.filter(isInvalid).length;
	if (invalid > 0) notes.push(`${formatQuantity(invalid, "invalid run")} left out, except where a point has no other.`);
	return notes;
}

function leastConfidence(runs: readonly ReportRun[], percentile: "p50Us" | "p99Us"): Confidence {
	const all = runs.map((run) => run.latency.responseTime.confidence[percentile]);
	return (["withheld", "low"] as const).find((confidence) => all.includes(confidence)) ?? "ok";
}

function spreadOf(values: readonly number[]): { median: number; min: number; max: number } {
	return { median: rounded(median(values)), min: Math.min(...values), max: Math.max(...values) };
}
