import type { MergedRun } from "../merge/merged.js";
import { formatRate, formatShare } from "../report/format.js";
import type { Reason } from "./reason.js";
import { steadyStateOf } from "./steadyState.js";

/** Whether a run's figures are of one state of the queue, or of several on the way from one to another (measurement.md §4). */
export function checkSteadiness(run: MergedRun): Reason[] {
	const { throughput, backlog, warmUpSeconds, isUnsettled } = steadyStateOf(run);
	const reasons: Reason[] = [];
	if (throughput?.isTrend && !changesByPlan(run)) {
		const way = throughput.drift < 0 ? "fell" : "rose";
		reasons.push({
			code: "not-steady",
			severity: run.spec.load.kind === "tasks" ? "NOTE" : "DEGRADED",
			figure: throughput.drift,
			sentence: `The rate ${way} by ${formatShare(Math.abs(throughput.drift))} over the measured time (Mann-Kendall z ${throughput.z.toFixed(1)}).`,
			advice:
				"Its mean is of no state that lasts: run longer, or give --warmup longer where it is the start that differs.",
		});
	}
	// An open loop that falls behind has a reason of its own.
	if (backlog?.isTrend && run.spec.load.kind !== "open") {
		reasons.push({
			code: "backlog-grows",
			severity: "DEGRADED",
			figure: backlog.perSecond,
			sentence: `The backlog grew by ${formatRate(backlog.perSecond)} tasks a second (Mann-Kendall z ${backlog.z.toFixed(1)}).`,
			advice: "Response times depend on how long the run lasted: more workers, or less load.",
		});
	}
	if (isUnsettled && !throughput?.isTrend) {
		reasons.push({
			code: "not-settled",
			severity: "NOTE",
			figure: null,
			sentence: "MSER-5 finds no end of the warm-up within the first half of the measured time.",
			advice: "Run longer, or give --warmup longer. Nothing was left out.",
		});
	}
	if (warmUpSeconds !== undefined && warmUpSeconds > 0 && isMuch(warmUpSeconds, run)) {
		reasons.push({
			code: "warm-up-suggested",
			severity: "NOTE",
			figure: warmUpSeconds,
			sentence: `By MSER-5 the first ${warmUpSeconds} s of the measured time are unlike the rest.`,
			advice: "Nothing was left out: give --warmup that much longer to leave them out.",
		});
	}
	return reasons;
}

/** A rate that the plan makes rise or fall does not have to stay. */
function changesByPlan({ spec: { load } }: MergedRun): boolean {
	return load.kind === "open" && load.rate.shape !== "constant";
}

/** Of noise alone MSER-5 leaves out up to a tenth now and then. */
const SHARE_MIN = 0.1;

function isMuch(seconds: number, { series }: MergedRun): boolean {
	return seconds > (SHARE_MIN * series.length) / 5;
}
