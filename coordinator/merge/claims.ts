import type { Counters } from "../../proto/gen/measurement.js";
import { type LedgerPage, type Measurements, Outcome } from "../../proto/gen/measurement.js";
import type { ProducerShare, Slice } from "../../proto/gen/slice.js";
import { PAGE_BITS } from "../../proto/ledger.js";
import { MeasurementsError } from "./check.js";

/** One delta a second for the longest run there may be, and as many again. */
export const MAX_DELTAS = 2 * 168 * 3_600;

/**
 * Holds what an agent says it did against what it was given to do: its producers, their tasks, and workers where it has any.
 * An agent in order cannot exceed its slice, so one that does is out of order, whatever the reason.
 *
 * @throws MeasurementsError
 */
export function checkClaims(slice: Slice, { producers, ledger, counters }: Measurements): void {
	const own = new Map(slice.producers.map((share) => [share.index, mostTasks(slice, share)]));
	for (const { producer, issued } of producers) {
		const given = own.get(producer);
		if (given === undefined) throw new MeasurementsError(`tasks of producer ${producer}, which is not this agent's`);
		if (issued > given)
			throw new MeasurementsError(`${issued} tasks issued by producer ${producer}, which was given ${given}`);
	}
	for (const page of ledger) checkPageClaim(slice, page, own.get(page.producer));
	if (counters) checkCounters(slice, counters);
}

/** As `checkClaims`, of counts alone: a snapshot's. */
export function checkCounters(slice: Slice, { sent, dequeued, completed }: Counters): void {
	const given = slice.producers.reduce((sum, share) => sum + mostTasks(slice, share), 0);
	if (sent > given) throw new MeasurementsError(`${sent} tasks sent, where its slice has ${given}`);
	if (!worksAt(slice) && dequeued + completed > 0) throw new MeasurementsError("tasks handled, but it has no workers");
}

/** @param given the tasks that the producer was given; undefined where it is another agent's */
function checkPageClaim(slice: Slice, { producer, outcome, page, bits }: LedgerPage, given: number | undefined): void {
	const sending = outcome === Outcome.REJECTED || outcome === Outcome.UNKNOWN;
	if (sending && given === undefined)
		throw new MeasurementsError(`enqueues of producer ${producer}, which is not this agent's`);
	if (outcome >= Outcome.REMAINING) {
		throw new MeasurementsError("what is left in Redis, which is for the census to say");
	}
	if (!sending && !worksAt(slice)) throw new MeasurementsError("tasks settled, but it has no workers");
	if (given !== undefined && lastBit(bits) + page * PAGE_BITS >= given) {
		throw new MeasurementsError(`a task of producer ${producer} beyond the ${given} that it was given`);
	}
}

/** -1 for an empty page. */
function lastBit(bits: Uint8Array): number {
	const byte = bits.findLastIndex((one) => one !== 0);
	return byte < 0 ? -1 : byte * 8 + 31 - Math.clz32(bits[byte] ?? 0);
}

/** But in runs of a number of tasks, as many as time allows. */
function mostTasks({ load }: Slice, { tasks }: ProducerShare): number {
	return load?.kind?.$case === "taskCount" ? tasks : Number.POSITIVE_INFINITY;
}

function worksAt({ workers }: Slice): boolean {
	return (workers?.count ?? 0) > 0;
}
