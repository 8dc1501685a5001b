import type { MergedRun } from "../merge/merged.js";
import { mser5 } from "./mser.js";
import { SLOT_MS, throughputOf } from "./throughput.js";
import {
	mannKendallZ,
	type Point,
	pooled,
	theilSenSlope,
	Z_ONE_SIDED_1_PERCENT,
	Z_TWO_SIDED_1_PERCENT,
} from "./trend.js";

/** Whether the measured time is all of one kind (measurement.md §4). It says so, and leaves nothing out. */
export interface SteadyState {
	/** Unknown: too short to tell. */
	readonly kind: "steady" | "unsteady" | "unknown";
	/** What MSER-5 would leave out at the start, in seconds; undefined where it finds no end of it, or was not asked. */
	readonly warmUpSeconds: number | undefined;
	/** MSER-5 found no end of the warm-up. */
	readonly isUnsettled: boolean;
	readonly throughput: Trend | undefined;
	/** Of tasks in the queues, by the lead's samples. Undefined for a number of tasks, whose backlog rises and falls. */
	readonly backlog: Trend | undefined;
}

export interface Trend {
	/** Of Mann and Kendall: standard normal where there is no trend. */
	readonly z: number;
	/** By Theil and Sen, in tasks a second, each second. */
	readonly perSecond: number;
	/** What that comes to over the measured time, as a share of the mean rate. */
	readonly drift: number;
	/** More than chance, and enough to matter. */
	readonly isTrend: boolean;
}

const SLOTS_A_SECOND = 1_000 / SLOT_MS;
/** In so many seconds a drift can be told from chance. */
export const SECONDS_MIN = 10;
const DRIFT_MAX = 0.05;
/** Of the rate, a second: a backlog that grows by less is as good as level (measurement.md §10). */
const BACKLOG_SLOPE_SHARE = 0.005;

export function steadyStateOf(run: MergedRun): SteadyState {
	const { fromUs, toUs, tasksPerSecond } = throughputOf(run);
	const slotUs = SLOT_MS * 1_000;
	const slots = run.series.filter(({ index }) => index * slotUs >= fromUs && (index + 1) * slotUs <= toUs);
	const completed = slots.map((slot) => slot.completed);
	const warmUp = mser5(completed);
	const throughput = throughputTrend(completed);
	const backlog = run.spec.load.kind === "tasks" ? undefined : backlogTrend(run, fromUs, toUs, tasksPerSecond);
	const isUnsteady = [throughput, backlog].some((trend) => trend?.isTrend) || warmUp.kind === "unsettled";
	return {
		kind: isUnsteady ? "unsteady" : throughput ? "steady" : "unknown",
		warmUpSeconds: warmUp.kind === "found" ? warmUp.values / SLOTS_A_SECOND : undefined,
		isUnsettled: warmUp.kind === "unsettled",
		throughput,
		backlog,
	};
}

/** @param completed in slots of 200 ms; the last second may not be whole and is left out then */
export function throughputTrend(completed: readonly number[]): Trend | undefined {
	const seconds = Math.floor(completed.length / SLOTS_A_SECOND);
	if (seconds < SECONDS_MIN) return undefined;
	const points = Array.from({ length: seconds }, (_, second) => ({
		x: second,
		y: completed.slice(second * SLOTS_A_SECOND, (second + 1) * SLOTS_A_SECOND).reduce((sum, one) => sum + one, 0),
	}));
	const mean = points.reduce((sum, { y }) => sum + y, 0) / seconds;
	const { z, perSecond } = trendOf(points);
	const drift = mean > 0 ? (perSecond * seconds) / mean : 0;
	return { z, perSecond, drift, isTrend: Math.abs(z) > Z_TWO_SIDED_1_PERCENT && Math.abs(drift) > DRIFT_MAX };
}

function backlogTrend(run: MergedRun, fromUs: number, toUs: number, tasksPerSecond: number): Trend | undefined {
	const points = run.redisSamples
		.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)
		.map(({ atUs, backlog }) => ({ x: atUs / 1e6, y: backlog.reduce((sum, length) => sum + length, 0) }));
	if (points.length < SECONDS_MIN || tasksPerSecond <= 0) return undefined;
	const { z, perSecond } = trendOf(points);
	const drift = (perSecond * (toUs - fromUs)) / 1e6 / tasksPerSecond;
	return {
		z,
		perSecond,
		drift,
		isTrend: z > Z_ONE_SIDED_1_PERCENT && perSecond > BACKLOG_SLOPE_SHARE * tasksPerSecond,
	};
}

function trendOf(points: readonly Point[]): { readonly z: number; readonly perSecond: number } {
	const few = pooled(points);
	return { z: mannKendallZ(few.map(({ y }) => y)), perSecond: theilSenSlope(few) };
}
