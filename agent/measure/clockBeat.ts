import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { type OffsetInterval, offsetInterval } from "./clockBurst.js";
import { LONG_BURST_CALLS, takeBurst } from "./clocksync.js";

const BEAT_MS = 1_000;
/** One after the other, so that clocks do not drift apart while a burst lasts. */
const BURST_CALLS = 8;

/** What came of one burst: an interval, a clock that was set meanwhile, or no answer. */
export type BurstNews =
	| { readonly kind: "interval"; readonly interval: OffsetInterval }
	| { readonly kind: "torn" }
	| { readonly kind: "failed"; readonly message: string };

/**
 * Compares Redis's clock with this host's until `signal` aborts: 32 calls now, 8 a second, 32 at the end. What comes of each
 * burst is told; a Redis that is away costs bursts and nothing else.
 *
 * @param redis a connection that nothing else uses, which reconnects by itself
 */
export async function followClock(
	redis: Pick<Redis, "time">,
	tell: (news: BurstNews) => void,
	signal: AbortSignal,
): Promise<void> {
	tell(await burst(redis, LONG_BURST_CALLS));
	while (!signal.aborted) {
		await sleep(BEAT_MS, undefined, { signal }).catch(() => undefined);
		if (!signal.aborted) tell(await burst(redis, BURST_CALLS));
	}
	tell(await burst(redis, LONG_BURST_CALLS));
}

async function burst(redis: Pick<Redis, "time">, calls: number): Promise<BurstNews> {
	try {
		const interval = offsetInterval(await takeBurst(redis, calls));
		return interval ? { kind: "interval", interval } : { kind: "torn" };
	} catch (error) {
		return { kind: "failed", message: (error as Error).message };
	}
}
