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

/** On one host agents hear of the epoch at once, and arm one after the other where they share cores (measured: 20 ms each). */
const ONE_HOST_LEAD_US = 200_000;
const ONE_HOST_LEAD_PER_AGENT_US = 25_000;
/** Across hosts the lead must cover the slowest. */
const MANY_HOSTS_LEAD_US = 2_000_000;

/** A run is called off for all where one agent is not armed by so long before the epoch: time to hear of that. */
const ONE_HOST_CALL_OFF_MS = 20;
const MANY_HOSTS_CALL_OFF_MS = 500;

/** How fast two hosts' clocks may drift apart, in µs a second. */
const DRIFT_PPM = 50;

/**
 * Chooses one instant for all agents to start at: `RedisNow + max(lead, 10 · worst round trip)`, in each agent's own clock.
 * Agents that share a clock get the same number: their offsets' intervals are intersected (measurement.md §1, §5).
 *
 * @param nowMs the coordinator's performance.now()
 * @param isSecond the first lead was too short: twice as long, 2 s at the least
 */
export function chooseEpoch(readings: readonly ClockReading[], nowMs: number, isSecond = false): Epoch {
	const ageUs = ({ receivedAtMs }: ClockReading) => (nowMs - receivedAtMs) * 1_000;
	// The time that a Ready took to arrive is unknown, so the latest estimate is the nearest to the truth.
	const redisNowUs = Math.max(
		...readings.map((reading) => reading.clock.monotonicNowUs + reading.clock.offsetUs + ageUs(reading)),
	);
	const keys = [...new Set(readings.map(({ clockKey }) => clockKey))];
	const worstRoundTripUs = Math.max(...readings.map(({ clock }) => clock.worstRoundTripUs));
	const isOneHost = keys.length === 1;
	const firstLeadUs = isOneHost
		? Math.min(MANY_HOSTS_LEAD_US, ONE_HOST_LEAD_US + ONE_HOST_LEAD_PER_AGENT_US * readings.length)
		: Math.max(MANY_HOSTS_LEAD_US, 10 * worstRoundTripUs);
	const leadUs = isSecond ? Math.max(MANY_HOSTS_LEAD_US, 2 * firstLeadUs) : firstLeadUs;
	const callOffMs = isOneHost ? ONE_HOST_CALL_OFF_MS : MANY_HOSTS_CALL_OFF_MS;
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
		armedByMs: atMs - callOffMs,
		notArmed: `not armed ${callOffMs} ms before the start`,
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
