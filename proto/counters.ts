import { Counters } from "./gen/measurement.js";

const NAMES = Object.keys(Counters.create()) as (keyof Counters)[];

export function sumCounters(all: Iterable<Counters>): Counters {
	const sum = Counters.create();
	for (const counters of all) for (const name of NAMES) sum[name] += counters[name];
	return sum;
}

/** What was counted between two totals. */
export function countersSince(before: Counters, now: Counters): Counters {
	const difference = Counters.create();
	for (const name of NAMES) difference[name] = now[name] - before[name];
	return difference;
}

/** Tasks that this agent settled first. */
export function settledOf({ completed, deadLettered, duplicates }: Counters): number {
	return completed + deadLettered - duplicates;
}

/** What went wrong, as the live view counts it. */
export function errorsOf({ rejected, unknown, workerErrors, deadLettered, dropped }: Counters): number {
	return rejected + unknown + workerErrors + deadLettered + dropped;
}
