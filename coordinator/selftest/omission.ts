import { Stage } from "../../proto/gen/measurement.js";
import { verdictOf } from "../analysis/verdict.js";
import { formatMicros } from "../report/format.js";
import { busyHost } from "./busy.js";
import type { Experimenter, Outcome } from "./experiment.js";
import { type Check, exactly, judge, type RowResult } from "./table.js";

const RATE = 500;
const DURATION_MS = 5_000;
export const STALL_MS = 1_000;
const STALL_AT_MS = 1_500;

/** What a timer and a busy machine may take from or add to the stall. */
const TOLERANCE_MS = 100;
/** The generator's own name for what happened. */
const GENERATOR_LATE = "generator-late";

/** A stall of known length in an open loop: what nobody could send must count as having waited (coordinated omission). */
export async function testOmission(experimenter: Experimenter): Promise<RowResult> {
	const outcome = await experimenter.run({
		flags: {
			name: "omission",
			agents: "1",
			engine: "fused",
			workers: "1",
			concurrency: "8",
			rate: String(RATE),
			handler: "noop",
			warmup: "0ms",
			duration: `${DURATION_MS}ms`,
			payload: "100B",
		},
		faults: () => ({ stallAtMs: STALL_AT_MS, stallForMs: STALL_MS }),
	});
	return {
		row: "omission",
		title: `a generator that stands still for ${STALL_MS} ms of ${DURATION_MS} ms at ${RATE}/s (coordinated omission)`,
		checks: judgeOmission(outcome),
	};
}

/**
 * The response time that a share of the tasks does not exceed. What is due while all stands still for S waits, and is caught
 * up at twice the rate: the arrival due x after the stall's begin is sent at S + x/2, for x up to 2S. So of the tasks of a
 * time T the share 2S/T is late, by times that are uniform on (0, S], and P(late > y) = 2S/T·(1 − y/S).
 */
export function stalledQuantileMs(share: number): number {
	return STALL_MS * (1 - (1 - share) / ((2 * STALL_MS) / DURATION_MS));
}

export function judgeOmission(outcome: Outcome): Check[] {
	const { run } = outcome;
	const quantileMs = (stage: Stage, percentile: number) =>
		(run.stages.get(stage)?.percentileUs(percentile) ?? 0) / 1_000;
	const excuse = busyHost(outcome);
	const format = (ms: number) => formatMicros(ms * 1_000);
	const corrected = [90, 99].map((percentile) => {
		const theory = stalledQuantileMs(percentile / 100);
		return judge({
			name: `response p${percentile}`,
			theory,
			measured: quantileMs(Stage.RESPONSE_TIME, percentile),
			low: theory - TOLERANCE_MS,
			high: theory + TOLERANCE_MS,
			format,
			excuse,
		});
	});
	const uncorrected = [90, 99].map((percentile) =>
		judge({
			name: `uncorrected p${percentile}`,
			theory: 0,
			measured: quantileMs(Stage.UNCORRECTED_RESPONSE_TIME, percentile),
			low: 0,
			high: 2 * TOLERANCE_MS,
			format,
			excuse,
		}),
	);
	const noticed = verdictOf(run).reasons.some(({ code }) => code === GENERATOR_LATE);
	return [
		...corrected,
		...uncorrected,
		exactly("the verdict says so", GENERATOR_LATE, noticed ? GENERATOR_LATE : "nothing"),
	];
}
