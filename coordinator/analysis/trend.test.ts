import { describe, expect, it } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { mannKendallZ, pooled, theilSenSlope, Z_TWO_SIDED_1_PERCENT } from "./trend.js";

describe("mannKendallZ", () => {
	it.each([
		// S = 45, variance 10·9·25/18 = 125.
		["ten rising values", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 44 / Math.sqrt(125)],
		["ten falling values", [10, 9, 8, 7, 6, 5, 4, 3, 2, 1], -44 / Math.sqrt(125)],
		// S = 9, variance (5·4·15 − 2·1·9)/18 = 47/3.
		["a tie", [1, 2, 2, 3, 4], 8 / Math.sqrt(47 / 3)],
		["one value again and again", [7, 7, 7, 7], 0],
		["nothing", [], 0],
	])("of %s", (_, values, z) => {
		// One is taken off the sum of the signs S towards zero, for continuity.
		expect(mannKendallZ(values)).toBeCloseTo(z, 10);
	});

	it("finds a trend in one of a hundred series that have none", () => {
		const random = randomFrom(5);
		const found = Array.from({ length: 2_000 }, () => mannKendallZ(Array.from({ length: 20 }, random))).filter(
			(z) => Math.abs(z) > Z_TWO_SIDED_1_PERCENT,
		).length;
		expect(found / 2_000).toBeGreaterThan(0.003);
		expect(found / 2_000).toBeLessThan(0.02);
	});
});

describe("theilSenSlope", () => {
	it("is a line's own, whatever a few outliers say", () => {
		const line = Array.from({ length: 21 }, (_, x) => ({ x, y: 3 * x - 7 }));
		expect(theilSenSlope(line)).toBe(3);
		const outliers = line.map(({ x, y }) => ({ x, y: x % 7 === 3 ? 1e9 : y }));
		expect(theilSenSlope(outliers)).toBeCloseTo(3, 10);
	});

	it("is 0 of less than two places", () => {
		expect(theilSenSlope([])).toBe(0);
		expect(
			theilSenSlope([
				{ x: 1, y: 1 },
				{ x: 1, y: 5 },
			]),
		).toBe(0);
	});
});

describe("pooled", () => {
	it("keeps the mean and the slope", () => {
		const line = Array.from({ length: 3_600 }, (_, x) => ({ x, y: 2 * x }));
		const few = pooled(line, 100);
		expect(few).toHaveLength(100);
		expect(few.reduce((sum, { y }) => sum + y, 0) / 100).toBeCloseTo(3_599, 6);
		expect(theilSenSlope(few)).toBeCloseTo(2, 10);
	});
});
