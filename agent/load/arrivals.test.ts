import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArrivalProcess, OpenLoad, RateSegment } from "../../proto/gen/slice.js";
import { makeProfile } from "../../proto/profile.js";
import { openArrivals } from "./arrivals.js";

function loadOf(changes: Partial<OpenLoad>): OpenLoad {
	return OpenLoad.create({
		profile: [RateSegment.create({ durationMs: 1_000, fromPerSecond: 100, toPerSecond: 100 })],
		arrivals: ArrivalProcess.UNIFORM,
		burst: 1,
		seed: 1,
		shareCount: 1,
		maxUnacknowledged: 1,
		...changes,
	});
}

function allOf(load: OpenLoad): number[] {
	const due: number[] = [];
	for (const arrivals = openArrivals(load); arrivals.dueUs < Number.POSITIVE_INFINITY; arrivals.advance()) {
		due.push(arrivals.dueUs);
	}
	return due;
}

/** The arrivals of all agents together. */
function unionOf(load: OpenLoad, agents: number): number[] {
	const shares = Array.from({ length: agents }, (_, shareIndex) => allOf({ ...load, shareIndex, shareCount: agents }));
	return shares.flat().sort((a, b) => a - b);
}

const rate = fc.integer({ min: 0, max: 2_000 });
const segment = fc
	.record({
		durationMs: fc.integer({ min: 1, max: 2_000 }),
		fromPerSecond: rate,
		toPerSecond: rate,
		share: fc.double({ min: 0, max: 1, noNaN: true }),
		sinePeriodMs: fc.integer({ min: 20, max: 5_000 }),
	})
	.map(({ share, ...line }) =>
		RateSegment.create({ ...line, sinePerSecond: share * Math.min(line.fromPerSecond, line.toPerSecond) }),
	);
const profile = fc.array(segment, { minLength: 1, maxLength: 4 });

describe("uniform arrivals", () => {
	test("are those of one agent, whatever the profile and the number of agents", () => {
		fc.assert(
			fc.property(profile, fc.integer({ min: 1, max: 64 }), (segments, agents) => {
				const load = loadOf({ profile: segments });
				expect(unionOf(load, agents)).toEqual(allOf(load));
				const { arrivals } = makeProfile(segments);
				expect(Math.abs(allOf(load).length - arrivals)).toBeLessThanOrEqual(0.5 + 1e-6);
			}),
			{ numRuns: 50 },
		);
	});

	test("of a constant rate come each 1/rate, the first after half of it, without rounding adding up", () => {
		const due = allOf(
			loadOf({ profile: [RateSegment.create({ durationMs: 3_600_000, fromPerSecond: 30, toPerSecond: 30 })] }),
		);
		expect(due).toHaveLength(108_000);
		expect(due[0]).toBeCloseTo(16_666.667, 3);
		expect(due.at(-1)).toBeCloseTo((107_999.5 / 30) * 1e6, 3);
	});
});

describe("bursts", () => {
	test("are those of one agent, and fall due together", () => {
		fc.assert(
			fc.property(
				profile,
				fc.integer({ min: 1, max: 9 }),
				fc.integer({ min: 1, max: 30 }),
				(segments, agents, burst) => {
					const load = loadOf({ profile: segments, arrivals: ArrivalProcess.BURST, burst });
					const due = allOf(load);
					expect(unionOf(load, agents)).toEqual(due);
					expect(due.length % burst).toBe(0);
					for (let index = 0; index < due.length; index++) {
						expect(due[index]).toBe(due[index - (index % burst)]);
					}
				},
			),
			{ numRuns: 50 },
		);
	});

	test("keep the rate", () => {
		const due = allOf(loadOf({ arrivals: ArrivalProcess.BURST, burst: 10 }));
		expect(due).toHaveLength(100);
		expect([...new Set(due)]).toEqual(Array.from({ length: 10 }, (_, epoch) => 50_000 + epoch * 100_000));
	});
});

describe("Poisson arrivals", () => {
	const RATE = 10_000;
	const SECONDS = 10;
	const load = loadOf({
		profile: [RateSegment.create({ durationMs: SECONDS * 1_000, fromPerSecond: RATE, toPerSecond: RATE })],
		arrivals: ArrivalProcess.POISSON,
		seed: 42,
	});

	test.each([1, 4, 32])("of %d agents add up to the process: counts and exponential gaps", (agents) => {
		const due = unionOf(load, agents);
		// Six standard deviations.
		expect(Math.abs(due.length - RATE * SECONDS)).toBeLessThan(6 * Math.sqrt(RATE * SECONDS));
		const gaps = due.map((at, index) => (at - (due[index - 1] ?? 0)) / 1e6).sort((a, b) => a - b);
		// Kolmogorov and Smirnov's distance to the exponential distribution; 1.95 is its 0.1 % point.
		const distance = gaps.reduce((most, gap, index) => {
			const expected = 1 - Math.exp(-RATE * gap);
			return Math.max(most, Math.abs(expected - index / gaps.length), Math.abs(expected - (index + 1) / gaps.length));
		}, 0);
		expect(distance * Math.sqrt(gaps.length)).toBeLessThan(1.95);
	});

	test("scatter as a Poisson process does: the variance of counts is their mean", () => {
		const counts = Array.from({ length: SECONDS * 100 }, () => 0);
		for (const at of unionOf(load, 4)) counts[Math.floor(at / 10_000)] = (counts[Math.floor(at / 10_000)] ?? 0) + 1;
		const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
		const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1);
		expect(variance / mean).toBeGreaterThan(0.8);
		expect(variance / mean).toBeLessThan(1.2);
	});

	test("come again with their seed, and differ with another and between agents", () => {
		expect(allOf(load)).toEqual(allOf(load));
		const first = (changes: Partial<OpenLoad>) => openArrivals({ ...load, ...changes }).dueUs;
		expect(first({ seed: 43 })).not.toBe(first({}));
		expect(first({ shareCount: 2, shareIndex: 0 })).not.toBe(first({ shareCount: 2, shareIndex: 1 }));
	});

	test("follow a profile: Λ of the gaps is exponential too", () => {
		const ramp = [RateSegment.create({ durationMs: 10_000, fromPerSecond: 0, toPerSecond: 4_000 })];
		const due = unionOf({ ...load, profile: ramp }, 3);
		const ramped = makeProfile(ramp);
		const half = due.filter((at) => ramped.arrivalsBy(at / 1_000) < 10_000).length;
		expect(Math.abs(half - 10_000)).toBeLessThan(6 * 100);
	});
});
