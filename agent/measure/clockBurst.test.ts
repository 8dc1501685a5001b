import { describe, expect, test } from "vitest";
import { randomSource } from "../../tests/support/random.js";
import { type ClockSample, offsetInterval } from "./clockBurst.js";

const OFFSET_US = 1_795_403_078_000_123;

/** A burst whose requests take a leg of 34 µs and queue for an exponential time of 400 µs on average; answers take 34 µs. */
function queueingBurst(random: () => number, calls: number): ClockSample[] {
	let now = 1e9;
	return Array.from({ length: calls }, () => {
		const sentAtUs = now;
		const readAtUs = sentAtUs + 34 - 400 * Math.log(random());
		const receivedAtUs = readAtUs + 34;
		now = receivedAtUs + 10;
		return { sentAtUs, serverUs: Math.floor(readAtUs + OFFSET_US), receivedAtUs };
	});
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the offset that a burst bounds", () => {
	// The least of n queueing times is exponential with 400/n µs on average: the error is half of it, the bound 34 µs more.
	test.each([
		[8, 25],
		[16, 12.5],
		[32, 6.25],
	])("is within its bound though one leg queues: %i calls err by %d µs on average", (calls, expectedUs) => {
		const random = randomSource(20_261_123);
		const bursts = Array.from({ length: 300 }, () => {
			const { lowUs, highUs } = offsetInterval(queueingBurst(random, calls)) ?? { lowUs: 0, highUs: 0 };
			return { errorUs: Math.abs((lowUs + highUs) / 2 - OFFSET_US), boundUs: (highUs - lowUs) / 2 };
		});
		expect(bursts.filter(({ errorUs, boundUs }) => errorUs > boundUs)).toEqual([]);
		expect(mean(bursts.map(({ errorUs }) => errorUs)) / expectedUs).toBeGreaterThan(0.8);
		expect(mean(bursts.map(({ errorUs }) => errorUs)) / expectedUs).toBeLessThan(1.35);
		expect(Math.max(...bursts.map(({ errorUs }) => errorUs))).toBeLessThan(10 * expectedUs);
		// Calls lie up to 16 ms apart in the longest burst, in which clocks may drift by 8 µs.
		expect(mean(bursts.map(({ boundUs }) => boundUs)) - expectedUs - 34).toBeGreaterThan(-3);
		expect(mean(bursts.map(({ boundUs }) => boundUs)) - expectedUs - 34).toBeLessThan(9);
	});

	test("is that of a single call, to half its round trip and what drifts in it", () => {
		const interval = offsetInterval([{ sentAtUs: 1_000, serverUs: 51_050, receivedAtUs: 1_100 }]);
		const driftUs = 100 * 500e-6;
		expect(interval).toMatchObject({ atUs: 1_100, worstRoundTripUs: 100, samples: 1 });
		expect(interval?.lowUs).toBeCloseTo(49_950 - 0.25 - driftUs, 9);
		expect(interval?.highUs).toBeCloseTo(50_051 + 0.25 + driftUs, 9);
	});

	test("is as narrow as that of its fastest call, however long another one takes", () => {
		const fast = { sentAtUs: 0, serverUs: 1_020, receivedAtUs: 40 };
		const slow = { sentAtUs: 50, serverUs: 1_500_000, receivedAtUs: 2_000_050 };
		const { atUs, lowUs, highUs } = offsetInterval([fast, slow]) ?? { atUs: 0, lowUs: 0, highUs: 0 };
		expect(atUs).toBe(40);
		expect(highUs - lowUs).toBeLessThan(42);
	});

	test("does not exist when the clock was set between two calls", () => {
		const samples = queueingBurst(randomSource(7), 32).map((sample, call) =>
			call < 16 ? sample : { ...sample, serverUs: sample.serverUs - 5_000 },
		);
		expect(offsetInterval(samples)).toBeUndefined();
	});
});
