import { Stage } from "../../proto/gen/measurement.js";
import { STAGES } from "../../proto/stages.js";
import type { MergedRun } from "../merge/merged.js";
import { formatMicros, formatQuantity, formatShare } from "../report/format.js";
import { agentsByHost } from "./checkFleet.js";
import type { Reason } from "./reason.js";

/** Whether the instrument itself can be believed. */
export function checkMeasurement(run: MergedRun): Reason[] {
	return [...clocks(run), ...outOfRange(run)];
}

/** A figure whose clock error may be a tenth of it is flagged (measurement.md §1). */
const CLOCK_BOUND_SHARE_MAX = 0.1;

/** ± on a time taken between two hosts: the two largest bounds together. 0 on one host, where the clock is one. */
export function clockBoundUs(run: MergedRun): number {
	const bounds = [...agentsByHost(run).values()]
		.map((agents) => Math.max(...agents.map((agent) => agent.clockBoundUs)))
		.sort((a, b) => b - a);
	return bounds.length < 2 ? 0 : (bounds[0] ?? 0) + (bounds[1] ?? 0);
}

function clocks(run: MergedRun): Reason[] {
	const boundUs = clockBoundUs(run);
	const response = run.stages.get(Stage.RESPONSE_TIME);
	if (response === undefined || response.count === 0) return [];
	const medianUs = response.percentileUs(50);
	if (boundUs <= CLOCK_BOUND_SHARE_MAX * medianUs) return [];
	return [
		{
			code: "clock-bound",
			severity: "DEGRADED",
			figure: boundUs,
			sentence: `Response times between hosts may be off by ±${formatMicros(boundUs)}, with a median of ${formatMicros(medianUs)}.`,
			advice: "Bring agents and Redis closer together on the network, or run all agents on one host.",
		},
	];
}

function outOfRange(run: MergedRun): Reason[] {
	const all = STAGES.flatMap(({ stage, name }) => {
		const values = run.stages.get(stage);
		return values === undefined ? [] : [{ name, values }];
	});
	const reasons: Reason[] = [];
	const negative = all.filter(({ values }) => values.negative > 0);
	if (negative.length > 0) {
		const count = negative.reduce((sum, { values }) => sum + values.negative, 0);
		const total = negative.reduce((sum, { values }) => sum + values.count, 0);
		reasons.push({
			code: "negative-times",
			severity: "DEGRADED",
			figure: count,
			sentence: `${formatQuantity(count, "time")} (${formatShare(count / total)}) of ${list(negative)} came out below zero and counted as zero.`,
			advice: "The clocks disagree: look at the clock bounds of the agents.",
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
