import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
	formatBytes,
	formatClock,
	formatCount,
	formatMicros,
	formatQuantity,
	formatRate,
	formatShare,
	printable,
	shorten,
	wrap,
	wrapItems,
} from "./format.js";

const US_PER = new Map([
	["ns", 1e-3],
	["µs", 1],
	["ms", 1e3],
	["s", 1e6],
]);

describe("formatMicros", () => {
	it.each([
		[0, "0 µs"],
		[0.0123, "12.3 ns"],
		[0.85, "850 ns"],
		[0.9996, "1.00 µs"],
		[1, "1.00 µs"],
		[12.345, "12.3 µs"],
		[999.4, "999 µs"],
		[999.5, "1.00 ms"],
		[1_234, "1.23 ms"],
		[99_960, "100 ms"],
		[999_499, "999 ms"],
		[999_500, "1.00 s"],
		[2_610_000, "2.61 s"],
		[3.6e9, "3600 s"],
	])("%d µs is %s", (us, text) => expect(formatMicros(us)).toBe(text));

	property.prop([fc.double({ min: 0.001, max: 3.6e9, noNaN: true })])("keeps three significant digits", (us) => {
		const [figure = "", unit = ""] = formatMicros(us).split(" ");
		expect(Number(figure) * (US_PER.get(unit) ?? Number.NaN)).toBeGreaterThan(us * 0.9949);
		expect(Number(figure) * (US_PER.get(unit) ?? Number.NaN)).toBeLessThan(us * 1.0051);
		expect(figure.replace(/^0\.0*|\./g, "").length).toBeLessThanOrEqual(unit === "s" ? 4 : 3);
	});
});

describe("formatShare", () => {
	it.each([
		[0, "0%"],
		[1e-7, "<0.001%"],
		[0.0001, "0.01%"],
		[0.00123, "0.12%"],
		[0.125, "12.5%"],
		[0.9994, "99.9%"],
		[0.9996, "99.96%"],
		[0.99999, ">99.99%"],
		[1, "100%"],
		[1.5, "150%"],
	])("%d is %s", (share, text) => expect(formatShare(share)).toBe(text));

	property.prop([fc.double({ min: Number.MIN_VALUE, max: 1, maxExcluded: true, noNaN: true })])(
		"says 0% and 100% of nothing else",
		(share) => {
			expect(formatShare(share)).not.toBe("0%");
			expect(formatShare(share)).not.toBe("100%");
		},
	);
});

it.each([
	[0, "0"],
	[999, "999"],
	[1_000, "1,000"],
	[1_234_567, "1,234,567"],
])("formatCount(%d)", (count, text) => expect(formatCount(count)).toBe(text));

it.each([
	[0, "0.00"],
	[96.123, "96.12"],
	[99.996, "100.0"],
	[385.24, "385.2"],
	[999.96, "1,000"],
	[12_345.6, "12,346"],
])("formatRate(%d)", (rate, text) => expect(formatRate(rate)).toBe(text));

it.each([
	[0, "0 B"],
	[512, "512 B"],
	[1_000, "0.977 KB"],
	[1_536, "1.50 KB"],
	[100_663_296, "96.0 MB"],
	[5e12, "4.55 TB"],
])("formatBytes(%d)", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
	[0, "0s"],
	[-5, "0s"],
	[59_400, "59s"],
	[59_600, "1m 00s"],
	[65_000, "1m 05s"],
	[7_380_000, "2h 03m"],
])("formatClock(%d)", (ms, text) => expect(formatClock(ms)).toBe(text));

it("counts in words", () => {
	expect(formatQuantity(1, "task")).toBe("1 task");
	expect(formatQuantity(2_000, "retry", "retries")).toBe("2,000 retries");
});

property.prop([fc.string(), fc.integer({ min: 1, max: 100 })])(
	"wrap loses no word and keeps to the width",
	(text, width) => {
		const words = text.split(" ").filter((word) => word !== "");
		const lines = wrap(words.join(" "), width);
		expect(lines.join(" ")).toBe(words.join(" "));
		for (const line of lines) expect(line.length <= width || !line.includes(" ")).toBe(true);
	},
);

property.prop([fc.array(fc.stringMatching(/^\w(\w| \w){0,20}$/)), fc.integer({ min: 1, max: 60 })])(
	"wrapItems loses and breaks no item and keeps to the width",
	(items, width) => {
		const lines = wrapItems(items, " · ", width);
		expect(lines.join(" ")).toBe(items.join(" · "));
		for (const line of lines) expect(line.length <= width || !line.includes(" · ")).toBe(true);
		for (const line of lines.slice(0, -1)) expect(line).toMatch(/ ·$/);
	},
);

property.prop([fc.string({ unit: "binary" })])("printable leaves nothing that moves a cursor", (text) => {
	expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

it("shortens with a sign that it did", () => {
	expect(shorten("bench", 5)).toBe("bench");
	expect(shorten("benches", 5)).toBe("benc…");
});
