import { Distribution } from "../proto/histogram.js";
import { stageUnit } from "../proto/stages.js";
import { stageOf, stageValue } from "./analysis/metricValue.js";
import type { FleetRun, RunPhase } from "./fleetRun.js";
import { isStage } from "./plan/metrics.js";
import { appliesTo } from "./plan/sweepValues.js";
import { holds, type Threshold } from "./plan/threshold.js";
import { formatMeasured } from "./report/format.js";

const LOOK_EACH_MS = 500;
const JUDGED: ReadonlySet<RunPhase> = new Set<RunPhase>(["running", "measuring", "keeping load"]);

/** Why a run was ended; prints as the reason for people. */
export class ThresholdBreach {
	constructor(
		readonly threshold: Threshold,
		private readonly measured: number,
	) {}

	toString(): string {
		return `the threshold '${this.threshold.text}', at ${formatMeasured(this.measured, this.threshold.unit)}`;
	}
}

/**
 * Looks at a run's thresholds with `abortOnFail` while it goes on, on what its agents have told so far. A figure without
 * samples is not judged before the run's end, nor is anything once a timed run drains.
 */
export class ThresholdWatch {
	readonly #watched: readonly Threshold[];
	#lookedAtMs = 0;

	constructor(thresholds: readonly Threshold[]) {
		this.#watched = thresholds.filter(({ abortOnFail }) => abortOnFail);
	}

	/** Call as often as wanted. @returns the first threshold that has failed, if one has */
	look(run: FleetRun, nowMs: number): ThresholdBreach | undefined {
		const elapsedMs = nowMs - run.epochMs;
		if (!JUDGED.has(run.phase) || run.epochMs === 0 || nowMs - this.#lookedAtMs < LOOK_EACH_MS) return undefined;
		this.#lookedAtMs = nowMs;
		for (const threshold of this.#watched) {
			if (elapsedMs < threshold.delayAbortEvalMs || !appliesTo(threshold, run.spec)) continue;
			const measured = liveValue(run, threshold, elapsedMs);
			if (measured !== undefined && !holds(measured, threshold.operator, threshold.limit)) {
				return new ThresholdBreach(threshold, measured);
			}
		}
		return undefined;
	}
}

function liveValue(run: FleetRun, { metric, aggregation }: Threshold, elapsedMs: number): number | undefined {
	if (isStage(metric)) {
		const stage = stageOf(metric);
		const whole = Distribution.empty(stageUnit(stage));
		for (const { deltas } of run.participants) {
			const part = deltas.stage(stage);
			if (part) whole.add(part);
		}
		return whole.count > 0 ? stageValue(whole, aggregation, 0).value : undefined;
	}
	const snapshots = run.participants.flatMap(({ snapshot }) => (snapshot?.totals ? [snapshot.totals] : []));
	const sum = (read: (totals: (typeof snapshots)[number]) => number) =>
		snapshots.reduce((total, totals) => total + read(totals), 0);
	if (metric === "throughput") {
		const completed = sum((totals) => totals.completed);
		return completed > 0 ? (completed / elapsedMs) * 1_000 : undefined;
	}
	const issued = sum((totals) => totals.sent + totals.dropped);
	const failed = sum((totals) => totals.rejected + totals.unknown + totals.deadLettered + totals.dropped);
	if (issued === 0) return undefined;
	return "name" in aggregation && aggregation.name === "count" ? failed : failed / issued;
}
