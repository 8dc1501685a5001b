import { makeProfile } from "../../proto/profile.js";
import type { MergedRun } from "../merge/merged.js";
import { keepMostMs } from "../plan/partition.js";
import { rateSegments } from "../plan/rate.js";
import { lostArrivals } from "./lostLoad.js";
import { throughputOf } from "./throughput.js";

/** Less of what was due, for one cause, is a smaller load than the plan's (measurement.md §7). */
export const SENT_RATIO_MIN = 0.99;

/** What an open loop was to offer, and what it did. Counts are of the whole run, warm-up and kept-up load with it. */
export interface OfferedLoad {
	/** By the plan's rate, over the time that throughput is measured over. */
	readonly perSecond: number;
	/** Throughput as a share of it. */
	readonly achievedShare: number;
	/** Arrivals that fell due; of a lost agent, after its last report, by the plan. */
	readonly due: number;
	readonly sent: number;
	/** Sent, of those due. 1 where none was. */
	readonly sentRatio: number;
	/** Of those sent, more than 1 ms after they were due. */
	readonly lateShare: number;
	/** Those of them that waited because too many enqueues had no answer. */
	readonly heldBack: number;
	/** Due before a late agent had begun, or of a lost agent's share and not known to be sent. */
	readonly notOffered: number;
	/** Those of them that are of lost agents' shares. */
	readonly notOfferedLost: number;
	/** Due, and never sent: sending ended first. */
	readonly dropped: number;
	/** Those of them that waited because too many enqueues had no answer; the others are the generator's own fault. */
	readonly droppedHeldBack: number;
}

/** Undefined for a closed loop, which offers what the queue allows. */
export function offeredOf(run: MergedRun): OfferedLoad | undefined {
	const { load } = run.spec;
	if (load.kind !== "open") return undefined;
	const profile = makeProfile(rateSegments(load.rate, { ...load, keepMs: keepMostMs(run.spec) }));
	const { fromUs, toUs, tasksPerSecond } = throughputOf(run);
	const arrivals = profile.arrivalsBy(toUs / 1_000) - profile.arrivalsBy(fromUs / 1_000);
	const perSecond = toUs > fromUs ? (arrivals / (toUs - fromUs)) * 1e6 : 0;
	const { sent, late, heldBack, notOffered, dropped, droppedHeldBack } = run.counters;
	const lost = run.agents.map((agent) => lostArrivals(run, agent));
	const lostDue = lost.reduce((sum, { dueAfter }) => sum + dueAfter, 0);
	const notOfferedLost = lost.reduce((sum, { waiting }) => sum + waiting, lostDue);
	const due = run.counters.due + lostDue;
	return {
		perSecond,
		achievedShare: perSecond > 0 ? tasksPerSecond / perSecond : 0,
		due,
		sent,
		sentRatio: due > 0 ? Math.min(1, sent / due) : 1,
		lateShare: sent > 0 ? late / sent : 0,
		heldBack,
		notOffered: notOffered + notOfferedLost,
		notOfferedLost,
		dropped,
		droppedHeldBack,
	};
}
