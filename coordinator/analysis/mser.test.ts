import { describe, expect, it } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { mser5 } from "./mser.js";

/** Values around a level that `levelAt` gives. */
function noisy(count: number, levelAt: (index: number) => number, seed = 1): number[] {
	const random = randomFrom(seed);
	return Array.from({ length: count }, (_, index) => levelAt(index) + 10 * (random() - 0.5));
}

describe("mser5", () => {
	it("finds the warm-up of a step, to the batch", () => {
		const step = Array.from({ length: 500 }, (_, index) => (index < 100 ? 20 : 100));
		expect(mser5(step)).toEqual({ kind: "found", values: 100 });
	});

	it("finds about that of an exponential approach", () => {
		const found = mser5(noisy(600, (index) => 100 * (1 - Math.exp(-index / 25))));
		expect(found).toMatchObject({ kind: "found" });
		// At 50 it lies 14 below its end, at 150 by a quarter.
		if (found.kind === "found") expect(found.values).toBeGreaterThanOrEqual(50);
		if (found.kind === "found") expect(found.values).toBeLessThanOrEqual(150);
	});

	it("finds none of a constant", () => {
		expect(mser5(Array<number>(200).fill(7))).toEqual({ kind: "found", values: 0 });
	});

	it("says that what only climbs has not settled", () => {
		expect(mser5(noisy(400, (index) => index))).toEqual({ kind: "unsettled" });
	});

	it("seldom says it of noise alone", () => {
		const unsettled = Array.from({ length: 500 }, (_, seed) => mser5(noisy(150, () => 100, seed))).filter(
			({ kind }) => kind === "unsettled",
		).length;
		expect(unsettled / 500).toBeLessThan(0.02);
	});

	it("says nothing of less than 20 batches", () => {
		expect(mser5(noisy(99, () => 100))).toEqual({ kind: "tooShort" });
		expect(mser5([])).toEqual({ kind: "tooShort" });
	});
});
