import { errorsOf } from "../proto/counters.js";
import type { Participant } from "./participant.js";

/** Of a run that goes on: sums over its agents' last words. */
export interface RunTotals {
	readonly acknowledged: number;
	readonly settled: number;
	readonly inFlight: number;
	/** Undefined where no agent has sampled it. */
	readonly backlog: number | undefined;
	readonly errors: number;
}

/** What a lost agent had done stays counted; what it held does not. */
export function totalsOf(participants: readonly Participant[]): RunTotals {
	const totals = { acknowledged: 0, settled: 0, inFlight: 0, errors: 0 };
	let backlog: number | undefined;
	for (const { snapshot, alive, settled } of participants) {
		if (!snapshot) continue;
		totals.acknowledged += snapshot.totals?.enqueued ?? 0;
		totals.settled += settled;
		totals.errors += snapshot.totals ? errorsOf(snapshot.totals) : 0;
		if (!alive) continue;
		totals.inFlight += snapshot.inFlight;
		if (snapshot.backlog >= 0) backlog = snapshot.backlog;
	}
	return { ...totals, backlog };
}
