import { Stage } from "../../proto/gen/measurement.js";
import type { MergedRun } from "../merge/merged.js";
import { formatCount, formatMicros, formatQuantity, formatRate, formatShare } from "../report/format.js";
import { backlogGrowth } from "./backlogGrowth.js";
import { type OfferedLoad, offeredOf, SENT_RATIO_MIN } from "./offered.js";
import type { Reason } from "./reason.js";

/** Whether an open loop offered what its plan asks for, and what of it was the generator's own fault (measurement.md §7). */
export function checkLoad(run: MergedRun): Reason[] {
	const offered = offeredOf(run);
	if (!offered) return [];
	return [...notSent(offered), ...droppedBehind(offered), ...generatorLate(run), ...behind(run, offered)];
}

/** What was missed without the queue's doing. */
function notSent({ due, notOffered, notOfferedLost: lost, dropped, droppedHeldBack }: OfferedLoad): Reason[] {
	const missed = notOffered + dropped - droppedHeldBack;
	const ratio = due > 0 ? 1 - missed / due : 1;
	if (ratio >= SENT_RATIO_MIN) return [];
	return [
		{
			code: "load-not-offered",
			severity: "INVALID",
			figure: ratio,
			sentence:
				`The generator sent ${formatShare(ratio)} of what was due: ${formatQuantity(missed, "arrival was", "arrivals were")} ` +
				(lost > 0
					? `not sent, as far as is known, ${formatCount(lost)} of them (${formatShare(lost / due)} of what was due) of lost agents' shares.`
					: "never sent."),
			advice:
				lost > missed / 2
					? "Nobody sends a lost agent's share in its place: see why it was lost, and run again."
					: "Use more agents or a faster machine, or offer less; start no more agents on a host than it has cores.",
		},
	];
}

/** What was missed because the queue did not answer. */
function droppedBehind({ due, droppedHeldBack: dropped }: OfferedLoad): Reason[] {
	if (due === 0 || dropped / due <= 1 - SENT_RATIO_MIN) return [];
	return [
		{
			code: "arrivals-dropped",
			severity: "DEGRADED",
			figure: dropped,
			sentence:
				`${formatQuantity(dropped, "arrival")} (${formatShare(dropped / due)}) could not be sent before sending ended, ` +
				"because enqueues had no answer. They count as errors, and as slower than every task that was sent.",
			advice: "The queue does not even accept what is offered: offer less, or give --max-unacknowledged more.",
		},
	];
}

const LAG_P99_MIN_US = 2_000;
const LAG_SHARE = 0.1;

function generatorLate(run: MergedRun): Reason[] {
	const lag = run.stages.get(Stage.GENERATOR_LAG);
	const response = run.stages.get(Stage.RESPONSE_TIME);
	if (!lag || lag.count === 0) return [];
	const lagUs = lag.percentileUs(99);
	const responseUs = response && response.count > 0 ? response.percentileUs(99) : 0;
	const limitUs = Math.max(LAG_P99_MIN_US, LAG_SHARE * responseUs);
	if (lagUs <= limitUs) return [];
	return [
		{
			code: "generator-late",
			severity: "INVALID",
			figure: lagUs,
			sentence:
				`The generator itself sent late: p99 ${formatMicros(lagUs)}, where ${formatMicros(limitUs)} is the limit ` +
				"(2 ms, or a tenth of the response time's p99).",
			advice:
				"The machine was too busy to keep the schedule: use more agents, fewer workers an agent, or an idle machine.",
		},
	];
}

/** In words, because no percentile says it: how long the run lasted decides what they come to. */
function behind(run: MergedRun, offered: OfferedLoad): Reason[] {
	const growth = backlogGrowth(run);
	if (growth === undefined) return [];
	const doneRate = offered.achievedShare * offered.perSecond;
	return [
		{
			code: "backlog-growing",
			severity: "DEGRADED",
			figure: growth,
			sentence:
				`The queue cannot keep up: ${formatRate(offered.perSecond)}/s offered, ${formatRate(doneRate)}/s done; ` +
				`tasks pile up by ${formatRate(growth)} a second.`,
			advice:
				"Response times grow for as long as this goes on, so they say how long the run was: take the rate that was done " +
				"for the capacity, and offer less than it to see response times.",
		},
	];
}
