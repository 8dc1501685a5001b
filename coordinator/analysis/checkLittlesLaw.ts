import { Stage } from "../../proto/gen/measurement.js";
import { RunEnd } from "../../proto/gen/record.js";
import type { MergedRun } from "../merge/merged.js";
import { formatShare } from "../report/format.js";
import { type LittlesLaw, littlesLaw } from "./littlesLaw.js";
import type { Reason } from "./reason.js";
import { throughputOf } from "./throughput.js";

/** In a shorter run, by response times, what is under way at its ends is more than a twentieth of the whole. */
const RESPONSE_TIMES_MIN = 20;

/**
 * Little's law of a closed loop that keeps a number of tasks in flight: a producer sends at once, so that there is no time to
 * think. Undefined for other loads, and where the law cannot be asked: tasks that came to another end have no response time.
 */
export function littlesLawOf(run: MergedRun): LittlesLaw | undefined {
	const { load } = run.spec;
	const response = run.stages.get(Stage.RESPONSE_TIME);
	const { issued, completed } = run.accounting;
	if (load.kind !== "timed" || run.end !== RunEnd.DRAINED || !response || response.count === 0) return undefined;
	const { tasksPerSecond, fromUs, toUs } = throughputOf(run);
	if (issued !== completed || toUs - fromUs < RESPONSE_TIMES_MIN * response.meanUs) return undefined;
	return littlesLaw(tasksPerSecond, response.meanUs, 0, load.inFlight);
}

/** Whether rate, response time and load of a closed loop fit each other (measurement.md §2). */
export function checkLittlesLaw(run: MergedRun): Reason[] {
	const law = littlesLawOf(run);
	if (!law || law.holds || run.spec.load.kind !== "timed") return [];
	return [
		{
			code: "littles-law",
			severity: "DEGRADED",
			figure: law.off,
			sentence:
				`By Little's law ${law.inFlight.toFixed(1)} tasks were in flight on average, where ${run.spec.load.inFlight} were to be: ` +
				`${formatShare(Math.abs(law.off))} ${law.off < 0 ? "fewer" : "more"}.`,
			advice:
				law.off < 0
					? "The producers did not send as soon as a task was done: give more --producers, or use more agents."
					: "Rate and response times do not fit each other: the agents were held up, or a figure is wrong.",
		},
	];
}
