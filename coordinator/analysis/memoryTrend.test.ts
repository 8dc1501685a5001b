import { describe, expect, it } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { type MemorySample, memoryTrendOf } from "./memoryTrend.js";

const MB = 1_048_576;

/** A sample a second of a heap that fills until it is collected, with noise that stays for a while. */
function samplesOf(seconds: number, growthPerSecond: number, seed: number, warmUpMb = 20): MemorySample[] {
	const random = randomFrom(seed);
	let noise = 0;
	return Array.from({ length: seconds }, (_, second) => {
		noise = 0.9 * noise + (random() - 0.5) * 2 * MB;
		const saw = (second % 7) * 1.5 * MB;
		const warmUp = warmUpMb * MB * (1 - Math.exp((-8 * second) / seconds));
		return { atUs: second * 1e6, rssBytes: 80 * MB + warmUp + saw + noise + growthPerSecond * second };
	});
}

const share = (growth: number, seconds: number) =>
	Array.from({ length: 400 }, (_, seed) => memoryTrendOf(samplesOf(seconds, growth, seed))).filter(
		({ kind }) => kind === "growing",
	).length / 400;

describe("by simulation", () => {
	it("calls a stable process stable in 98 of 100 runs, also while it warms up", () => {
		expect(share(0, 60)).toBeLessThanOrEqual(0.02);
		expect(share(0, 300)).toBeLessThanOrEqual(0.02);
	});

	it("finds a leak of a quarter of the memory over the run in 95 of 100 runs", () => {
		expect(share((0.25 * 80 * MB) / 60, 60)).toBeGreaterThanOrEqual(0.95);
		expect(share((0.25 * 80 * MB) / 300, 300)).toBeGreaterThanOrEqual(0.95);
	});
});

it("tells how fast it grows", () => {
	const trend = memoryTrendOf(samplesOf(120, MB, 1, 0));
	expect(trend).toMatchObject({ kind: "growing" });
	expect(trend.kind === "growing" ? trend.bytesPerSecond / MB : 0).toBeCloseTo(1, 1);
});

it("is not known of a short run, nor of none", () => {
	expect(memoryTrendOf(samplesOf(30, MB, 1))).toMatchObject({ kind: "unknown" });
	expect(memoryTrendOf([])).toMatchObject({ kind: "unknown" });
});

it("does not depend on the order of the samples", () => {
	const samples = samplesOf(60, MB, 3);
	expect(memoryTrendOf(samples.toReversed())).toEqual(memoryTrendOf(samples));
});
