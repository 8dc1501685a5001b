import { expect, test } from "vitest";
import { type Figures, judge, median, ratio } from "./bars.js";

const figures = (rates: Record<string, number[]>, rss: [number, number][] = []): Figures => ({
	rates: new Map(Object.entries(rates)),
	peakRssBytes: new Map(rss),
});

test.each([
	[[3], 3],
	[[5, 1, 3], 3],
	[[4, 1, 3, 2], 2.5],
])("the median of %j is %d", (values, expected) => {
	expect(median(values)).toBe(expected);
});

test("a ratio is the median of the rounds' ratios, not the ratio of medians", () => {
	// The machine was half as fast in the second round, for both.
	const noisy = figures({ fused: [100, 50, 90], limit: [200, 100, 100] });
	expect(ratio(noisy, "fused", "limit")).toBe(0.5);
	expect(ratio(noisy, "fused", "nothing")).toBeUndefined();
});

test("bars are judged for what was measured, on their good side and at them", () => {
	const bars = judge(
		figures({ fused: [70], limit: [100], "recording on": [100], "recording off": [106], classic: [4_999] }, [
			[1_000_000, 150e6],
			[100_000, 140e6],
		]),
	);
	expect(bars.map(({ name, met }) => [name, met])).toEqual([
		["fused ÷ limit", true],
		["classic, an agent, poll 0", false],
		["recording off ÷ on", false],
		["peak RSS of an agent, bytes", true],
		["peak RSS, most ÷ fewest tasks", true],
	]);
});
