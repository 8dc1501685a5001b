import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	formatDuration,
	formatSize,
	type Parsed,
	parseCount,
	parseDuration,
	parseList,
	parseSize,
} from "./quantities.js";

function read<T>(result: Parsed<T>): T | string {
	return result.ok ? result.value : result.expected;
}

describe("durations", () => {
	test.each([
		["0", 0],
		["0s", 0],
		["250us", 0.25],
		["250µs", 0.25],
		["10ms", 10],
		["0.5ms", 0.5],
		["1.001ms", 1.001],
		["30s", 30_000],
		["0.1s", 100],
		["1.1s", 1_100],
		["90m", 5_400_000],
		["1m30s", 90_000],
		["2h", 7_200_000],
		["1h2m3s4ms5us", 3_723_004.005],
		["1m500ms", 60_500],
	])("%s is %d ms", (text, durationMs) => {
		expect(read(parseDuration(text))).toBe(durationMs);
	});

	test.each([
		"",
		"10",
		"1.5",
		"ms",
		"10 ms",
		"-1s",
		"1s1m",
		"1s2s",
		"10S",
		"1e3ms",
		"1d",
		"five seconds",
		"1.s",
		"NaN",
	])("%j is none", (text) => {
		expect(read(parseDuration(text))).toBe("expected a duration such as 10ms, 30s or 1m30s");
	});

	test.each(["0.5us", "0.0001ms", "1.5us", "1e9h"])("%j is not exact", (text) => {
		expect(parseDuration(text).ok).toBe(false);
	});

	test("parts of a microsecond are refused in words", () => {
		expect(read(parseDuration("0.0001ms"))).toBe("expected whole microseconds");
	});

	test.each([
		[0, "0"],
		[0.25, "250us"],
		[2.5, "2.5ms"],
		[999.999, "999.999ms"],
		[1_000, "1s"],
		[1_500, "1.5s"],
		[60_000, "1m"],
		[90_000, "1m30s"],
		[3_600_000, "1h"],
		[3_660_500, "1h1m0.5s"],
	])("%d ms is written %s", (durationMs, text) => {
		expect(formatDuration(durationMs)).toBe(text);
	});

	test("what is written reads as the same", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 7 * 86_400_000_000 }), (durationUs) => {
				expect(read(parseDuration(formatDuration(durationUs / 1_000)))).toBe(durationUs / 1_000);
			}),
		);
	});
});

describe("sizes", () => {
	test.each([
		["0", 0],
		["100", 100],
		["100B", 100],
		["1KB", 1_024],
		["1kb", 1_024],
		["1KiB", 1_024],
		["1 KB", 1_024],
		["1.5KB", 1_536],
		["64KB", 65_536],
		["1MB", 1_048_576],
		["2GB", 2_147_483_648],
	])("%s is %d bytes", (text, bytes) => {
		expect(read(parseSize(text))).toBe(bytes);
	});

	test.each(["", "KB", "-1", "1.5B", "1.0001KB", "1TB", "1K", "1  KB", "one", "9999999999GB"])("%j is none", (text) => {
		expect(read(parseSize(text))).toBe("expected a size such as 100B, 1KB or 1.5MB");
	});

	test.each([
		[0, "0B"],
		[100, "100B"],
		[1_024, "1KB"],
		[1_536, "1536B"],
		[3_145_728, "3MB"],
	])("%d bytes are written %s", (bytes, text) => {
		expect(formatSize(bytes)).toBe(text);
	});

	test("what is written reads as the same", () => {
		const bytes = fc.oneof(
			fc.nat(),
			fc.nat(4_000).map((count) => count * 1_024),
			fc.nat(4_000).map((count) => count * 1_048_576),
		);
		fc.assert(
			fc.property(bytes, (size) => {
				expect(read(parseSize(formatSize(size)))).toBe(size);
			}),
		);
	});
});

describe("counts", () => {
	test.each([
		["7", 7],
		["1000", 1_000],
		["1_000", 1_000],
		["20k", 20_000],
		["2M", 2_000_000],
		["1_000k", 1_000_000],
	])("%s is %d", (text, count) => {
		expect(read(parseCount(text, 1, 2_000_000))).toBe(count);
	});

	test.each(["", "0", "-1", "1.5", "1,000", "1__000", "1_00", "1K", "1m", "0x10", "1e3", "2000001", "∞", " 7"])(
		"%j is none",
		(text) => {
			expect(read(parseCount(text, 1, 2_000_000))).toBe("expected a whole number from 1 to 2,000,000");
		},
	);

	const listed = (text: string) => parseList(text, (part) => parseCount(part, 1, 16));

	test("lists keep their order", () => {
		expect(read(listed("4"))).toEqual([4]);
		expect(read(listed("16,1, 2"))).toEqual([16, 1, 2]);
	});

	test.each(["", "1,", ",", "1,17", "1;2", "a"])("%j is no list", (text) => {
		expect(read(listed(text))).toBe("expected a whole number from 1 to 16");
	});

	test("a number twice is refused", () => {
		expect(read(listed("1,2,1"))).toBe("expected each value once");
	});
});
