import { describe, expect, test } from "vitest";
import { type Counters, type Slot, Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import type { LoadSpec } from "../plan/plan.js";
import { checkLoad } from "./checkLoad.js";
import { offeredOf } from "./offered.js";

const LOAD: LoadSpec = {
	kind: "open",
	rate: { shape: "constant", perSecond: 100 },
	arrivals: { process: "uniform" },
	warmupMs: 1_000,
	durationMs: 10_000,
	maxUnacknowledged: 256,
	spin: false,
};

interface Shape {
	readonly load?: LoadSpec;
	/** Completions a second; 100 are sent. */
	readonly completed?: number;
	readonly counters?: Partial<Counters>;
	readonly generatorLagUs?: readonly number[];
	readonly responseUs?: readonly number[];
}

function runOf({
	load = LOAD,
	completed = 100,
	counters = {},
	generatorLagUs = [500],
	responseUs = [3_000],
}: Shape): MergedRun {
	const run = mergeRun(simulatedRun({ tasks: 10 }));
	const series: Slot[] = Array.from({ length: 60 }, (_, index) => ({
		index,
		sent: 20,
		enqueued: 20,
		completed: completed / 5,
		failed: 0,
	}));
	const stages = new Map(run.stages);
	stages.set(Stage.GENERATOR_LAG, Distribution.of("us", generatorLagUs));
	stages.set(Stage.RESPONSE_TIME, Distribution.of("us", responseUs));
	const sent = { due: 1_200, sent: 1_200, late: 0, heldBack: 0, notOffered: 0, dropped: 0, droppedHeldBack: 0 };
	return {
		...run,
		spec: { ...run.spec, load },
		series,
		stages,
		counters: { ...run.counters, ...sent, ...counters },
		span: { ...run.span, lastSentAtUs: 12e6 },
	};
}

const found = (shape: Shape) => checkLoad(runOf(shape)).map(({ code, severity }) => `${code} ${severity}`);

describe("an open loop", () => {
	test("that did what it was to do gives no reason", () => {
		expect(found({})).toEqual([]);
		expect(offeredOf(runOf({ counters: { late: 300 } }))).toMatchObject({
			perSecond: 100,
			achievedShare: 1,
			sentRatio: 1,
			lateShare: 0.25,
		});
	});

	test("is measured by the plan's rate in the window, also where that changes", () => {
		const rate = { shape: "ramp", from: 100, to: 300 } as const;
		expect(offeredOf(runOf({ load: { ...LOAD, rate } }))).toMatchObject({
			perSecond: expect.closeTo(200, 6),
			achievedShare: expect.closeTo(0.5, 6),
		});
	});

	test.each<[string, Shape, string[]]>([
		["not offered by a late agent", { counters: { sent: 1_180, notOffered: 20 } }, ["load-not-offered INVALID"]],
		["dropped by its own fault", { counters: { sent: 1_180, dropped: 20 } }, ["load-not-offered INVALID"]],
		["a few are no matter", { counters: { sent: 1_190, dropped: 10 } }, []],
		["late by its own fault", { generatorLagUs: [2_100] }, ["generator-late INVALID"]],
		["late, but little beside the response", { generatorLagUs: [2_100], responseUs: [30_000] }, []],
		["behind", { completed: 60 }, ["backlog-growing DEGRADED"]],
	])("%s", (_, shape, codes) => {
		expect(found(shape)).toEqual(codes);
	});

	test("what the queue held back to the end is the queue's fault, and piles up too", () => {
		const counters = { due: 1_200, sent: 600, dropped: 600, droppedHeldBack: 600, heldBack: 500 };
		expect(found({ completed: 50, counters })).toEqual(["arrivals-dropped DEGRADED", "backlog-growing DEGRADED"]);
	});

	test.each<[string, Partial<Counters>, string[]]>([
		["one that was held back excuses no other", { dropped: 20, droppedHeldBack: 1 }, ["load-not-offered INVALID"]],
		["nor does one that was sent late", { dropped: 20, heldBack: 500 }, ["load-not-offered INVALID"]],
		[
			"too many of both",
			{ dropped: 40, droppedHeldBack: 20 },
			["load-not-offered INVALID", "arrivals-dropped DEGRADED"],
		],
		["few of each", { dropped: 20, droppedHeldBack: 10 }, []],
	])("drops are judged by their own cause: %s", (_, counters, codes) => {
		expect(found({ counters })).toEqual(codes);
	});

	test("that is behind is told in words, with both rates", () => {
		const [reason] = checkLoad(runOf({ completed: 60 }));
		expect(reason?.sentence).toBe(
			"The queue cannot keep up: 100.0/s offered, 60.00/s done; tasks pile up by 40.00 a second.",
		);
		expect(reason?.figure).toBeCloseTo(40, 6);
	});
});

test("a closed loop offers nothing", () => {
	expect(checkLoad(mergeRun(simulatedRun({ tasks: 10 })))).toEqual([]);
});
