import { describe, expect, it } from "vitest";
import { rankSumDistribution, signedRankDistribution } from "./rankDistribution.js";
import { median, pairedShift, unpairedShift } from "./shift.js";

/** The largest s with P(S ≤ s) ≤ 0.025: what tables print as the critical value for 5 %, two-sided. */
function criticalValue({ atMost, max }: { atMost: (s: number) => number; max: number }): number {
	let s = -1;
	while (s < max && atMost(s + 1) <= 0.025) s++;
	return s;
}

describe("the exact distributions", () => {
	it.each([
		// Wilcoxon & Wilcox 1964, as reprinted in most textbooks.
		...[
			[5, -1],
			[6, 0],
			[7, 2],
			[8, 3],
			[9, 5],
			[10, 8],
			[11, 10],
			[12, 13],
			[13, 17],
			[14, 21],
			[15, 25],
		],
		...[
			[16, 29],
			[17, 34],
			[18, 40],
			[19, 46],
			[20, 52],
			[25, 89],
			[30, 137],
		],
	])("signed rank, %i pairs: the tables' critical value is %i", (n, expected) => {
		expect(criticalValue(signedRankDistribution(n ?? 0))).toBe(expected);
	});

	it.each([
		// Mann & Whitney 1947 and Auble 1953, as reprinted in most textbooks.
		...[
			[3, 3, -1],
			[3, 5, 0],
			[4, 4, 0],
			[5, 5, 2],
			[5, 10, 8],
			[6, 6, 5],
			[7, 7, 8],
			[8, 8, 13],
			[10, 10, 23],
		],
		...[
			[10, 15, 39],
			[15, 15, 64],
			[20, 20, 127],
		],
	])("Mann–Whitney, %i and %i values: the tables' critical value is %i", (m, n, expected) => {
		expect(criticalValue(rankSumDistribution(m ?? 0, n ?? 0))).toBe(expected);
		expect(criticalValue(rankSumDistribution(n ?? 0, m ?? 0))).toBe(expected);
	});

	it("sum to one and are symmetric", () => {
		for (const { atMost, max } of [signedRankDistribution(12), rankSumDistribution(5, 9)]) {
			expect(atMost(max)).toBeCloseTo(1, 12);
			for (let s = 0; s < max; s++) expect(atMost(s)).toBeCloseTo(1 - atMost(max - s - 1), 12);
		}
	});

	it.each([
		["signed rank", signedRankDistribution(200), signedRankDistribution(201)],
		["Mann–Whitney", rankSumDistribution(50, 50), rankSumDistribution(50, 51)],
	])("%s: exact and approximated meet where the one gives way to the other", (_, exact, approximate) => {
		for (const share of [0.4, 0.43, 0.47, 0.5, 0.53]) {
			const before = exact.atMost(Math.round(share * exact.max));
			expect(approximate.atMost(Math.round(share * approximate.max))).toBeCloseTo(before, 2);
		}
	});
});

describe("paired", () => {
	// Hamilton's depression scale before and after a tranquillizer: Hollander & Wolfe 1973, p. 29, whose figures these are.
	const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
	const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
	const differences = before.map((value, index) => value - (after[index] ?? 0));

	it("gives the published estimate, interval and p-value", () => {
		const shift = pairedShift(differences);
		expect(shift.estimate).toBeCloseTo(0.46, 10);
		expect(shift.interval?.low).toBeCloseTo(0.01, 10);
		expect(shift.interval?.high).toBeCloseTo(0.786, 10);
		expect(shift.pValue).toBeCloseTo(0.0390625, 10);
	});

	it("has no interval below 6 pairs, and the whole range of averages at 6", () => {
		expect(pairedShift([1, 2, 3, 4, 5]).interval).toBeUndefined();
		expect(pairedShift([3, 1, 2, 6, 5, 4]).interval).toEqual({ low: 1, high: 6 });
	});

	it("says of pairs without any difference that there is none", () => {
		expect(pairedShift(Array(10).fill(0))).toEqual({ estimate: 0, interval: { low: 0, high: 0 }, pValue: 1 });
	});
});

describe("unpaired", () => {
	// Permeability of the human chorioamnion at term and earlier: Hollander & Wolfe 1973, p. 69, whose figures these are.
	const atTerm = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
	const earlier = [1.15, 0.88, 0.9, 0.74, 1.21];

	it("gives the published estimate, interval and p-value", () => {
		const shift = unpairedShift(earlier, atTerm);
		expect(shift.estimate).toBeCloseTo(0.305, 10);
		expect(shift.interval?.low).toBeCloseTo(-0.15, 10);
		expect(shift.interval?.high).toBeCloseTo(0.76, 10);
		expect(shift.pValue).toBeCloseTo(0.2544, 4);
	});

	it("has no interval below 4 values a side", () => {
		expect(unpairedShift([1, 2, 3], [4, 5, 6]).interval).toBeUndefined();
		expect(unpairedShift([1, 2, 3, 4], [5, 6, 7, 8]).interval).toEqual({ low: 1, high: 7 });
	});
});

it.each([
	[[3], 3],
	[[4, 1], 2.5],
	[[9, 1, 5], 5],
])("the median of %j is %d", (values, expected) => {
	expect(median(values)).toBe(expected);
});
