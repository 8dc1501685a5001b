import type { Resources } from "../../proto/gen/measurement.js";
import { hidePasswords } from "../../proto/redisUrl.js";
import { printable } from "./format.js";
import type { Report } from "./schema.js";

/** A text from another machine or from the user, fit to be printed. */
export function clean(text: string): string {
	return printable(hidePasswords(text));
}

/** Without the digits that nobody measured. */
export function rounded(value: number, decimals = 3): number {
	// Beyond 2^53 / 10^decimals there are no decimals to round.
	return Math.abs(value) < 2 ** 43 ? Number(value.toFixed(decimals)) : value;
}

/** Six decimals: a share of a million tasks still shows one of them. */
export function share(part: number, whole: number): number {
	return whole > 0 ? rounded(part / whole, 6) : 0;
}

/** As `share`; null where there is nothing to divide by. */
export function ratio(part: number, whole: number): number | null {
	return whole > 0 ? rounded(part / whole) : null;
}

/** Milliseconds of a time in µs. */
export function millis(us: number): number {
	return rounded(us / 1000);
}

/** Milliseconds of a time since the epoch; null for the -1 that says that it did not happen. */
export function moment(atUs: number): number | null {
	return atUs === -1 ? null : millis(atUs);
}

/** What is -1 where it is not known. */
export function known(value: number): number | null {
	return value < 0 ? null : value;
}

/** ISO 8601 in UTC; the beginning of 1970 where the record holds no time that a calendar knows. */
export function isoTime(unixMs: number): string {
	return new Date(Math.abs(unixMs) <= 8.64e15 ? unixMs : 0).toISOString();
}

export function processFigures(resources: Resources): NonNullable<Report["coordinator"]> {
	const { throttling } = resources;
	return {
		cpuUserMs: millis(resources.cpuUserUs),
		cpuSystemMs: millis(resources.cpuSystemUs),
		cpuShare: share(resources.cpuUserUs + resources.cpuSystemUs, resources.wallUs),
		peakRssBytes: resources.peakRssBytes,
		peakHeapBytes: resources.peakHeapBytes,
		allocatedBytes: known(resources.allocatedBytes),
		loopDelayP50Us: rounded(resources.loopDelayP50Us),
		loopDelayP99Us: rounded(resources.loopDelayP99Us),
		loopDelayMaxUs: rounded(resources.loopDelayMaxUs),
		loopUtilization: rounded(resources.loopUtilization, 6),
		throttling: throttling
			? {
					quotaCpus: throttling.quotaCpus === 0 ? null : rounded(throttling.quotaCpus),
					periods: throttling.periods,
					throttledPeriods: throttling.throttledPeriods,
					throttledMs: millis(throttling.throttledUs),
				}
			: null,
	};
}
