import {
	ArrivalProcess,
	Engine,
	type Handler,
	type Load,
	type ProducerShare,
	type Slice,
	type TaskShape,
	type Window,
} from "../../proto/gen/slice.js";
import { LIMITS } from "../../proto/slicecheck.js";
import type { HandlerSpec, LoadSpec, RunSpec } from "./plan.js";
import { type ArrivalSpec, rateSegments } from "./rate.js";

/** What a run is called and where it goes; the same for all its agents. */
export interface RunIdentity {
	readonly runId: string;
	/** 32 random bits. */
	readonly runTag: number;
	readonly target: { readonly url: string; readonly keyPrefix: string };
}

/** A range of whole numbers: `first`, `first + 1`, … */
interface Range {
	readonly first: number;
	readonly count: number;
}

/**
 * Takes a run apart, one slice for each agent. The slices of any run over any number of agents add up to the run.
 *
 * - Workers are spread evenly, so shares differ by at most one.
 * - A number of tasks is split over the run's producers, and the producers over the agents. So every producer has the same
 *   tasks whatever the size of the fleet.
 * - What a timed run keeps in flight is split as the workers are, since an agent sends one task for each that its workers
 *   settle. An agent without workers sends nothing and gets no producer; each other one gets at least
 *   one.
 * - In an open loop each agent sends its share of the arrivals, whether it has workers or not.
 *
 * @throws RangeError where a timed run has fewer producers than agents that send; `resolvePlan` refuses such plans
 */
export function partition(run: RunSpec, identity: RunIdentity, agentCount = run.agents): Slice[] {
	const agents = Array.from({ length: agentCount }, (_, index) => index);
	const workers = agents.map((index) => rangeOf(run.workers, index, agentCount));
	const shares = loadShares(run, workers);
	return shares.map(({ load, producers }, agentIndex) => ({
		...identity,
		name: run.name,
		agentIndex,
		agentCount,
		engine: ENGINES[run.engine],
		load: { kind: load, window: windowOf(run.load) },
		producers,
		workers: {
			firstIndex: workers[agentIndex]?.first ?? 0,
			count: workers[agentIndex]?.count ?? 0,
			pollIntervalMs: run.pollIntervalMs,
			concurrency: run.concurrency,
		},
		task: taskShape(run),
		handler: { kind: handlerKind(run.handler) },
		batch: run.batch,
		faults: undefined,
	}));
}

/** What the tasks of a run are drawn from, in every agent. */
export function taskShape(run: RunSpec): TaskShape {
	return {
		type: run.task.type,
		payload: run.task.payload.map((share) => ({ ...share })),
		priorityWeights: [...run.task.priorities],
		drawSeed: run.seed,
		maxRetries: run.task.maxRetries,
		timeoutMs: run.task.timeoutMs,
	};
}

const ENGINES: Readonly<Record<RunSpec["engine"], Engine>> = { classic: Engine.CLASSIC, fused: Engine.FUSED };

interface LoadShare {
	readonly load: Load["kind"];
	readonly producers: ProducerShare[];
}

function loadShares(run: RunSpec, workers: readonly Range[]): LoadShare[] {
	switch (run.load.kind) {
		case "tasks":
			return countShares(run, run.load, workers.length);
		case "timed":
			return timedShares(run, run.load, workers);
		case "open":
			return openShares(run, run.load, workers.length);
	}
}

/** The measured time since the epoch; undefined where every task is measured. */
export function windowOf(load: LoadSpec): Window | undefined {
	return load.kind === "tasks" ? undefined : { fromMs: load.warmupMs, toMs: load.warmupMs + load.durationMs };
}

/** The load is kept up after the measured time for at least this, unless every measured task is settled before. */
export const KEEP_LEAST_MS = 5_000;

/** And at most so long: as long as the run may drain. */
export function keepMostMs(run: RunSpec): number {
	return Math.max(KEEP_LEAST_MS, run.drainTimeoutMs);
}

