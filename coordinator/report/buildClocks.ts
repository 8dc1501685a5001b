import { Stage } from "../../proto/gen/measurement.js";
import { clocksOf } from "../analysis/clocks.js";
import { startSkewOf } from "../analysis/startSkew.js";
import type { MergedRun } from "../merge/merged.js";
import { clean, millis, rounded } from "./figures.js";
import type { ReportRun } from "./schema.js";

/** How well the hosts' clocks agreed. */
export function clockFigures(run: MergedRun): ReportRun["clocks"] {
	const clocks = clocksOf(run);
	if (clocks === undefined) return null;
	const below = run.stages.get(Stage.NEGATIVE_RESPONSE_TIME);
	const orNull = (us: number | undefined) => (us === undefined ? null : rounded(us));
	return {
		hosts: clocks.hosts.map((host) => ({
			hostnames: host.hostnames.map(clean),
			agents: [...host.agents],
			boundUs: rounded(host.boundUs),
			driftPpm: orNull(host.driftPpm),
			bursts: host.bursts,
			failedBursts: host.failedBursts,
			steps: host.steps,
			firstStepAtMs: host.firstStepAtUs === undefined ? null : millis(host.firstStepAtUs),
			largestStepUs: rounded(host.largestStepUs),
		})),
		boundUs: rounded(clocks.boundUs),
		withinHost: { count: clocks.withinCount, p50Us: orNull(clocks.withinMedianUs) },
		betweenHosts: { count: clocks.crossing.count, p50Us: orNull(clocks.crossingMedianUs) },
		belowZero: { count: below?.count ?? 0, mostUs: rounded(below?.maxUs ?? 0) },
	};
}

/** How far the agents' starts lay apart. */
export function startFigures(run: MergedRun): ReportRun["start"] {
	const start = startSkewOf(run);
	if (start === undefined) return null;
	const { skewUs, boundUs, first, last } = start;
	return { skewUs: rounded(skewUs), boundUs: rounded(boundUs), firstAgent: first, lastAgent: last };
}
