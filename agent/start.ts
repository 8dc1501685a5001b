import { setTimeout as sleep } from "node:timers/promises";

/** Timers fire up to a millisecond or so late. Longer would cost the agents that share a core with this one. */
const SPIN_US = 2_000;

/**
 * Waits for the epoch: sleeps to 2 ms before it, then spins.
 *
 * @param nowUs this process's clock, in microseconds
 * @returns how late the wait ended, in microseconds (0 or more)
 */
export async function untilEpoch(epochUs: number, nowUs: () => number, signal: AbortSignal): Promise<number> {
	const sleepMs = (epochUs - SPIN_US - nowUs()) / 1_000;
	if (sleepMs > 0) await sleep(sleepMs, undefined, { signal }).catch(() => undefined);
	if (!signal.aborted) while (nowUs() < epochUs);
	return Math.max(0, nowUs() - epochUs);
}
