import { expect, test } from "vitest";
import { simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { buildRun } from "./buildRun.js";
import { clockColumn, clocksSentence, withClockBound } from "./clocksText.js";
import type { ReportRun } from "./schema.js";

const runOf = (hosts: readonly string[]): ReportRun => {
	const [record] = simulatedRecord([{ agents: 2, hosts }]).runs;
	if (!record) throw new Error("no run");
	return buildRun(mergeRun(record));
};

test.each([
	["3.20 ms", 3_200, 0, "3.20 ms"],
	["3.20 ms", 3_200, 150, "3.20 ms ±150 µs (clock)"],
	["~1.50 ms", 1_500, 150, "~1.50 ms ±150 µs (clock)"],
	["1.49 ms", 1_490, 150, "1.49 ms ±150 µs! (clock)"],
	["149 µs", 149, 150, "<150 µs (clock)"],
	["—", 0, 150, "—"],
])("%s of %d µs with clocks off by %d µs reads %s", (cell, us, clockBoundUs, printed) => {
	const figures = { ...runOf(["a"]).latency.responseTime, clockBoundUs };
	expect(withClockBound(cell, us, figures)).toBe(printed);
});

test("on one host nothing is said of clocks", () => {
	expect(clocksSentence(runOf(["a"]))).toBeUndefined();
});

test("on two hosts each one's drift is told, and what crossed", () => {
	const run = runOf(["a", "b"]);
	const clocks = run.clocks && {
		...run.clocks,
		hosts: run.clocks.hosts.map((host, index) => ({ ...host, driftPpm: index === 0 ? null : -3.25, steps: index })),
		betweenHosts: { count: 2_000, p50Us: 3_300 },
		belowZero: { count: 3, mostUs: 41 },
	};
	expect(clocksSentence({ ...run, clocks })).toMatch(
		/^2 hosts; drift against Redis unknown, −3.3 ppm; 1 step; .*p50 between hosts 3.30 ms \(2,000 tasks\); 3 response times below zero, by 41.0 µs at the most$/,
	);
});

test("a table of stages has a column for the clocks where some row's times lie between hosts", () => {
	const { responseTime, enqueueTime } = runOf(["a"]).latency;
	expect(clockColumn([responseTime, enqueueTime])).toBeUndefined();
	expect(clockColumn([{ ...responseTime, clockBoundUs: 150 }, enqueueTime])).toEqual({
		title: "clock",
		cells: ["±150 µs", ""],
	});
});
