import { Stage } from "../../proto/gen/measurement.js";
import { addSeconds, type SecondOfResponses, secondPercentileUs } from "../../proto/responseSecond.js";
import type { MergedRun } from "../merge/merged.js";
import { windowOf } from "../plan/partition.js";
import { BATCHES, batchInterval, type Interval } from "./batchInterval.js";

export const INTERVAL_PERCENTS = [50, 95, 99] as const;

/** Below that many values above it, a part's percentile says too little. */
const ABOVE_MIN = 10;

export type WithinRun =
	| { readonly withheld: undefined; readonly ofPercent: ReadonlyMap<number, Interval | undefined> }
	| { readonly withheld: string };

/**
 * Within-run intervals of the response time's percentiles, from ten parts of equal length of the measured time. Of tasks that
 * were completed: where some were not there is none.
 */
export function responseIntervals(run: MergedRun, unfinished: number): WithinRun {
	const whole = run.stages.get(Stage.RESPONSE_TIME);
	if (!whole || whole.count === 0) return { withheld: "no task completed" };
	if (unfinished > 0) return { withheld: "tasks were left unfinished" };
	const parts = partsOf(run);
	if (!parts) return { withheld: `the measured time is shorter than ${BATCHES} s` };
	const least = Math.min(...parts.map(({ count }) => count));
	const ofPercent = INTERVAL_PERCENTS.map((percent): [number, Interval | undefined] => {
		if (least * (1 - percent / 100) < ABOVE_MIN) return [percent, undefined];
		const ofParts = parts.map((part) => secondPercentileUs(part, percent / 100) ?? 0);
		return [percent, batchInterval(whole.percentileUs(percent), ofParts)];
	});
	return { withheld: undefined, ofPercent: new Map(ofPercent) };
}

/** Ten parts of as many whole seconds each; what is left over at the end is in none. */
function partsOf(run: MergedRun): SecondOfResponses[] | undefined {
	const window = windowOf(run.spec.load);
	const [first] = run.responseSeries;
	const last = run.responseSeries.at(-1);
	if (!first || !last) return undefined;
	const from = window ? Math.ceil(window.fromMs / 1_000) : first.index;
	const to = window ? Math.floor(window.toMs / 1_000) : last.index + 1;
	const length = Math.floor((to - from) / BATCHES);
	if (length < 1) return undefined;
	const none = { count: 0, intended: 0, ended: 0, maxUs: 0, buckets: { indexes: [], counts: [] } };
	const parts = Array.from({ length: BATCHES }, (_, part): SecondOfResponses => ({ index: part, ...none }));
	for (const second of run.responseSeries) {
		const part = Math.floor((second.index - from) / length);
		const sum = second.index >= from ? parts[part] : undefined;
		if (sum) parts[part] = addSeconds(sum, second);
	}
	return parts;
}