const PROCESSES: Readonly<Record<ArrivalSpec["process"], ArrivalProcess>> = {
	uniform: ArrivalProcess.UNIFORM,
	poisson: ArrivalProcess.POISSON,
	burst: ArrivalProcess.BURST,
};

function openShares(run: RunSpec, load: LoadSpec & { kind: "open" }, agentCount: number): LoadShare[] {
	const profile = rateSegments(load.rate, { ...load, keepMs: keepMostMs(run) });
	return Array.from({ length: agentCount }, (_, shareIndex) => ({
		load: {
			$case: "open",
			value: {
				profile,
				arrivals: PROCESSES[load.arrivals.process],
				burst: load.arrivals.process === "burst" ? load.arrivals.size : 0,
				seed: run.seed,
				shareIndex,
				shareCount: agentCount,
				spin: load.spin,
				maxUnacknowledged: Math.max(1, Math.floor(load.maxUnacknowledged / agentCount)),
			},
		},
		producers: [{ index: shareIndex, firstTask: 0, tasks: 0 }],
	}));
}

function countShares(run: RunSpec, load: LoadSpec & { kind: "tasks" }, agentCount: number): LoadShare[] {
	const producers = Array.from({ length: run.producers }, (_, index) => {
		const { first, count } = rangeOf(load.tasks, index, run.producers);
		return { index, firstTask: first, tasks: count };
	});
	return Array.from({ length: agentCount }, (_, agent) => {
		const { first, count } = rangeOf(run.producers, agent, agentCount);
		return {
			load: { $case: "taskCount", value: { total: load.tasks, limitMs: load.limitMs ?? 0 } },
			producers: producers.slice(first, first + count),
		};
	});
}

function timedShares(run: RunSpec, load: LoadSpec & { kind: "timed" }, workers: readonly Range[]): LoadShare[] {
	const senders = workers.filter(({ count }) => count > 0).length;
	if (run.producers < senders) {
		throw new RangeError(`${run.name}: ${run.producers} producers cannot be split over ${senders} agents that send`);
	}
	const measuredMs = load.warmupMs + load.durationMs;
	// Kept up until the measured tasks are settled, at the most so long.
	const durationMs = Math.max(measuredMs, Math.min(measuredMs + keepMostMs(run), LIMITS.durationMs));
	let sendersBefore = 0;
	return workers.map((range) => {
		const sends = range.count > 0;
		const { first, count } = sends ? rangeOf(run.producers, sendersBefore++, senders) : { first: 0, count: 0 };
		const inFlight = proportion(load.inFlight, range, run.workers);
		return {
			load: { $case: "timed", value: { durationMs, inFlight } },
			producers: Array.from({ length: count }, (_, offset) => ({ index: first + offset, firstTask: 0, tasks: 0 })),
		};
	});
}

/** The share of `total` of one of `parts` equal parts. Exact while total·parts is below 2^53. */
function rangeOf(total: number, part: number, parts: number): Range {
	const first = Math.floor((part * total) / parts);
	return { first, count: Math.floor(((part + 1) * total) / parts) - first };
}

/** The share of `total` of a range out of `whole`; the shares of adjoining ranges add up. */
function proportion(total: number, range: Range, whole: number): number {
	return Math.floor(((range.first + range.count) * total) / whole) - Math.floor((range.first * total) / whole);
}

function handlerKind(handler: HandlerSpec): Handler["kind"] {
	switch (handler.kind) {
		case "sleep":
			return { $case: "sleep", value: { meanMs: handler.meanMs, exponential: handler.exponential } };
		case "cpu":
			return { $case: "cpu", value: { durationMs: handler.durationMs } };
		case "fail":
			return { $case: "fail", value: { probability: handler.probability } };
		case "benchmark":
			return { $case: "benchmark", value: {} };
		case "noop":
			return { $case: "noop", value: {} };
		case "hang":
			return { $case: "hang", value: {} };
	}
}
