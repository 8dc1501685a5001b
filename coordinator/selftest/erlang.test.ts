import { describe, expect, test } from "vitest";
import {
	meanResponseMs,
	meanWaitMs,
	type QueueSetting,
	respondsLongerThan,
	responseQuantileMs,
	utilization,
	waitProbability,
	waitsLongerThan,
} from "./erlang.js";

const queue = (arrivalsPerSecond: number, meanServiceMs: number, servers: number): QueueSetting => ({
	arrivalsPerSecond,
	meanServiceMs,
	servers,
});

/** By the definition: a^c/c!·1/(1−ρ) over that plus the sum of a^k/k!. */
function erlangCBySum(servers: number, load: number): number {
	let term = 1;
	let sum = 1;
	for (let k = 1; k < servers; k++) {
		term *= load / k;
		sum += term;
	}
	const last = ((term * load) / servers) * (servers / (servers - load));
	return last / (sum + last);
}

describe("Erlang's C", () => {
	// From tables of C(c, a).
	test.each([
		[1, 0.5, 0.5],
		[2, 1, 1 / 3],
		[2, 1.6, 0.7111],
		[3, 2, 0.4444],
		[5, 4, 0.5541],
		[10, 8, 0.4092],
	])("C(%d, %d) = %d", (servers, load, expected) => {
		expect(waitProbability(queue(load * 10, 100, servers))).toBeCloseTo(expected, 4);
	});

	test("is its definition, for any number of servers", () => {
		for (const servers of [1, 2, 7, 20, 64]) {
			for (const rho of [0.1, 0.5, 0.8, 0.95]) {
				const load = rho * servers;
				expect(waitProbability(queue(load, 1_000, servers))).toBeCloseTo(erlangCBySum(servers, load), 10);
			}
		}
	});

	test("refuses a queue without a steady state", () => {
		expect(() => waitProbability(queue(20, 100, 2))).toThrow(RangeError);
	});
});

describe("M/M/1", () => {
	const setting = queue(40, 20, 1);

	test("waits ρ/(μ−λ), responds in 1/(μ−λ), exponentially", () => {
		expect(utilization(setting)).toBeCloseTo(0.8);
		expect(waitProbability(setting)).toBeCloseTo(0.8);
		expect(meanWaitMs(setting)).toBeCloseTo(80);
		expect(meanResponseMs(setting)).toBeCloseTo(100);
		expect(responseQuantileMs(setting, 0.99)).toBeCloseTo(100 * Math.log(100), 6);
		expect(waitsLongerThan(setting, 50)).toBeCloseTo(0.8 * Math.exp(-0.5));
	});

	test("the rate at which p99 is 50 ms is 907.9/s with μ = 1,000/s (measurement.md §10)", () => {
		expect(responseQuantileMs(queue(907.9, 1, 1), 0.99)).toBeCloseTo(50, 1);
	});
});

test("response times are the integral of their tail, also where the queue drains as fast as a server serves", () => {
	// The second: cμ − λ = μ.
	for (const setting of [queue(56, 50, 4), queue(20, 50, 2), queue(320, 50, 20)]) {
		let mean = 0;
		for (let ms = 0; ms < 5_000; ms += 0.25) mean += 0.25 * respondsLongerThan(setting, ms + 0.125);
		expect(mean).toBeCloseTo(meanResponseMs(setting), 2);
		expect(respondsLongerThan(setting, responseQuantileMs(setting, 0.95))).toBeCloseTo(0.05, 8);
	}
});
