import { appliesTo } from "../plan/sweepValues.js";
import { holds, type Threshold } from "../plan/threshold.js";
import { type JudgedRun, type Measured, measuredIn } from "./metricValue.js";

export interface ThresholdResult {
	readonly threshold: Threshold;
	readonly passed: boolean;
	/** It ended the execution. */
	readonly aborted: boolean;
	readonly runs: readonly RunResult[];
}

export interface RunResult extends Measured {
	readonly ordinal: number;
	readonly passed: boolean;
}

/**
 * Judges every threshold on every run that it is about. One passes when it holds in each of them: a figure without samples
 * does not hold, nor does a threshold hold that no run came to, nor one that ended a run, whatever came after.
 *
 * @param failed the text of the threshold that ended the execution; empty: none did
 */
export function judgeThresholds(
	thresholds: readonly Threshold[],
	runs: readonly JudgedRun[],
	failed: string,
): ThresholdResult[] {
	return thresholds.map((threshold) => {
		const concerned = runs.filter(({ merged }) => appliesTo(threshold, merged.spec));
		const results = concerned.map((run) => {
			const measured = measuredIn(run, threshold.metric, threshold.aggregation);
			const { value } = measured;
			const passed = value !== undefined && holds(value, threshold.operator, threshold.limit) && Number.isFinite(value);
			return { ...measured, ordinal: run.merged.ordinal, passed };
		});
		const aborted = threshold.abortOnFail && threshold.text === failed;
		return {
			threshold,
			aborted,
			passed: !aborted && results.length > 0 && results.every(({ passed }) => passed),
			runs: results,
		};
	});
}
