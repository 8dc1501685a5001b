import { expect, it } from "vitest";
import { overallOf } from "./overall.js";
import type { ComparedMetric, ComparedPoint } from "./schema.js";

/** A headline metric of values that vary, with this outcome and p-value. */
function metric(
	key: "throughput" | "p99" | "errors",
	outcome: ComparedMetric["outcome"],
	pValue: number,
): ComparedMetric {
	const rise = { better: 0.1, worse: -0.1, equivalent: 0.001, inconclusive: 0.02 }[outcome ?? "inconclusive"];
	const change = key === "throughput" ? rise : -rise;
	return {
		key,
		title: key,
		better: key === "throughput" ? "higher" : "lower",
		headline: true,
		scale: key === "errors" ? "difference" : "ratio",
		baseline: { median: 1, values: [1, 1.1] },
		candidate: { median: 1.1, values: [1, 1.2] },
		change,
		interval: { low: change - 0.05, high: change + 0.05 },
		pValue,
		delta: 0.05,
		noiseFloor: null,
		outcome,
		runsNeeded: outcome === "inconclusive" ? 17 : null,
		sentence: "",
	};
}

function verdict(...metrics: ComparedMetric[]) {
	const point: ComparedPoint = { name: "", differences: [], baselineRuns: 10, candidateRuns: 10, metrics };
	return overallOf([point], "pairs");
}

it.each([
	[
		"one that is sure enough for both",
		metric("throughput", "better", 0.02),
		metric("p99", "equivalent", 0.6),
		"better",
	],
	["both, each sure", metric("throughput", "better", 0.04), metric("p99", "better", 0.05), "better"],
	[
		"one that is sure for itself alone",
		metric("throughput", "better", 0.04),
		metric("p99", "equivalent", 0.6),
		"inconclusive",
	],
	["a loss", metric("throughput", "equivalent", 0.3), metric("p99", "worse", 0.01), "worse"],
	["a gain and a loss", metric("throughput", "better", 0.01), metric("p99", "worse", 0.01), "mixed"],
	["none", metric("throughput", "equivalent", 0.3), metric("p99", "equivalent", 0.6), "equivalent"],
	["one that is open", metric("throughput", "equivalent", 0.3), metric("p99", "inconclusive", 0.6), "inconclusive"],
])("%s", (_, one, other, outcome) => {
	expect(verdict(one, other).outcome).toBe(outcome);
});

it("a metric that never varies, as no errors, makes the others no less sure", () => {
	const still = { ...metric("errors", "equivalent", 1), baseline: { median: 0, values: [0, 0] } };
	const never = { ...still, candidate: still.baseline, change: 0, interval: { low: 0, high: 0 } };
	expect(verdict(metric("throughput", "better", 0.04), never).outcome).toBe("better");
	expect(verdict(metric("throughput", "better", 0.04), metric("errors", "equivalent", 1)).outcome).toBe("inconclusive");
});

it("says what would settle it, in pairs", () => {
	expect(verdict(metric("throughput", "inconclusive", 0.4)).sentence).toMatch(/about 17 pairs would settle it/);
});
