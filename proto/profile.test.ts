import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateSegment } from "./gen/slice.js";
import { makeProfile } from "./profile.js";

const constant = (durationMs: number, rate: number) =>
	RateSegment.create({ durationMs, fromPerSecond: rate, toPerSecond: rate });
const ramp = (durationMs: number, from: number, to: number) =>
	RateSegment.create({ durationMs, fromPerSecond: from, toPerSecond: to });
const sine = (durationMs: number, mean: number, amplitude: number, periodMs: number) =>
	RateSegment.create({
		durationMs,
		fromPerSecond: mean,
		toPerSecond: mean,
		sinePerSecond: amplitude,
		sinePeriodMs: periodMs,
	});

const durations = fc.integer({ min: 1, max: 600_000 });
const rates = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 20_000, noNaN: true }));
const segments = fc.oneof(
	fc.tuple(durations, rates).map(([ms, rate]) => constant(ms, rate)),
	fc.tuple(durations, rates, rates).map(([ms, from, to]) => ramp(ms, from, to)),
	fc
		.tuple(durations, rates, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 10, max: 100_000 }))
		.map(([ms, mean, share, period]) => sine(ms, mean, mean * share, period)),
);
const profiles = fc
	.array(segments, { minLength: 1, maxLength: 5 })
	.map(makeProfile)
	.filter(({ arrivals }) => arrivals > 0);

/** In millionths: what lies nearer together than a double tells apart says nothing. */
const shares = fc.integer({ min: 0, max: 1_000_000 }).map((millionths) => millionths / 1e6);

describe("a profile", () => {
	test("has as many arrivals by the time of an arrival as that one's number", () => {
		fc.assert(
			fc.property(profiles, shares, (profile, share) => {
				const count = share * profile.arrivals;
				const back = profile.arrivalsBy(profile.timeOf(count));
				expect(Math.abs(back - count)).toBeLessThanOrEqual(1e-9 * profile.arrivals + 1e-9);
			}),
		);
	});

	test("never goes back, neither in arrivals nor in time", () => {
		fc.assert(
			fc.property(profiles, fc.tuple(shares, shares), (profile, two) => {
				const [low = 0, high = 0] = two.toSorted((a, b) => a - b);
				expect(profile.timeOf(low * profile.arrivals)).toBeLessThanOrEqual(
					profile.timeOf(high * profile.arrivals) + 1e-6,
				);
				expect(profile.arrivalsBy(low * profile.durationMs)).toBeLessThanOrEqual(
					profile.arrivalsBy(high * profile.durationMs) + 1e-6,
				);
			}),
		);
	});

	test("adds up its rate", () => {
		fc.assert(
			fc.property(segments, (segment) => {
				const profile = makeProfile([segment]);
				// Simpson's rule, on steps that no period is shorter than ten of.
				const steps = 2 * Math.ceil(Math.max(50, (10 * segment.durationMs) / (segment.sinePeriodMs || 1e9)));
				const step = segment.durationMs / steps;
				let sum = 0;
				for (let index = 0; index <= steps; index++) {
					const weight = index === 0 || index === steps ? 1 : index % 2 === 1 ? 4 : 2;
					sum += weight * profile.rateAt(Math.min(index * step, segment.durationMs * (1 - 1e-12)));
				}
				expect((sum * step) / 3 / 1_000 / Math.max(1e-9, profile.arrivals)).toBeCloseTo(
					profile.arrivals > 0 ? 1 : 0,
					2,
				);
			}),
		);
	});

	test.each([
		["a constant", constant(10_000, 100), 250, 2_500],
		["a rising ramp from 0: t = √(2x/a)", ramp(10_000, 0, 100), 125, 5_000],
		["a falling ramp to 0", ramp(10_000, 100, 0), 375, 5_000],
		["a sine at half its period: mean·t plus amplitude·period/π", sine(10_000, 100, 50, 2_000), 131.8309886, 1_000],
	])("inverts %s", (_, segment, count, atMs) => {
		expect(makeProfile([segment]).timeOf(count)).toBeCloseTo(atMs, 4);
	});

	test("passes over a pause: what falls due at its begin falls due before it", () => {
		const profile = makeProfile([constant(1_000, 10), constant(5_000, 0), constant(1_000, 10)]);
		expect(profile.timeOf(10)).toBe(1_000);
		expect(profile.timeOf(10.5)).toBeCloseTo(6_050, 9);
		expect(profile.rateAt(3_000)).toBe(0);
		expect(profile.timeOf(20)).toBe(7_000);
		expect(profile.timeOf(20.001)).toBe(Number.POSITIVE_INFINITY);
	});

	test.each([
		["ends before it begins", constant(0, 1), "expected a duration above 0, got 0"],
		["dives below 0", sine(1_000, 1, 2, 100), "expected a rate that is never below 0, got one of -1/s"],
		["is no number", constant(Number.NaN, 1), "expected a duration above 0, got NaN"],
		["has no period", sine(1_000, 2, 1, 0), "expected a period above 0, got 0"],
	])("is refused where it %s", (_, segment, message) => {
		expect(() => makeProfile([segment])).toThrow(new RangeError(message));
	});
});
