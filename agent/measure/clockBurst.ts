/**
 * How far Redis's clock may be off while a burst is taken: no oscillator, and no clock that is being slewed, goes wrong faster
 * than this.
 */
export const FASTEST_DRIFT_PPM = 500;
/** Redis's TIME is whole microseconds, cut off. */
const SERVER_RESOLUTION_US = 1;
/** Microseconds since 1970 are spaced by this much as doubles, and so is a difference from them. */
const ROUNDING_US = 0.25;

/** One call of TIME: sent and answered on this host's monotonic clock, the answer on Redis's, in µs since 1970. */
export interface ClockSample {
	readonly sentAtUs: number;
	readonly serverUs: number;
	readonly receivedAtUs: number;
}

/** Between these two lay Redis's clock minus this host's, at one moment of this host's clock. */
export interface OffsetInterval {
	readonly atUs: number;
	readonly lowUs: number;
	readonly highUs: number;
	readonly worstRoundTripUs: number;
	readonly samples: number;
}

/**
 * The offset of Redis's clock from this host's, as far as a burst of calls tells, at its fastest call. Each call bounds it hard, since
 * the server read its clock between sending and receiving: T − received ≤ offset < T + 1 µs − sent. What all calls agree on
 * holds (measurement.md §1), an earlier or later call's bound widened by what the clocks may have drifted in between.
 *
 * @returns undefined when the calls do not agree: a clock was set while they ran
 */
export function offsetInterval(samples: readonly ClockSample[]): OffsetInterval | undefined {
	const roundTripUs = ({ sentAtUs, receivedAtUs }: ClockSample) => receivedAtUs - sentAtUs;
	const [fastest] = samples.toSorted((a, b) => roundTripUs(a) - roundTripUs(b));
	const atUs = fastest?.receivedAtUs ?? 0;
	let lowUs = Number.NEGATIVE_INFINITY;
	let highUs = Number.POSITIVE_INFINITY;
	let worstRoundTripUs = 0;
	for (const sample of samples) {
		const { sentAtUs, serverUs, receivedAtUs } = sample;
		const apartUs = Math.max(Math.abs(atUs - sentAtUs), Math.abs(receivedAtUs - atUs));
		const driftUs = (apartUs * FASTEST_DRIFT_PPM) / 1e6;
		lowUs = Math.max(lowUs, serverUs - receivedAtUs - ROUNDING_US - driftUs);
		highUs = Math.min(highUs, serverUs + SERVER_RESOLUTION_US - sentAtUs + ROUNDING_US + driftUs);
		worstRoundTripUs = Math.max(worstRoundTripUs, roundTripUs(sample));
	}
	if (!(lowUs <= highUs)) return undefined;
	return { atUs, lowUs, highUs, worstRoundTripUs, samples: samples.length };
}
