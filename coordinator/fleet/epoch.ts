import type { ClockSync } from "../../proto/gen/measurement.js";

/** One agent's Ready, as the coordinator received it. */
export interface ClockReading {
	/** Agents whose key is equal read the same monotonic clock. */
	readonly clockKey: string;
	readonly clock: ClockSync;
	/** When it was received, on the coordinator's performance.now(). */
	readonly receivedAtMs: number;
}

export interface Epoch {
	/** T0 on Redis's clock, microseconds since 1970. */
	readonly redisUs: number;
	/** T0 on the coordinator's performance.now(). */
	readonly atMs: number;
	/** For each reading, in order: T0 on that agent's monotonic clock, how far its clock may be off, and whose clock it is. */
	readonly agents: readonly { readonly monotonicUs: number; readonly boundUs: number; readonly hostIndex: number }[];
	readonly hostCount: number;
}

/** On one host everyone hears of the epoch within milliseconds; across hosts the lead must cover the slowest. */
const ONE_HOST_LEAD_US = 200_000;
const ONE_HOST_LEAD_PER_AGENT_US = 10_000;
const MANY_HOSTS_LEAD_US = 2_000_000;

/**
 * Chooses one instant for all agents to start at: `RedisNow + max(lead, 10 · worst round trip)`, in each agent's own clock.
 * Agents that share a clock get the same number: their offsets' intervals are intersected (measurement.md §1, §5).
 *
 * @param nowMs the coordinator's performance.now()
 */
export function chooseEpoch(readings: readonly ClockReading[], nowMs: number): Epoch {
	const hosts = new Map<string, { low: number; high: number }>();
	for (const { clockKey, clock } of readings) {
		const host = hosts.get(clockKey) ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
		host.low = Math.max(host.low, clock.offsetUs - clock.boundUs);
		host.high = Math.min(host.high, clock.offsetUs + clock.boundUs);
		hosts.set(clockKey, host);
	}
	// The time that a Ready took to arrive is unknown, so the latest estimate is the nearest to the truth.
	const redisNowUs = Math.max(
		...readings.map(
			({ clock, receivedAtMs }) => clock.monotonicNowUs + clock.offsetUs + (nowMs - receivedAtMs) * 1_000,
		),
	);
	const worstRoundTripUs = Math.max(...readings.map(({ clock }) => clock.worstRoundTripUs));
	const leadUs =
		hosts.size === 1
			? ONE_HOST_LEAD_US + ONE_HOST_LEAD_PER_AGENT_US * readings.length
			: Math.max(MANY_HOSTS_LEAD_US, 10 * worstRoundTripUs);
	const redisUs = redisNowUs + leadUs;
	const keys = [...hosts.keys()];
	return {
		redisUs,
		atMs: nowMs + leadUs / 1_000,
		agents: readings.map(({ clockKey }) => {
			const { low, high } = hosts.get(clockKey) ?? { low: 0, high: 0 };
			const hostIndex = keys.indexOf(clockKey);
			return { monotonicUs: redisUs - (low + high) / 2, boundUs: Math.abs(high - low) / 2, hostIndex };
		}),
		hostCount: keys.length,
	};
}
