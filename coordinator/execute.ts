import { randomInt } from "node:crypto";
import type { RunRecord } from "../proto/gen/record.js";
import { RunEnd } from "../proto/gen/record.js";
import type { Fleet } from "./fleet/fleet.js";
import { FleetRun, type FleetRunOptions } from "./fleetRun.js";
import type { LiveView } from "./liveView.js";
import type { Logger } from "./log.js";
import { partition } from "./plan/partition.js";
import type { Plan } from "./plan/plan.js";
import { StartError } from "./startFailure.js";
import { ThresholdBreach, ThresholdWatch } from "./thresholdWatch.js";

export interface ExecuteOptions {
	readonly plan: Plan;
	readonly fleet: Fleet;
	readonly redisUrl: string;
	/** See FleetRunOptions. */
	readonly profiling: FleetRunOptions["profiling"];
	/** Names this execution in logs; the runs' IDs begin with it. */
	readonly executionId: string;
	readonly joinTimeoutMs: number;
	readonly replaceable: boolean;
	readonly interrupt: AbortSignal;
	readonly log: Logger;
	readonly view: LiveView;
	/** Whoever else looks at the run that goes on: called as often as something happens. */
	readonly onTick: (run: FleetRun) => void;
}

export interface Execution {
	readonly runs: readonly RunRecord[];
	/** Why the next run could not start; undefined when the plan came to its end or was interrupted. */
	readonly failure: StartError | undefined;
	/** The threshold that ended it. */
	readonly breach: ThresholdBreach | undefined;
}

/**
 * Executes the plan's runs, one after the other, over one joined fleet. Ends early when a run is interrupted or fails, or
 * when a threshold says so.
 */
export async function executePlan(options: ExecuteOptions): Promise<Execution> {
	const { plan, fleet, view, log } = options;
	const runs: RunRecord[] = [];
	const stop = new AbortController();
	const interrupt = AbortSignal.any([options.interrupt, stop.signal]);
	const breachOf = () => (interrupt.reason instanceof ThresholdBreach ? interrupt.reason : undefined);
	for (const [ordinal, spec] of plan.runs.entries()) {
		const runId = `${options.executionId}-${ordinal}`;
		const target = { url: options.redisUrl, keyPrefix: plan.keyPrefix };
		const slices = partition(spec, { runId, runTag: randomInt(2 ** 32), target });
		const watch = new ThresholdWatch(plan.thresholds);
		const run = new FleetRun({
			fleet,
			spec,
			ordinal,
			runId,
			slices,
			purge: plan.purge,
			profiling: options.profiling,
			joinTimeoutMs: options.joinTimeoutMs,
			replaceable: options.replaceable,
			interrupt,
			log: log.child({ runId }),
			onTick: (ticking) => {
				view.update(ticking);
				options.onTick(ticking);
				const breach = watch.look(ticking, performance.now());
				if (breach) stop.abort(breach);
			},
		});
		try {
			const record = await run.execute();
			view.finish(run);
			runs.push(record);
			if (record.end === RunEnd.ABORTED || record.end === RunEnd.FAILED) {
				return { runs, failure: undefined, breach: breachOf() };
			}
		} catch (error) {
			view.finish(run);
			if (error instanceof StartError) return { runs, failure: error, breach: undefined };
			throw error;
		}
	}
	return { runs, failure: undefined, breach: undefined };
}
