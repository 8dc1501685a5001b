import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeProfile } from "../../proto/profile.js";
import { formatPayload, formatPriorities, meanPayloadBytes, parsePayload, parsePriorities } from "./mix.js";
import {
	formatArrivals,
	formatRateSpec,
	parseArrivals,
	parseRate,
	peakRate,
	type RateSpec,
	rateSegments,
} from "./rate.js";

function rateOf(text: string): RateSpec {
	const rate = parseRate(text);
	if (!rate.ok) throw new Error(rate.expected);
	return rate.value;
}

describe("a rate", () => {
	test.each([
		["5000", "5000"],
		["2.5k", "2500"],
		["0.5", "0.5"],
		["1_000", "1000"],
		["ramp:0-5k", "ramp:0-5000"],
		["step:1-2-3-0", "step:1-2-3-0"],
		["spike:1000-8000@0+2s", "spike:1000-8000@0+2s"],
		["sine:0-5000/1m30s", "sine:0-5000/1m30s"],
	])("%s reads as %s", (text, formatted) => {
		expect(formatRateSpec(rateOf(text))).toBe(formatted);
		expect(rateOf(formatted)).toEqual(rateOf(text));
	});

	test.each([
		"",
		"0",
		"-5",
		"1e3",
		"fast",
		"5/s",
		"11000k",
		"ramp:5",
		"ramp:1-2-3",
		"ramp:0-0",
		"step:5",
		"spike:1-2",
		"spike:1-2@3+4s",
		"spike:1-2@1s+0",
		"sine:5-1/1s",
		"sine:1-5",
		"sine:1-5/0",
		"saw:1-5/1s",
	])("%j is refused", (text) => {
		expect(parseRate(text).ok).toBe(false);
	});

	const phases = { warmupMs: 5_000, durationMs: 20_000, keepMs: 10_000 };

	/** λ at these seconds since the epoch, of a warm-up of 5 s, 20 s measured, and 10 s kept up. */
	test.each<[string, number[], number[]]>([
		["100", [0, 5, 24, 34], [100, 100, 100, 100]],
		["ramp:100-300", [0, 5, 15, 24.999, 30], [100, 100, 200, 299.99, 300]],
		["step:100-200", [0, 14, 15, 34], [100, 100, 200, 200]],
		["spike:100-800@10s+2s", [0, 14.9, 15, 16.9, 17, 34], [100, 100, 800, 800, 100, 100]],
		["sine:100-300/20s", [0, 5, 10, 20, 34], [200, 200, 300, 100, 200]],
	])("%s goes through its phases", (text, seconds, rates) => {
		const profile = makeProfile(rateSegments(rateOf(text), phases));
		expect(profile.durationMs).toBe(35_000);
		for (const [index, at] of seconds.entries()) expect(profile.rateAt(at * 1_000)).toBeCloseTo(rates[index] ?? -1, 6);
	});

	test("offers over the measured time what its shape says", () => {
		const measured = (text: string) => {
			const profile = makeProfile(rateSegments(rateOf(text), phases));
			return profile.arrivalsBy(25_000) - profile.arrivalsBy(5_000);
		};
		expect(measured("100")).toBeCloseTo(2_000, 6);
		expect(measured("ramp:0-100")).toBeCloseTo(1_000, 6);
		expect(measured("step:10-20-30-40")).toBeCloseTo(500, 6);
		expect(measured("spike:10-100@18s+2s")).toBeCloseTo(380, 6);
		expect(measured("sine:0-100/10s")).toBeCloseTo(1_000, 6);
	});

	test("its peak is never exceeded", () => {
		const texts = fc.constantFrom("7", "ramp:0-9", "ramp:9-1", "step:3-1-8", "spike:2-1@1s+2s", "sine:0-7/3s");
		fc.assert(
			fc.property(texts, fc.double({ min: 0, max: 35_000, noNaN: true }), (text, atMs) => {
				const profile = makeProfile(rateSegments(rateOf(text), phases));
				expect(profile.rateAt(atMs)).toBeLessThanOrEqual(peakRate(rateOf(text)) + 1e-9);
			}),
		);
	});
});

test.each(["uniform", "poisson", "burst:1", "burst:1000000"])("arrivals %s", (text) => {
	const arrivals = parseArrivals(text);
	expect(arrivals.ok && formatArrivals(arrivals.value)).toBe(text);
});

test.each(["", "even", "burst", "burst:0", "burst:x", "burst:1000001"])("arrivals %j are refused", (text) => {
	expect(parseArrivals(text).ok).toBe(false);
});

describe("mixes", () => {
	test.each<[string, number[], string]>([
		["critical", [0, 0, 0, 1], "critical"],
		["low=1,normal=7,high=2", [1, 7, 2, 0], "low=1,normal=7,high=2"],
		["high=0.5, low=0.25", [0.25, 0, 0.5, 0], "low=0.25,high=0.5"],
		["low=3", [3, 0, 0, 0], "low"],
	])("priority %s", (text, weights, formatted) => {
		const mix = parsePriorities(text);
		expect(mix).toEqual({ ok: true, value: weights });
		expect(mix.ok && formatPriorities(mix.value)).toBe(formatted);
	});

	test.each(
		["", "urgent", "low=0", "low", "low=1,low=2", "low=1,urgent=2", "low,high", "low=-1"].filter((x) => x !== "low"),
	)("priority %j is refused", (text) => {
		expect(parsePriorities(text).ok).toBe(false);
	});

	test.each([
		["1KB", "1KB", 1_024],
		["0-100", "0B-100B", 50],
		["1KB=9+10KB=1", "1KB=9+10KB=1", 1_945.6],
		["0-2KB=1+4KB=3", "0B-2KB=1+4KB=3", 3_328],
		["7=5", "7B", 7],
	])("payload %s reads as %s", (text, formatted, mean) => {
		const payload = parsePayload(text);
		if (!payload.ok) throw new Error(payload.expected);
		expect(formatPayload(payload.value)).toBe(formatted);
		expect(meanPayloadBytes(payload.value)).toBeCloseTo(mean, 6);
	});

	test.each(["", "10KB-1KB", "1KB-2KB-3KB", "1KB+2KB", "1KB=0", "1KB=1+2KB", "4MB", "1KB-4MB", "=1"])(
		"payload %j is refused",
		(text) => {
			expect(parsePayload(text).ok).toBe(false);
		},
	);
});
