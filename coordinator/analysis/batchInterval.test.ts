import { expect, it } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { BATCHES, batchInterval } from "./batchInterval.js";

it("is t · s / √10 about the whole", () => {
	// Deviations of ±1: s² = 10/9.
	const parts = [9, 11, 9, 11, 9, 11, 9, 11, 9, 11];
	const half = 2.262157 / 3;
	expect(batchInterval(10, parts).low).toBeCloseTo(10 - half, 6);
	expect(batchInterval(10, parts).high).toBeCloseTo(10 + half, 6);
	expect(batchInterval(1, parts).low).toBe(0);
	expect(() => batchInterval(1, [1])).toThrow(RangeError);
});

/** The order statistics around p·n that hold it in 95 % of samples of independent values. */
function independentInterval(sorted: Float64Array, p: number) {
	const half = 1.96 * Math.sqrt(sorted.length * p * (1 - p));
	const at = (rank: number) => sorted[Math.min(sorted.length - 1, Math.max(0, rank))] as number;
	return { low: at(Math.floor(sorted.length * p - half) - 1), high: at(Math.ceil(sorted.length * p + half) - 1) };
}

const quantile = (sorted: Float64Array, p: number) => sorted[Math.ceil(p * sorted.length) - 1] as number;

/** Response times of an M/M/1 queue of mean service 1 from its stationary state, by Lindley's recursion. */
function responses(rho: number, count: number, random: () => number): Float64Array {
	const exponential = () => -Math.log(1 - random());
	let waiting = random() < rho ? exponential() / (1 - rho) : 0;
	return Float64Array.from({ length: count }, () => {
		const response = waiting + exponential();
		waiting = Math.max(0, response - exponential() / rho);
		return response;
	});
}

it("covers the p99 of a loaded queue in most runs, where the formula for independent values hardly ever does", () => {
	const rho = 0.9;
	const p = 0.99;
	// The response time of M/M/1 is exponential with mean 1/(1-ρ).
	const truth = -Math.log(1 - p) / (1 - rho);
	const runs = 60;
	const count = 100_000;
	const covered = { batches: 0, independent: 0 };
	for (let run = 0; run < runs; run++) {
		const values = responses(rho, count, randomFrom(run + 1));
		const parts = Array.from({ length: BATCHES }, (_, part) => {
			const size = count / BATCHES;
			return quantile(values.slice(part * size, (part + 1) * size).sort(), p);
		});
		const sorted = values.sort();
		const holds = ({ low, high }: { low: number; high: number }) => low <= truth && truth <= high;
		if (holds(batchInterval(quantile(sorted, p), parts))) covered.batches++;
		if (holds(independentInterval(sorted, p))) covered.independent++;
	}
	expect(covered.independent / runs).toBeLessThan(0.2);
	expect(covered.batches / runs).toBeGreaterThan(0.7);
	// Optimistic, as its label says.
	expect(covered.batches / runs).toBeLessThan(0.95);
});
