import { expect, it } from "vitest";
import { percentileStrip } from "./percentileStrip.js";
import { sparkline } from "./sparkline.js";

it("places percentiles on a log scale", () => {
	expect(percentileStrip({ min: 1, p50: 10, p95: 100, p99: 1_000, max: 10_000 }, 9)).toBe("──●─◆─▲──");
});

it("leaves out what is withheld; of two in one place the lower is shown", () => {
	expect(percentileStrip({ min: 1, p50: 10, p95: 10, p99: undefined, max: 100 }, 5)).toBe("──●──");
});

it("is empty where there is no spread", () => {
	expect(percentileStrip({ min: 5, p50: 5, p95: 5, p99: 5, max: 5 }, 9)).toBe("");
	expect(percentileStrip({ min: 0, p50: 0, p95: 0, p99: 0, max: 0 }, 9)).toBe("");
});

it("a sparkline reaches its full height, and tells little from nothing", () => {
	expect(sparkline([0, 1, 500, 1_000])).toBe("▁▂▅█");
	expect(sparkline([0, 0])).toBe("▁▁");
});
