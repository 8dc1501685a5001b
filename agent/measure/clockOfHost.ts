import type { ClockQuality } from "../../proto/gen/measurement.js";

/** This host's clock against the fleet's common timebase, as stamps and recorded times need it. */
export interface HostClock {
	/** Agents of one index read one clock. */
	readonly hostIndex: number;
	/**
	 * What to add to this host's time since the epoch for the time since the epoch on Redis's clock, in µs.
	 *
	 * @param atUs on this host's clock
	 */
	correctionUs(atUs: number): number;
	/** How well it was followed since the epoch; undefined where nobody follows it. */
	quality(): ClockQuality | undefined;
}

/** Where all agents read one clock no time needs a correction. */
export const ONE_CLOCK: HostClock = { hostIndex: 0, correctionUs: () => 0, quality: () => undefined };
