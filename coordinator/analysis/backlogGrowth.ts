import type { MergedRun } from "../merge/merged.js";
import { windowOf } from "../plan/partition.js";
import { sendingEndUs } from "./lostLoad.js";
import { offeredOf } from "./offered.js";
import { SLOT_MS } from "./throughput.js";
import { mannKendallZ, type Point, pooled, theilSenSlope, Z_ONE_SIDED_1_PERCENT } from "./trend.js";

/** A backlog that grows by less than this share of the offered rate is not told from one that wavers (measurement.md §10). */
const SLOPE_SHARE_MAX = 0.005;
/** Fewer completions than this share of what was offered: the queue did not keep up. */
const ACHIEVED_SHARE_MIN = 0.99;

/** Enqueued tasks that are not settled yet, at the end of each slot of the measured time, by seconds. */
function backlogs(run: MergedRun): Point[] {
	const window = windowOf(run.spec.load);
	if (!window) return [];
	const points: Point[] = [];
	let waiting = 0;
	for (const { index, sent, completed, failed } of run.series) {
		waiting += sent - completed - failed;
		const atMs = (index + 1) * SLOT_MS;
		if (atMs > window.fromMs && atMs <= window.toMs) points.push({ x: atMs / 1_000, y: waiting });
	}
	return points;
}

/**
 * How fast tasks pile up in an open loop, in tasks a second: where the trend is no chance (Mann-Kendall), steep enough to
 * matter, and less was completed than was offered. Undefined where they do not.
 */
export function backlogGrowth(run: MergedRun): number | undefined {
	const offered = offeredOf(run);
	if (!offered || offered.achievedShare >= ACHIEVED_SHARE_MIN) return undefined;
	const points = pooled(backlogs(run));
	const perSecond = theilSenSlope(points) + heldUpPerSecond(run);
	if (perSecond <= SLOPE_SHARE_MAX * offered.perSecond) return undefined;
	const isTrend = mannKendallZ(points.map(({ y }) => y)) > Z_ONE_SIDED_1_PERCENT;
	return isTrend || heldUpPerSecond(run) > SLOPE_SHARE_MAX * offered.perSecond ? perSecond : undefined;
}

/** Arrivals that were held back to the end pile up before the queue instead of in it. */
function heldUpPerSecond(run: MergedRun): number {
	const lastedSeconds = sendingEndUs(run) / 1e6;
	return lastedSeconds > 0 ? run.counters.droppedHeldBack / lastedSeconds : 0;
}
