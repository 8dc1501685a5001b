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
	/** For each reading, in order: T0 on that agent's monotonic clock, how far it may be off, and whose clock it is. */
	readonly agents: readonly { readonly monotonicUs: number; readonly boundUs: number; readonly hostIndex: number }[];
	readonly hostCount: number;
	/** When all agents must have said that they are armed, on the coordinator's performance.now(), and what it says of others. */
	readonly armedByMs: number;
	readonly notArmed: string;
}

/** On one host everyone hears of the epoch within milliseconds; across hosts the lead must cover the slowest. */
const ONE_HOST_LEAD_US = 200_000;
const ONE_HOST_LEAD_PER_AGENT_US = 10_000;
const MANY_HOSTS_LEAD_US = 2_000_000;

/** Across hosts a run is cancelled for all where one agent is not armed by so long before the epoch: time to hear of that. */
const CANCEL_MARGIN_MS = 500;
/** On one host an agent that needs longer keeps the schedule, and says how late it was. */
const ONE_HOST_ARM_TIMEOUT_MS = 10_000;

/** How fast two hosts' clocks may drift apart, in µs a second. */
const DRIFT_PPM = 50;

/**
 * Chooses one instant for all agents to start at: `RedisNow + max(lead, 10 · worst round trip)`, in each agent's own clock.
 * Agents that share a clock get the same number: their offsets' intervals are intersected (measurement.md §1, §5).
 *
 * @param nowMs the coordinator's performance.now()
 */
export function chooseEpoch(readings: readonly ClockReading[], nowMs: number): Epoch {
	const ageUs = ({ receivedAtMs }: ClockReading) => (nowMs - receivedAtMs) * 1_000;
	// The time that a Ready took to arrive is unknown, so the latest estimate is the nearest to the truth.
	const redisNowUs = Math.max(
		...readings.map((reading) => reading.clock.monotonicNowUs + reading.clock.offsetUs + ageUs(reading)),
	);
	const keys = [...new Set(readings.map(({ clockKey }) => clockKey))];
	const worstRoundTripUs = Math.max(...readings.map(({ clock }) => clock.worstRoundTripUs));
	const isOneHost = keys.length === 1;
	const leadUs = isOneHost
		? ONE_HOST_LEAD_US + ONE_HOST_LEAD_PER_AGENT_US * readings.length
		: Math.max(MANY_HOSTS_LEAD_US, 10 * worstRoundTripUs);
	const redisUs = redisNowUs + leadUs;
	const atMs = nowMs + leadUs / 1_000;
	const hosts = keys.map((key) =>
		offsetOf(
			readings.filter(({ clockKey }) => clockKey === key),
			(reading) => ((ageUs(reading) + leadUs) * DRIFT_PPM) / 1e6,
		),
	);
	return {
		redisUs,
		atMs,
		agents: readings.map(({ clockKey }) => {
			const hostIndex = keys.indexOf(clockKey);
			const { offsetUs, boundUs } = hosts[hostIndex] ?? { offsetUs: 0, boundUs: 0 };
			return { monotonicUs: redisUs - offsetUs, boundUs, hostIndex };
		}),
		hostCount: keys.length,
		armedByMs: isOneHost ? nowMs + ONE_HOST_ARM_TIMEOUT_MS : atMs - CANCEL_MARGIN_MS,
		notArmed: isOneHost
			? `not armed within ${ONE_HOST_ARM_TIMEOUT_MS / 1_000} s`
			: `not armed ${CANCEL_MARGIN_MS} ms before the start`,
	};
}

/** What the readings of one clock agree on; where they do not (a clock was set between them), all that they allow. */
function offsetOf(
	readings: readonly ClockReading[],
	driftUs: (reading: ClockReading) => number,
): { readonly offsetUs: number; readonly boundUs: number } {
	const lows = readings.map((reading) => reading.clock.offsetUs - reading.clock.boundUs - driftUs(reading));
	const highs = readings.map((reading) => reading.clock.offsetUs + reading.clock.boundUs + driftUs(reading));
	const agree = Math.max(...lows) <= Math.min(...highs);
	const low = agree ? Math.max(...lows) : Math.min(...lows);
	const high = agree ? Math.min(...highs) : Math.max(...highs);
	return { offsetUs: (low + high) / 2, boundUs: (high - low) / 2 };
}
