import type { Redis } from "ioredis";
import type { ClockSync } from "../../proto/gen/measurement.js";
import { nowUs } from "./clock.js";

const BURST_CALLS = 32;
/** How far two hosts' clocks may drift apart in a second, in µs (50 ppm). */
const DRIFT_PPM = 50;
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

/**
 * The offset of Redis's clock from this host's, as far as a burst of calls tells. Each call bounds it hard, since the server
 * read its clock between sending and receiving: T − received ≤ offset < T + 1 µs − sent. The offset is the middle of what
 * all calls agree on, the bound half its width and what the clocks may drift since (measurement.md §1).
 *
 * @param atUs when the answer is used, on this host's monotonic clock
 * @throws Error when the calls do not agree: a clock was set while they ran
 */
export function boundOffset(samples: readonly ClockSample[], atUs: number): ClockSync {
	let low = Number.NEGATIVE_INFINITY;
	let high = Number.POSITIVE_INFINITY;
	let worstRoundTripUs = 0;
	for (const { sentAtUs, serverUs, receivedAtUs } of samples) {
		low = Math.max(low, serverUs - receivedAtUs - ROUNDING_US);
		high = Math.min(high, serverUs + SERVER_RESOLUTION_US - sentAtUs + ROUNDING_US);
		worstRoundTripUs = Math.max(worstRoundTripUs, receivedAtUs - sentAtUs);
	}
	if (!(low <= high)) throw new Error("the Redis host's clock was set while it was being read: try again");
	const ageUs = atUs - (samples[0]?.sentAtUs ?? atUs);
	return {
		offsetUs: (low + high) / 2,
		boundUs: (high - low) / 2 + (ageUs * DRIFT_PPM) / 1e6,
		monotonicNowUs: atUs,
		worstRoundTripUs,
		samples: samples.length,
	};
}

/**
 * Compares Redis's clock with this host's by a burst of TIME calls, one after the other.
 *
 * @param redis a connection that nothing else uses meanwhile
 */
export async function measureClock(redis: Pick<Redis, "time">): Promise<ClockSync> {
	const samples: ClockSample[] = [];
	for (let call = 0; call < BURST_CALLS; call++) {
		const sentAtUs = nowUs();
		const [seconds, microseconds] = await redis.time();
		const receivedAtUs = nowUs();
		samples.push({ sentAtUs, serverUs: Number(seconds) * 1e6 + Number(microseconds), receivedAtUs });
	}
	return boundOffset(samples, nowUs());
}
