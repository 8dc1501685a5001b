import { STAGES, type StageName } from "../../proto/stages.js";
import type { MergedRun } from "../merge/merged.js";
import { formatQuantity, formatShare } from "../report/format.js";
import { clocksOf } from "./clocks.js";
import type { Reason } from "./reason.js";

/** Whether the instrument itself can be believed. */
export function checkMeasurement(run: MergedRun): Reason[] {
	return outOfRange(run);
}

function outOfRange(run: MergedRun): Reason[] {
	const all = STAGES.flatMap(({ stage, name }) => {
		const values = run.stages.get(stage);
		return values === undefined ? [] : [{ name, values }];
	});
	const reasons: Reason[] = [];
	// Times between hosts are judged by what their clocks may be off by.
	const ofTasks: readonly StageName[] = ["responseTime", "uncorrectedResponseTime"];
	const isJudged = (name: StageName) => ofTasks.includes(name) && clocksOf(run) !== undefined;
	const negative = all.filter(({ name, values }) => values.negative > 0 && !isJudged(name));
	if (negative.length > 0) {
		const count = negative.reduce((sum, { values }) => sum + values.negative, 0);
		const total = negative.reduce((sum, { values }) => sum + values.count, 0);
		reasons.push({
			code: "negative-times",
			severity: "DEGRADED",
			figure: count,
			sentence: `${formatQuantity(count, "time")} (${formatShare(count / total)}) of ${list(negative)} came out below zero and counted as zero.`,
			advice: "A clock that never goes back cannot give these: report it, with the result folder.",
		});
	}
	const overflow = all.filter(({ values }) => values.overflow > 0);
	if (overflow.length > 0) {
		const count = overflow.reduce((sum, { values }) => sum + values.overflow, 0);
		reasons.push({
			code: "times-over-range",
			severity: "DEGRADED",
			figure: count,
			sentence: `${formatQuantity(count, "time")} of ${list(overflow)} exceeded the range of an hour.`,
			advice: "Percentiles at the top are at least an hour; the maximum is exact.",
		});
	}
	return reasons;
}

function list(stages: readonly { readonly name: string }[]): string {
	return stages.map((stage) => stage.name).join(", ");
}
