import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, WallClock } from "./gotime.js";

describe("formatDuration", () => {
	it.each([
		[0, "0s"],
		[1, "1ns"],
		[1_100, "1.1µs"],
		[2_200_000, "2.2ms"],
		[100e6, "100ms"],
		[999_999_999, "999.999999ms"],
		[1e9, "1s"],
		[1.5e9, "1.5s"],
		[30e9, "30s"],
		[60e9, "1m0s"],
		[90e9, "1m30s"],
		[300.001e9, "5m0.001s"],
		[3_600e9, "1h0m0s"],
		[3_723.5e9, "1h2m3.5s"],
		[360_000e9, "100h0m0s"],
		[-1.5e9, "-1.5s"],
	])("%d ns is %s", (nanoseconds, text) => {
		expect(formatDuration(nanoseconds)).toBe(text);
	});

	it("loses nothing", () => {
		const unitsNs: Record<string, bigint> = { h: 3_600_000_000_000n, m: 60_000_000_000n, s: 1_000_000_000n };
		Object.assign(unitsNs, { ms: 1_000_000n, µs: 1_000n, ns: 1n });
		const parse = (text: string) =>
			[...text.matchAll(/(\d+)(?:\.(\d+))?(h|ms|m|s|µs|ns)/g)].reduce((sum, [, whole = "", rest = "", unit = ""]) => {
				const unitNs = unitsNs[unit] ?? 0n;
				return sum + BigInt(whole) * unitNs + (BigInt(rest || 0) * unitNs) / 10n ** BigInt(rest.length);
			}, 0n);
		fc.assert(
			fc.property(fc.maxSafeNat(), (ns) => {
				expect(parse(formatDuration(ns))).toBe(BigInt(ns));
			}),
		);
	});
});

describe("WallClock", () => {
	/** Whole nanoseconds since 1970. */
	const nanoseconds = (rfc3339: string) => {
		const [, seconds = "", fraction = ""] = /^(.{19})(?:\.(\d+))?Z$/.exec(rfc3339) ?? [];
		return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
	};

	it.each([
		[0, 0, 0, "1970-01-01T00:00:00Z"],
		[1_795_403_083_000, 703.331_094, 1_795_403_083, "2026-11-23T03:04:43.703331094Z"],
		[1_795_403_087_000, 398.544_41, 1_795_403_087, "2026-11-23T03:04:47.39854441Z"],
		[1_795_403_087_000, 500, 1_795_403_087, "2026-11-23T03:04:47.5Z"],
		[1_795_403_087_999, 0.000_001, 1_795_403_087, "2026-11-23T03:04:47.999000001Z"],
		[1_795_403_087_999, 1, 1_795_403_088, "2026-11-23T03:04:48Z"],
	])("%d ms and %d ms later it is second %d, %s", (unixMs, elapsedMs, unixSeconds, rfc3339) => {
		let monotonicMs = 0;
		const clock = new WallClock(unixMs, () => monotonicMs);
		monotonicMs = elapsedMs;
		expect(clock.now()).toEqual({ unixSeconds, rfc3339 });
	});

	it("follows the monotonic clock to the microsecond, and its two readings agree", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 4e12 }),
				fc.double({ min: 0, max: 1e9, noNaN: true }),
				fc.double({ min: 0, max: 1e7, noNaN: true }),
				(unixMs, startMs, elapsedMs) => {
					let monotonicMs = startMs;
					const clock = new WallClock(unixMs, () => monotonicMs);
					monotonicMs += elapsedMs;
					const { rfc3339, unixSeconds } = clock.now();
					const expectedNs = BigInt(unixMs) * 1_000_000n + BigInt(Math.round(elapsedMs * 1e6));
					const errorNs = nanoseconds(rfc3339) - expectedNs;
					expect(errorNs > -2_000n && errorNs < 2_000n).toBe(true);
					expect(nanoseconds(rfc3339) / 1_000_000_000n).toBe(BigInt(unixSeconds));
				},
			),
		);
	});

	it("tells apart what happens within a millisecond, across a second too", () => {
		let monotonicMs = 5.25;
		const clock = new WallClock(1_795_403_083_999, () => monotonicMs);
		const times = Array.from({ length: 20 }, () => {
			monotonicMs += 0.1;
			return nanoseconds(clock.now().rfc3339);
		});
		for (const [index, time] of times.slice(1).entries()) expect(time > (times[index] ?? 0n)).toBe(true);
	});

	it("begins with the system's time of day", () => {
		const before = Date.now();
		const { unixSeconds } = new WallClock().now();
		expect(unixSeconds).toBeGreaterThanOrEqual(Math.floor(before / 1_000));
		expect(unixSeconds).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000));
	});
});
