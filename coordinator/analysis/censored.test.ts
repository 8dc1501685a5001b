import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { censoredPercentile, NONE_UNFINISHED, type Unfinished, unfinishedOf, unfinishedOfStage } from "./censored.js";

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const waits = (...waited: number[]): Unfinished => ({
	count: waited.length,
	waited: waited.map((atLeastUs) => ({ atLeastUs, count: 1 })),
});

describe("a percentile", () => {
	const values = Distribution.of("us", upTo(90));

	it("is the values' own where all are finished", () => {
		expect(censoredPercentile(values, 50, NONE_UNFINISHED)).toEqual({ us: 45, isBound: false });
	});

	it("below the finished share counts the unfinished as slower", () => {
		const ten = waits(...Array<number>(10).fill(500));
		expect(censoredPercentile(values, 50, ten)).toEqual({ us: 50, isBound: false });
		expect(censoredPercentile(values, 90, ten)).toEqual({ us: 90, isBound: false });
	});

	it("above it is bounded by what they had waited", () => {
		const ten = waits(100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000);
		expect(censoredPercentile(values, 95, ten)).toEqual({ us: 500, isBound: true });
		expect(censoredPercentile(values, 99, ten)).toEqual({ us: 900, isBound: true });
	});

	it("is no more than what all but the finished prove, where they had waited less", () => {
		// The hundred are at least 1 … 90 and ten times 5: the 95th of these is 85.
		expect(censoredPercentile(values, 95, waits(...Array<number>(10).fill(5)))).toEqual({ us: 85, isBound: true });
		expect(censoredPercentile(values, 95, { count: 10, waited: [] })).toEqual({ us: 85, isBound: true });
	});
});

it("is never above the truth, and never below it where it is no bound", () => {
	const task = fc.record({ us: fc.integer({ min: 1, max: 2_000 }), leftUs: fc.integer({ min: 0, max: 2_000 }) });
	fc.assert(
		fc.property(fc.array(task, { minLength: 1, maxLength: 80 }), fc.integer({ min: 1, max: 99 }), (tasks, percent) => {
			// A task is finished when the run left it as long as it takes.
			const finished = tasks.filter(({ us, leftUs }) => leftUs >= us).map(({ us }) => us);
			fc.pre(finished.length > 0);
			const unfinished = waits(...tasks.filter(({ us, leftUs }) => leftUs < us).map(({ leftUs }) => leftUs));
			const truth = Distribution.of(
				"us",
				tasks.map(({ us }) => us),
			).percentileUs(percent);
			const found = censoredPercentile(Distribution.of("us", finished), percent, unfinished);
			if (found.isBound) expect(found.us).toBeLessThanOrEqual(truth);
			else expect(found.us).toBeGreaterThanOrEqual(truth);
		}),
	);
});

it("of a run that was stopped is what its tasks had waited then", () => {
	// Four producers send a task each 1.6 ms, the last at 400 ms; what is not done at 1 s remains.
	const run = mergeRun(simulatedRun({ abortedAtUs: 1_000_000 }));
	const unfinished = unfinishedOf(run);
	expect(unfinished.count).toBe(run.accounting.remaining);
	const least = unfinished.waited.map(({ atLeastUs, count }) => [atLeastUs, count]);
	expect(least[0]?.[0]).toBe(run.endAtUs - 400_000);
	expect(least.reduce((sum, [, count = 0]) => sum + count, 0)).toBe(unfinished.count);
	const response = run.stages.get(Stage.RESPONSE_TIME) ?? Distribution.empty("us");
	const p50 = censoredPercentile(response, 50, unfinished);
	expect(p50.isBound).toBe(true);
	expect(p50.us).toBeGreaterThanOrEqual(run.endAtUs - 400_000);
});

it("of an open loop counts what was dropped among its unfinished tasks", () => {
	// An arrival a millisecond for 2 s; the last 600 are dropped.
	const run = mergeRun(simulatedRun({ openMs: 2_000, agents: 2, droppedFromUs: 1_400_000 }));
	expect(run.accounting).toMatchObject({ issued: 1_400, completed: 1_400, balanced: true });
	const unfinished = unfinishedOf(run);
	expect(unfinished.count).toBe(600);
	expect(unfinished.waited.reduce((sum, { count }) => sum + count, 0)).toBe(600);
	const response = run.stages.get(Stage.RESPONSE_TIME) ?? Distribution.empty("us");
	expect(censoredPercentile(response, 70, unfinished).isBound).toBe(false);
	expect(censoredPercentile(response, 71, unfinished).isBound).toBe(true);
	// They have no send lag, and were not sent: what counts from there is without them.
	expect(unfinishedOfStage("sendLag", run, unfinished).count).toBe(600);
	expect(unfinishedOfStage("uncorrectedResponseTime", run, unfinished).count).toBe(0);
	expect(unfinishedOfStage("enqueueTime", run, unfinished).count).toBe(0);
});
