import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { Slot } from "../../proto/gen/measurement.js";
import { RunEnd } from "../../proto/gen/record.js";
import { type RunShape, simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import { steadyOf, throughputOf } from "./throughput.js";

const run = (shape: RunShape = {}): MergedRun => mergeRun(simulatedRun(shape));
const slots = (completions: readonly number[]): Slot[] =>
	completions.map((completed, index) => ({ index, sent: 0, enqueued: 0, completed, failed: 0 }));

describe("a number of tasks", () => {
	it("is measured from the first send to the last completion", () => {
		const merged = run();
		const { tasksPerSecond, completions, fromUs, toUs, basis } = throughputOf(merged);
		expect(fromUs).toBe(merged.span.firstSentAtUs);
		expect(toUs).toBe(merged.span.lastCompletedAtUs);
		expect(completions).toBe(1_000);
		expect(tasksPerSecond).toBeCloseTo((1_000 / (toUs - fromUs)) * 1e6, 9);
		expect(basis).toContain("first send");
	});

	it("counts a task once, however often it was completed", () => {
		const merged = run();
		const twice = { ...merged, counters: { ...merged.counters, completed: 1_005 } };
		expect(throughputOf(twice).completions).toBe(1_000);
	});

	it("is 0 where nothing was completed or no time passed", () => {
		expect(throughputOf(run({ abortedAtUs: 0 })).tasksPerSecond).toBe(0);
		const merged = run();
		const instant = { ...merged, span: { ...merged.span, lastCompletedAtUs: merged.span.firstSentAtUs } };
		expect(throughputOf(instant).tasksPerSecond).toBe(0);
	});
});

describe("a timed run", () => {
	const timed = (durationMs: number, completions: readonly number[]): MergedRun => {
		const merged = run({ timedMs: durationMs });
		const load = { kind: "timed", warmupMs: 0, durationMs, inFlight: 8 } as const;
		return { ...merged, spec: { ...merged.spec, load }, series: slots(completions) };
	};

	it("counts what finished within its duration, not what the drain added", () => {
		const { tasksPerSecond, completions, toUs } = throughputOf(timed(1_000, [10, 20, 20, 20, 20, 500]));
		expect([completions, toUs]).toEqual([90, 1_000_000]);
		expect(tasksPerSecond).toBe(90);
	});

	it("leaves out a slot that its end divides", () => {
		const { tasksPerSecond, toUs } = throughputOf(timed(1_100, [20, 20, 20, 20, 20, 999]));
		expect([tasksPerSecond, toUs]).toEqual([100, 1_000_000]);
	});

	it("divides by its whole duration where the series ends before", () => {
		expect(throughputOf(timed(2_000, [20, 20, 20, 20, 20])).tasksPerSecond).toBe(50);
	});

	it.each([
		["was stopped", timed(60_000, [20, 20]), RunEnd.ABORTED],
		["was shorter than a slot", timed(150, [20]), RunEnd.DRAINED],
	])("that %s is measured by its span", (_, merged, end) => {
		expect(throughputOf({ ...merged, end }).basis).toContain("first send");
	});

	it("that was stopped while it drained is measured as planned", () => {
		const merged = timed(1_000, [20, 20, 20, 20, 20]);
		const span = { ...merged.span, lastCompletedAtUs: 1_100_000 };
		expect(throughputOf({ ...merged, span, end: RunEnd.ABORTED }).basis).toContain("within the first 1 s");
	});
});

describe("the steady rate", () => {
	it("is that of the middle, untouched by a slow start and a slow end", () => {
		const steady = steadyOf(slots([2, 4, ...Array.from({ length: 20 }, () => 20), 4, 2]));
		expect(steady.tasksPerSecond).toBeCloseTo(100, 9);
	});

	it("interpolates within a slot", () => {
		// 100 completions: the 10th lies a tenth into the first slot, the 90th at nine tenths of the last.
		const steady = steadyOf(slots([50, 0, 0, 0, 0, 0, 0, 50]));
		expect(steady).toMatchObject({ fromUs: 40_000, toUs: 1_560_000 });
		expect(steady.tasksPerSecond).toBeCloseTo(80 / 1.52, 9);
	});

	it("is withheld where there is too little of it, with the reason", () => {
		expect(steadyOf([])).toEqual({ tasksPerSecond: undefined, withheld: "no task completed" });
		expect(steadyOf(slots([0, 0])).withheld).toBe("no task completed");
		expect(steadyOf(slots([20, 20, 20, 20, 20])).withheld).toContain("less than 1 s");
		expect(steadyOf(slots([20, 20, 20, 20, 20, 20, 20])).withheld).toBeUndefined();
	});

	property.prop([fc.array(fc.nat(50), { minLength: 10, maxLength: 60 }), fc.integer({ min: 2, max: 9 })])(
		"grows with the load and does not depend on when it came",
		(completions, factor) => {
			const one = steadyOf(slots(completions)).tasksPerSecond;
			const more = steadyOf(slots(completions.map((count) => count * factor))).tasksPerSecond;
			const later = steadyOf(slots([0, 0, 0, ...completions])).tasksPerSecond;
			expect(more ?? 0).toBeCloseTo((one ?? 0) * factor, 6);
			expect(later ?? 0).toBeCloseTo(one ?? 0, 6);
		},
	);
});
