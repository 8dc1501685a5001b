/** A moment as Spool writes it: whole seconds in its counters, RFC 3339 in its JSON. */
export interface WallTime {
	readonly unixSeconds: number;
	readonly rfc3339: string;
}

/** What the queue asks for the time of day. */
export interface Clock {
	now(): WallTime;
}

/** How Go writes a time.Time that was never set. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * The time of day for labels, never for durations: read once from the system, then carried on by the monotonic clock, so
 * that calls within one millisecond differ and none goes back. Written as Go's time.RFC3339Nano does in UTC: fractional
 * digits down to the nanosecond, trailing zeros dropped.
 */
export class WallClock implements Clock {
	readonly #baseMs: number;
	readonly #monotonicMs: () => number;
	#second = Number.NaN;
	#secondText = "";
	/** The last millisecond written, of `#second`: some tasks share it. */
	#ms = Number.NaN;
	#msText = "";

	/** @param monotonicMs milliseconds with a fraction, as performance.now() gives them */
	constructor(unixMs: number = Date.now(), monotonicMs: () => number = () => performance.now()) {
		this.#baseMs = unixMs - monotonicMs();
		this.#monotonicMs = monotonicMs;
	}

	now(): WallTime {
		// Kept apart from the monotonic fraction: a double of milliseconds since 1970 has no digits left for nanoseconds.
		const monotonicMs = this.#monotonicMs();
		const wholeMs = Math.floor(monotonicMs);
		const baseWholeMs = Math.floor(this.#baseMs);
		const nanosecondsOfMs = Math.round((monotonicMs - wholeMs + (this.#baseMs - baseWholeMs)) * 1e6);
		const unixMs = baseWholeMs + wholeMs;
		const unixSeconds = Math.floor(unixMs / 1_000);
		const nanoseconds = (unixMs - unixSeconds * 1_000) * 1e6 + nanosecondsOfMs;
		return nanoseconds < 1e9 ? this.#at(unixSeconds, nanoseconds) : this.#at(unixSeconds + 1, nanoseconds - 1e9);
	}

	#at(unixSeconds: number, nanoseconds: number): WallTime {
		if (unixSeconds !== this.#second) {
			this.#second = unixSeconds;
			this.#secondText = new Date(unixSeconds * 1_000).toISOString().slice(0, 19);
			this.#ms = Number.NaN;
		}
		const us = Math.floor(nanoseconds / 1_000);
		const ns = nanoseconds - us * 1_000;
		const ms = Math.floor(us / 1_000);
		const usOfMs = us - ms * 1_000;
		if (usOfMs === 0 && ns === 0) return { unixSeconds, rfc3339: `${this.#secondText}${fractionOfMs(ms)}Z` };
		if (ms !== this.#ms) {
			this.#ms = ms;
			this.#msText = `${this.#secondText}.${THREE_DIGITS[ms]}`;
		}
		const end = ns > 0 ? (THREE_DIGITS[usOfMs] as string) + WITHOUT_ZEROS_Z[ns] : (WITHOUT_ZEROS_Z[usOfMs] as string);
		return { unixSeconds, rfc3339: this.#msText + end };
	}
}

/** Of each number below 1,000. */
export const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, value) =>
	String(value).padStart(3, "0"),
);
const WITHOUT_ZEROS = THREE_DIGITS.map((digits) => digits.replace(/0+$/, ""));

const WITHOUT_ZEROS_Z = WITHOUT_ZEROS.map((digits) => `${digits}Z`);

function fractionOfMs(ms: number): string {
	return ms === 0 ? "" : `.${WITHOUT_ZEROS[ms]}`;
}

/**
 * Formats as Go's time.Duration.String does: `1h2m3.5s`, `1m30s`, `1.5s`, `100ms`, `2µs`, `0s`.
 *
 * @param nanoseconds a whole number
 */
export function formatDuration(nanoseconds: number): string {
	if (nanoseconds === 0) return "0s";
	if (nanoseconds < 0) return `-${formatDuration(-nanoseconds)}`;
	if (nanoseconds < 1e3) return `${nanoseconds}ns`;
	if (nanoseconds < 1e6) return `${decimal(nanoseconds, 3)}µs`;
	if (nanoseconds < 1e9) return `${decimal(nanoseconds, 6)}ms`;
	const minutes = Math.floor(nanoseconds / 60e9);
	const seconds = `${decimal(nanoseconds - minutes * 60e9, 9)}s`;
	if (minutes === 0) return seconds;
	const hours = Math.floor(minutes / 60);
	return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`;
}

/** `units / 10^places`, exactly, without trailing zeros. */
function decimal(units: number, places: number): string {
	const digits = String(units).padStart(places + 1, "0");
	const whole = digits.slice(0, -places);
	const rest = digits.slice(-places).replace(/0+$/, "");
	return rest === "" ? whole : `${whole}.${rest}`;
}
