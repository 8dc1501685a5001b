import type { MergedRun } from "../merge/merged.js";
import { formatShare } from "../report/format.js";
import { named } from "./checkFleet.js";
import type { Reason } from "./reason.js";

/** A stop lasts up to a period, and every task under way in it is late: one period in a hundred reaches the p99. */
const THROTTLED_PERIODS_MAX = 0.01;

/** Whether a CPU quota stopped agents: what is late by that is late through no fault of the queue (measurement.md §7). */
export function checkThrottling({ agents }: MergedRun): Reason[] {
	const share = ({ resources: { throttling } }: MergedRun["agents"][number]) =>
		throttling && throttling.periods > 0 ? throttling.throttledPeriods / throttling.periods : 0;
	const throttled = agents.filter((agent) => share(agent) > 0);
	if (throttled.length === 0) return [];
	const most = Math.max(...throttled.map(share));
	return [
		{
			code: "agent-throttled",
			severity: most >= THROTTLED_PERIODS_MAX ? "DEGRADED" : "NOTE",
			figure: most,
			sentence: `${named(throttled)} used up the CPU limit and stood still in up to ${formatShare(most)} of its periods.`,
			advice: "Give each agent a whole core or more, or fewer workers.",
		},
	];
}
