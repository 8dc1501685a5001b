import type { Distribution } from "../../proto/histogram.js";
import type { StageName } from "../../proto/stages.js";
import type { MergedRun } from "../merge/merged.js";
import { windowOf } from "../plan/partition.js";
import { unfinishedTasks } from "./checkAccounting.js";
import { SLOT_MS } from "./throughput.js";

/** Tasks without a response time, those never sent among them, which stay among those that percentiles are of (measurement.md §4). */
export interface Unfinished {
	readonly count: number;
	/** What some of them had waited at least when the run ended. Of the others nothing is known. */
	readonly waited: readonly Group[];
}

interface Group {
	readonly atLeastUs: number;
	readonly count: number;
}

const SLOTS_A_SECOND = 1_000 / SLOT_MS;

export const NONE_UNFINISHED: Unfinished = { count: 0, waited: [] };

export interface CensoredPercentile {
	readonly us: number;
	/** It lies among the unfinished: `us` is a bound that it exceeds. */
	readonly isBound: boolean;
}

/**
 * The unfinished among the tasks whose times are recorded. Of arrivals that an open loop dropped their number is known. What a second's tasks had waited follows from how many were
 * intended in it and how many came to an end; which they were is not known, so they are taken for its last ones. Where these are more than the ledger says, the ledger is right, and those that
 * waited least are taken, so that what follows stays a lower bound.
 */
export function unfinishedOf(run: MergedRun): Unfinished {
	const window = windowOf(run.spec.load);
	const open = run.responseSeries.flatMap(({ index, intended, count, ended }) => {
		const isOfWindow = !window || ((index + 1) * 1_000 > window.fromMs && index * 1_000 < window.toMs);
		const left = intended - count - ended;
		return isOfWindow && left > 0 ? lastOf(run, index, left) : [];
	});
	const byWait = open.sort((a, b) => a.atLeastUs - b.atLeastUs);
	const total = byWait.reduce((sum, { count }) => sum + count, 0);
	// A lost agent sent tasks that nobody could place in a second.
	const placed = window && run.agents.every(({ loss }) => !loss);
	const dropped = run.counters.cohortDropped;
	const sent = placed ? Math.min(unfinishedTasks(run), Math.max(0, total - dropped)) : unfinishedTasks(run);
	const count = dropped + sent;
	let left = count;
	const waited = byWait.flatMap((group) => {
		const taken = Math.min(left, group.count);
		left -= taken;
		return taken > 0 ? [{ ...group, count: taken }] : [];
	});
	return { count, waited };
}

/**
 * What the last tasks of a second had waited at least. In a closed loop tasks are sent when they are intended, so that the
 * 200 ms in which they were is known; else it is the second.
 */
function lastOf({ spec, series, endAtUs }: MergedRun, second: number, count: number): Group[] {
	const waitedSince = (us: number) => Math.max(0, endAtUs - us);
	if (spec.load.kind === "open") return [{ atLeastUs: waitedSince((second + 1) * 1e6), count }];
	const groups: Group[] = [];
	let left = count;
	for (let slot = (second + 1) * SLOTS_A_SECOND - 1; slot >= second * SLOTS_A_SECOND && left > 0; slot--) {
		const taken = Math.min(left, series[slot]?.sent ?? 0);
		left -= taken;
		if (taken > 0) groups.push({ atLeastUs: waitedSince((slot + 1) * SLOT_MS * 1_000), count: taken });
	}
	return left > 0 ? [...groups, { atLeastUs: 0, count: left }] : groups;
}

/**
 * Those of a stage: of the whole task's times the unfinished have none. When they were sent is known in closed loops, where
 * it is when they were intended. Dropped arrivals were never sent: they have no send lag, and no part in what counts from there.
 */
export function unfinishedOfStage(stage: StageName, run: MergedRun, unfinished: Unfinished): Unfinished {
	const dropped = run.counters.cohortDropped;
	switch (stage) {
		case "responseTime":
			return unfinished;
		case "uncorrectedResponseTime":
			return run.spec.load.kind === "open" ? { count: unfinished.count - dropped, waited: [] } : unfinished;
		case "sendLag":
			return { count: dropped, waited: [] };
		default:
			return NONE_UNFINISHED;
	}
}

/**
 * A percentile of finished and unfinished tasks, the unfinished counted as slower than all others. Where it lies among them,
 * the percentile of what is known to be exceeded: the finished times, and what the unfinished had waited.
 *
 * @param percent 0 … 100
 */
export function censoredPercentile(
	values: Distribution,
	percent: number,
	{ count, waited }: Unfinished,
): CensoredPercentile {
	if (count === 0 || values.count === 0) return { us: values.percentileUs(percent), isBound: false };
	const rank = Math.max(1, Math.ceil((percent / 100) * (values.count + count) * (1 - Number.EPSILON)));
	if (rank <= values.count) return { us: values.percentileUs((100 * rank) / values.count), isBound: false };
	const unit = values.unit === "ns" ? 1_000 : 1;
	const known = [...values.buckets()].map((bucket) => ({ us: bucket.from / unit, count: bucket.count }));
	known.push(...waited.map(({ atLeastUs, count: group }) => ({ us: atLeastUs, count: group })));
	known.sort((a, b) => a.us - b.us);
	const unknown = count - waited.reduce((sum, group) => sum + group.count, 0);
	let reached = unknown;
	for (const { us, count: group } of known) {
		reached += group;
		if (reached >= rank) return { us, isBound: true };
	}
	return { us: values.maxUs, isBound: true };
}
