import { makeProfile } from "../../proto/profile.js";
import type { MergedAgent, MergedRun } from "../merge/merged.js";
import { keepMostMs } from "../plan/partition.js";
import { rateSegments } from "../plan/rate.js";

/** When an open loop ended sending, in µs since the epoch; at the last send where no agent told. */
export function sendingEndUs({ span }: MergedRun): number {
	return Math.max(0, span.sendingEndedAtUs > 0 ? span.sendingEndedAtUs : span.lastSentAtUs);
}

/** Arrivals of a lost agent's share of which nobody knows whether they were sent. */
export interface LostArrivals {
	/** Due after what its figures cover, by the plan. */
	readonly dueAfter: number;
	/** Due before, and not sent by its last word. */
	readonly waiting: number;
}

/**
 * What a lost agent was to send and is not known to have sent, until sending ended: nobody sends it in its place
 * (measurement.md §6). None in a closed loop, where no arrival is anybody's.
 */
export function lostArrivals(run: MergedRun, { loss, counters, span }: MergedAgent): LostArrivals {
	const { load } = run.spec;
	if (load.kind !== "open" || loss === undefined) return { dueAfter: 0, waiting: 0 };
	const profile = makeProfile(rateSegments(load.rate, { ...load, keepMs: keepMostMs(run.spec) }));
	const coveredToUs = span.sendingEndedAtUs > 0 ? Number.POSITIVE_INFINITY : loss.coveredToUs;
	const arrivals = profile.arrivalsBy(sendingEndUs(run) / 1_000) - profile.arrivalsBy(coveredToUs / 1_000);
	return {
		dueAfter: Math.round(Math.max(0, arrivals) / run.agents.length),
		waiting: Math.max(0, counters.due - counters.sent - counters.notOffered - counters.dropped),
	};
}
