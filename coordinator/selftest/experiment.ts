import { randomInt } from "node:crypto";
import { cpus } from "node:os";
import type { RunRecord } from "../../proto/gen/record.js";
import { RunEnd } from "../../proto/gen/record.js";
import type { Faults } from "../../proto/gen/slice.js";
import type { Cluster } from "../cluster.js";
import { FleetRun } from "../fleetRun.js";
import type { Logger } from "../log.js";
import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import { partition } from "../plan/partition.js";
import type { RunSpec } from "../plan/plan.js";
import { formatProblem } from "../plan/problem.js";
import { type FlagValues, resolvePlan } from "../plan/resolve.js";
import { StartError } from "../startFailure.js";

/** A run of the self-test, in the words of the command line. */
export interface Experiment {
	readonly flags: FlagValues;
	/** By agent. */
	readonly faults?: (agent: number) => Partial<Faults> | undefined;
}

/** What came of it. */
export interface Outcome {
	readonly record: RunRecord;
	readonly run: MergedRun;
	/** How busy the machine's cores were in the meantime, with everything that ran on it: 0 … 1. */
	readonly hostBusyShare: number;
}

export const FLEET_SIZE = 2;

export interface ExperimenterOptions {
	readonly cluster: Cluster;
	readonly keyPrefix: string;
	readonly seed: number;
	/** What makes every run wrong. */
	readonly sabotage: Partial<Faults>;
	readonly interrupt: AbortSignal;
	readonly log: Logger;
}

/** Runs the experiments of a self-test, one after the other, over one fleet. */
export class Experimenter {
	readonly #all: Outcome[] = [];

	constructor(private readonly options: ExperimenterOptions) {}

	/** So far. */
	get outcomes(): readonly Outcome[] {
		return this.#all;
	}

	/** @throws StartError where it cannot start or an agent is lost; InterruptedError */
	async run({ flags, faults }: Experiment): Promise<Outcome> {
		const { cluster, keyPrefix, sabotage, interrupt, log } = this.options;
		const ordinal = this.#all.length;
		const spec = this.#specOf(flags);
		const runId = `selftest-${ordinal}`;
		const target = { url: cluster.redisUrl, keyPrefix };
		const slices = partition(spec, { runId, runTag: randomInt(2 ** 32), target }).map((slice, agent) => ({
			...slice,
			faults: faultsOf({ ...sabotageOf(sabotage, agent), ...faults?.(agent) }, sabotageOf(sabotage, agent)),
		}));
		const cpusBefore = cpuTimes();
		const record = await new FleetRun({
			fleet: cluster.fleet,
			spec,
			ordinal,
			runId,
			slices,
			purge: false,
			profiling: undefined,
			joinTimeoutMs: JOIN_TIMEOUT_MS,
			replaceable: false,
			interrupt,
			log,
			onTick: () => {},
		}).execute();
		if (interrupt.aborted) throw new InterruptedError(`interrupted by ${String(interrupt.reason)}`);
		const lost = record.agents.find(({ loss }) => loss);
		if (lost || record.end === RunEnd.FAILED) {
			const reason = lost ? `agent ${lost.index} was lost: ${lost.loss?.reason}` : record.endReason;
			throw new StartError(EXIT_AGENTS_MISSING, `${spec.name}: ${reason}`);
		}
		const outcome = { record, run: mergeRun(record), hostBusyShare: busyShare(cpusBefore, cpuTimes()) };
		this.#all.push(outcome);
		return outcome;
	}

	#specOf(flags: FlagValues): RunSpec {
		const resolution = resolvePlan({ flags: { seed: String(this.options.seed), ...flags }, environment: {} });
		if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join("; "));
		const [spec] = resolution.plan.runs;
		if (!spec) throw new Error("a plan without a run");
		return spec;
	}
}

/** Ended by a signal. */
export class InterruptedError extends Error {}

const EXIT_AGENTS_MISSING = 5;
const JOIN_TIMEOUT_MS = 60_000;

const NO_FAULTS: Faults = { stallAtMs: 0, stallForMs: 0, lose: [], repeat: [], clockOffsetUs: 0, sabotage: 0 };

/** One agent whose clock is off is what two can notice. */
function sabotageOf(sabotage: Partial<Faults>, agent: number): Partial<Faults> {
	return { ...sabotage, clockOffsetUs: agent === FLEET_SIZE - 1 ? (sabotage.clockOffsetUs ?? 0) : 0 };
}

/** An offset that is planted adds to one that sabotages. */
function faultsOf(planted: Partial<Faults>, sabotage: Partial<Faults>): Faults | undefined {
	const faults = { ...NO_FAULTS, ...planted };
	if (planted.clockOffsetUs !== sabotage.clockOffsetUs) faults.clockOffsetUs += sabotage.clockOffsetUs ?? 0;
	const { stallForMs, lose, repeat, clockOffsetUs, sabotage: kind } = faults;
	const isNone = stallForMs === 0 && lose.length + repeat.length === 0 && clockOffsetUs === 0 && kind === 0;
	return isNone ? undefined : faults;
}

interface CpuTimes {
	readonly idle: number;
	readonly all: number;
}

function cpuTimes(): CpuTimes {
	let idle = 0;
	let all = 0;
	for (const { times } of cpus()) {
		idle += times.idle;
		all += times.idle + times.user + times.nice + times.sys + times.irq;
	}
	return { idle, all };
}

/** 0 where the machine does not tell. */
function busyShare(before: CpuTimes, after: CpuTimes): number {
	const all = after.all - before.all;
	return all > 0 ? 1 - (after.idle - before.idle) / all : 0;
}
