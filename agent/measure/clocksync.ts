import type { Redis } from "ioredis";
import type { ClockSync } from "../../proto/gen/measurement.js";
import { nowUs } from "./clock.js";
import { type ClockSample, type OffsetInterval, offsetInterval } from "./clockBurst.js";
import { ASSUMED_DRIFT_PPM } from "./clockTracker.js";

/** Calls at the start and at the end of a run, where the estimate has to stand by itself. */
export const LONG_BURST_CALLS = 32;

/** Calls of TIME, one after the other. @param redis a connection that nothing else uses meanwhile */
export async function takeBurst(redis: Pick<Redis, "time">, calls: number): Promise<ClockSample[]> {
	const samples: ClockSample[] = [];
	for (let call = 0; call < calls; call++) {
		const sentAtUs = nowUs();
		const [seconds, microseconds] = await redis.time();
		const receivedAtUs = nowUs();
		samples.push({ sentAtUs, serverUs: Number(seconds) * 1e6 + Number(microseconds), receivedAtUs });
	}
	return samples;
}

/**
 * Compares Redis's clock with this host's.
 *
 * @param redis a connection that nothing else uses meanwhile
 * @throws Error when a clock was set meanwhile
 */
export async function measureClock(redis: Pick<Redis, "time">): Promise<ClockSync> {
	const interval = offsetInterval(await takeBurst(redis, LONG_BURST_CALLS));
	if (!interval) throw new Error("the Redis host's clock was set while it was being read: try again");
	return clockSync(interval, nowUs());
}

/** The middle of an interval, and half its width with what the clocks may have drifted since (measurement.md §1). */
export function clockSync(interval: OffsetInterval, monotonicNowUs: number): ClockSync {
	const { atUs, lowUs, highUs, worstRoundTripUs, samples } = interval;
	return {
		offsetUs: (lowUs + highUs) / 2,
		boundUs: (highUs - lowUs) / 2 + ((monotonicNowUs - atUs) * ASSUMED_DRIFT_PPM) / 1e6,
		monotonicNowUs,
		worstRoundTripUs,
		samples,
	};
}
