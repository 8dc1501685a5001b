import { Stage } from "../../proto/gen/measurement.js";
import { verdictOf } from "../analysis/verdict.js";
import { formatMicros, formatShare } from "../report/format.js";
import type { Outcome } from "./experiment.js";

const HOST_BUSY_MAX = 0.85;
const DELAY_SHARE_MAX = 0.1;
const OVERHEAD_SHARE_MAX = 0.05;

/** Findings of a run's verdict that say that the load was not what it was meant to be. */
const GENERATOR_CODES = ["generator-late", "load-not-offered", "agent-busy", "start-late"];

/**
 * Why times may have come out longer than theory has them, through no fault of the instrument: the machine was busy with
 * other things, or is too slow for this test.
 *
 * @param scaleUs the time that is measured: what is small beside it does not matter
 */
export function excuseOf(outcome: Outcome, scaleUs: number): string | undefined {
	const { run } = outcome;
	const busy = busyHost(outcome);
	if (busy !== undefined) return busy;
	const { loopDelayP99MaxUs } = run.resources;
	if (loopDelayP99MaxUs > DELAY_SHARE_MAX * scaleUs) {
		return `agents had to wait for the processor, up to ${formatMicros(loopDelayP99MaxUs)} at a time (p99)`;
	}
	const mean = (stage: Stage) => run.stages.get(stage)?.meanUs ?? 0;
	const overheadUs = mean(Stage.DEQUEUE_TIME) + mean(Stage.ACK_TIME);
	if (overheadUs > OVERHEAD_SHARE_MAX * scaleUs) {
		return `taking and acknowledging a task took ${formatMicros(overheadUs)} here, which theory does not know of`;
	}
	return verdictOf(run).reasons.find(({ code }) => GENERATOR_CODES.includes(code))?.sentence;
}

/** The same, by the machine alone. */
export function busyHost({ hostBusyShare }: Outcome): string | undefined {
	if (hostBusyShare <= HOST_BUSY_MAX) return undefined;
	return `the machine's cores were ${formatShare(hostBusyShare)} busy, other programs included`;
}
