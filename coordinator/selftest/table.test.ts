import picocolors from "picocolors";
import { expect, test } from "vitest";
import { ClockSync } from "../../proto/gen/measurement.js";
import { agreement } from "./clocks.js";
import { stalledQuantileMs } from "./omission.js";
import { exactly, judge, renderOutcome, renderRow, verdictOfRow } from "./table.js";

const plain = picocolors.createColors(false);
const figure = { name: "mean", theory: 50, low: 40, high: 60, format: (value: number) => `${value} ms` };

test("a busy machine excuses what is too long, and nothing that is too short", () => {
	const verdict = (measured: number, excuse: string | undefined) => judge({ ...figure, measured, excuse }).verdict;
	expect([40, 50, 60].map((measured) => verdict(measured, "busy"))).toEqual(["pass", "pass", "pass"]);
	expect(verdict(61, undefined)).toBe("FAIL");
	expect(verdict(61, "busy")).toBe("INCONCLUSIVE");
	expect(verdict(39, "busy")).toBe("FAIL");
	expect(verdict(Number.NaN, "busy")).toBe("FAIL");
});

test("a row is printed with its reasons, and fails with one of its checks", () => {
	const checks = [
		exactly("lost", "3", "3"),
		judge({ ...figure, measured: 70, excuse: "the cores were 97% busy" }),
		judge({ ...figure, measured: 30, excuse: undefined }),
	];
	const row = { row: "queueing", title: "M/M/1", checks };
	const text = renderRow(row, plain);
	expect(text).toMatch(/^ {2}queueing: M\/M\/1\n {2}check +theory +measured +allowed +verdict\n/);
	expect(text).toMatch(/\n {2}lost +3 +3 +exact +pass\n/);
	expect(text).toMatch(/\n {2}mean +50 ms +70 ms +40 ms … 60 ms +INCONCLUSIVE\n/);
	expect(text).toContain("mean: too long, but the cores were 97% busy");
	expect(verdictOfRow(row)).toBe("FAIL");
	expect(verdictOfRow({ ...row, checks: checks.slice(0, 2) })).toBe("INCONCLUSIVE");
	expect(renderOutcome([row, row], 47.6, plain)).toBe("  self-test FAILED: queueing (6 checks in 2 rows, 48 s)");
	expect(renderOutcome([{ ...row, checks: checks.slice(0, 1) }], 2, plain)).toBe(
		"  self-test PASSED (1 check in 1 row, 2 s)",
	);
});

test("a stall of 1 s in 5 s at twice the rate afterwards: 40 % of the tasks are late, evenly up to 1 s", () => {
	expect(stalledQuantileMs(0.6)).toBeCloseTo(0);
	expect(stalledQuantileMs(0.9)).toBeCloseTo(750);
	expect(stalledQuantileMs(0.99)).toBeCloseTo(975);
});

test("bounds of a clock that have no point in common fail, unless drift explains it", () => {
	const reading = (offsetUs: number, boundUs: number, atSeconds = 0) =>
		ClockSync.create({ offsetUs, boundUs, monotonicNowUs: atSeconds * 1e6 });
	expect(agreement([reading(1_000, 50), reading(1_080, 40)]).verdict).toBe("pass");
	expect(agreement([reading(1_000, 50), reading(1_100, 40)])).toMatchObject({ verdict: "FAIL" });
	expect(agreement([reading(1_000, 50), reading(1_100, 40, 1)]).verdict).toBe("pass");
	expect(agreement([reading(0, 5_000), reading(1_000, 50), reading(-1_000, 50)]).verdict).toBe("FAIL");
});
