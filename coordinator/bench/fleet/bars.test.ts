import { expect, test } from "vitest";
import { missedBars } from "./bars.js";
import type { FleetFigures } from "./messages.js";

const kept: FleetFigures = {
	agents: 500,
	lost: 0,
	joinedMs: 4_000,
	armedMs: 5_000,
	startSkewMs: 2,
	deltas: 5_000,
	deltaMeanMs: 1,
	deltaMaxMs: 40,
	collectedMs: 3_000,
	reportedMs: 2_000,
	resultBytes: 1,
	cpuShare: 0.5,
	peakRssBytes: 400e6,
	longestStallMs: 900,
	completed: 1_000,
	expected: 1_000,
};

test("a fleet that keeps every bar misses none", () => {
	expect(missedBars(kept)).toEqual([]);
});

test.each([
	["slow to arm", { armedMs: 10_000 }, /joined and armed in 10000 ms, not below 10000 ms/],
	["never armed", { armedMs: Number.NaN }, /joined and armed in NaN/],
	["slow to merge, in sum", { collectedMs: 6_000, reportedMs: 4_000 }, /results in and merged in 10000 ms/],
	["too large", { peakRssBytes: 700e6 }, /peak resident memory 700 MB, not below 600 MB/],
	["a stall", { longestStallMs: 5_001 }, /stood still for 5001 ms/],
	["a loss", { lost: 1 }, /1 of them were lost/],
	["tasks short", { completed: 999 }, /999 tasks in the report, 1000 were done/],
])("%s is told", (_, change, sentence) => {
	expect(missedBars({ ...kept, ...change })).toEqual([expect.stringMatching(sentence)]);
});
