import { expect, it } from "vitest";
import { confidenceOf } from "./percentiles.js";

it.each([
	[50, 0, 0, "withheld"],
	[50, 19, 0, "withheld"],
	[50, 20, 0, "low"],
	[50, 199, 0, "low"],
	[50, 200, 0, "ok"],
	[95, 199, 0, "withheld"],
	[95, 200, 0, "low"],
	[99, 999, 0, "withheld"],
	[99, 1_000, 0, "low"],
	[99, 9_999, 0, "low"],
	[99, 10_000, 0, "ok"],
	[99.9, 9_999, 0, "withheld"],
	[99.9, 10_000, 0, "low"],
	[99.9, 100_000, 0, "ok"],
	// With 2 % unfinished the p99 lies among them, the p95 does not.
	[99, 98_000, 2_000, "withheld"],
	[95, 98_000, 2_000, "ok"],
] as const)("p%d of %d values with %d unfinished is %s", (percent, count, unfinished, confidence) => {
	expect(confidenceOf(percent, count, unfinished)).toBe(confidence);
});
