import { meanPayloadBytes, parsePayload } from "../plan/mix.js";
import { parseRate, peakRate } from "../plan/rate.js";
import type { ReportRun } from "./schema.js";

/** The runs of one point of a sweep. */
export interface RunGroup {
	readonly point: string;
	readonly parameters: ReportRun["parameters"];
	readonly runs: readonly ReportRun[];
	/** Those that are not invalid; all where all are. */
	readonly used: readonly ReportRun[];
	/** Tasks a second. */
	readonly median: number;
}

/** By point; the points in the order of their values. */
export function groupsOf(runs: readonly ReportRun[]): RunGroup[] {
	const byPoint = new Map<string, ReportRun[]>();
	for (const run of runs) byPoint.set(run.parameters.point, [...(byPoint.get(run.parameters.point) ?? []), run]);
	const groups = [...byPoint].flatMap(([point, members]) => {
		const [first] = members;
		const valid = members.filter((run) => !isInvalid(run));
		const used = valid.length > 0 ? valid : members;
		const rates = used.map((run) => run.throughput.tasksPerSecond);
		return first ? [{ point, parameters: first.parameters, runs: members, used, median: median(rates) }] : [];
	});
	const order = ({ parameters }: RunGroup) => [
		parameters.pollIntervalMs,
		payloadBytesOf(parameters),
		parameters.producers,
		peakRateOf(parameters),
		parameters.agents,
		parameters.workers,
	];
	return groups.sort((a, b) => {
		const others = order(b);
		return order(a).reduce((sign, value, index) => sign || value - (others[index] ?? 0), 0);
	});
}

function payloadBytesOf({ task }: ReportRun["parameters"]): number {
	const payload = parsePayload(task.payload);
	return payload.ok ? meanPayloadBytes(payload.value) : 0;
}

/** 0 in a closed loop. */
function peakRateOf({ load }: ReportRun["parameters"]): number {
	if (load.kind !== "open") return 0;
	const rate = parseRate(load.rate);
	return rate.ok ? peakRate(rate.value) : 0;
}

export function isInvalid(run: ReportRun): boolean {
	return run.verdict.validity === "INVALID";
}

/** Of the fastest point, by its median, the run in the middle: the best of several repeats would flatter. */
export function headlineRun(runs: readonly ReportRun[]): ReportRun | undefined {
	const believed = runs.filter((run) => !isInvalid(run));
	const groups = groupsOf(believed.length > 0 ? believed : runs);
	const best = groups.reduce<RunGroup | undefined>(
		(fastest, group) => (fastest === undefined || group.median > fastest.median ? group : fastest),
		undefined,
	);
	const ordered = best?.used.toSorted((a, b) => a.throughput.tasksPerSecond - b.throughput.tasksPerSecond);
	return ordered?.[Math.floor((ordered.length - 1) / 2)];
}

/** 0 for no values. */
export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = (sorted.length - 1) / 2;
	return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
