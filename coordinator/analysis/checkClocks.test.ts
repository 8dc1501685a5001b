import { describe, expect, test } from "vitest";
import { ClockQuality, type FromHost, Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import { checkClocks } from "./checkClocks.js";
import { clockBoundUs, clocksOf } from "./clocks.js";
import { startSkewOf } from "./startSkew.js";

const HEALTHY = mergeRun(simulatedRun({ agents: 2, hosts: ["a", "b"] }));

interface Fleet {
	readonly within?: readonly number[];
	readonly between?: readonly number[];
	readonly quality?: readonly (Partial<ClockQuality> | undefined)[];
}

/** Two agents on two hosts, whose clocks were followed to ±40 and ±60 µs unless told otherwise. */
function fleet({ within = [], between = [5_000, 5_000], quality = [{}, {}] }: Fleet): MergedRun {
	return {
		...HEALTHY,
		stages: new Map([
			...HEALTHY.stages,
			[Stage.RESPONSE_TIME, Distribution.of("us", [...within, ...between])],
			[Stage.CROSS_HOST_RESPONSE_TIME, Distribution.of("us", between)],
		]),
		agents: HEALTHY.agents.map((agent, index) => {
			const own = quality[index];
			const boundUs = [40, 60][index] ?? 0;
			return {
				...agent,
				clockBoundUs: 30,
				clock: own && ClockQuality.create({ hostIndex: index, boundUs, bursts: 20, ...own }),
			};
		}),
	};
}

const found = (run: MergedRun) => checkClocks(run).map(({ code, severity, figure }) => [code, severity, figure]);

test("on one host clocks do not matter", () => {
	const run = mergeRun(simulatedRun({ agents: 2 }));
	expect([found(run), clocksOf(run), clockBoundUs(run)]).toEqual([[], undefined, 0]);
});

test("times between hosts are off by both bounds at the most, and by nothing where none crossed", () => {
	expect(clockBoundUs(fleet({}))).toBe(100);
	expect(clockBoundUs(fleet({ within: [5_000], between: [] }))).toBe(0);
	expect(found(fleet({}))).toEqual([]);
});

describe("a bound over a tenth of a figure", () => {
	test.each([
		[1_000, []],
		[999, [["clock-bound", "DEGRADED", 100]]],
	])("with a median of %i µs", (medianUs, reasons) => {
		expect(found(fleet({ between: Array.from({ length: 100 }, () => medianUs) }))).toEqual(reasons);
	});

	test("names the percentiles that it spoils", () => {
		const between = Array.from({ length: 100 }, (_, at) => (at < 90 ? 500 : 2_000));
		const [reason] = checkClocks(fleet({ between }));
		expect(reason?.sentence).toBe("Response times between hosts may be off by ±100 µs, over 10% of the p50 of 500 µs.");
		expect(reason?.advice).toContain("b (agent 1)");
	});
});

describe("a step of Redis's clock", () => {
	const stepped = { steps: 1, firstStepAtUs: 2.5e6, largestStepUs: -5_000 };

	test("voids times between hosts", () => {
		const run = fleet({ quality: [stepped, { ...stepped, firstStepAtUs: 3.1e6, largestStepUs: -4_990 }] });
		expect(found(run)).toEqual([["clock-stepped", "INVALID", 5_000]]);
		expect(checkClocks(run)[0]?.sentence).toBe(
			"The clock of Redis's host stepped back by 5.00 ms, first 2.50 s into the run: times between hosts are not valid from there on.",
		);
	});

	test("is no matter where no task crossed hosts", () => {
		expect(found(fleet({ within: [900], between: [], quality: [stepped, stepped] }))).toEqual([
			["clock-stepped", "NOTE", 5_000],
		]);
	});
});

describe("times below zero", () => {
	const from = (mostNegativeUs: number): Partial<FromHost>[] => [
		{ hostIndex: 0, tasks: 50, negative: 3, mostNegativeUs },
	];
	const run = (mostNegativeUs: number) => fleet({ quality: [{}, { fromHosts: from(mostNegativeUs) as FromHost[] }] });

	test("within the bounds are noted", () => {
		expect(found(run(-100))).toEqual([["negative-times", "NOTE", 3]]);
	});

	test("beyond them void the pair of hosts, which is named", () => {
		expect(found(run(-150))).toEqual([["clocks-contradict", "INVALID", 150]]);
		expect(checkClocks(run(-150))[0]?.sentence).toBe(
			"A task from a (agent 0) to b (agent 1) came out as completed 150 µs before it was sent, where their clocks may be off by " +
				"100 µs: all 50 response times between the two are void.",
		);
	});
});

test("a clock that was not followed is named, and its bound grows by 50 µs a second", () => {
	const run = { ...fleet({ quality: [{}, undefined] }), endAtUs: 4e6 };
	expect(checkClocks(run)[0]).toMatchObject({ code: "clocks-not-followed", severity: "DEGRADED" });
	expect(checkClocks(run)[0]?.sentence).toContain("Agent 1 could not compare its clock");
	expect(clocksOf(run)?.hosts.map(({ boundUs }) => boundUs)).toEqual([40, 30 + 200]);
});

describe("the medians within a host and between two", () => {
	const times = (us: number) => Array.from({ length: 200 }, () => us);

	test("come from the whole less the part, bucket by bucket", () => {
		const clocks = clocksOf(fleet({ within: times(4_000), between: times(9_000) }));
		expect(clocks?.withinCount).toBe(200);
		expect(clocks?.withinMedianUs).toBeCloseTo(4_000, -1);
		expect(clocks?.crossingMedianUs).toBeCloseTo(9_000, -1);
	});

	test("that lie apart by more than the clocks explain are noted", () => {
		expect(found(fleet({ within: times(4_000), between: times(4_300) }))).toEqual([]);
		expect(found(fleet({ within: times(4_000), between: times(9_000) }))[0]?.slice(0, 2)).toEqual([
			"clocks-suspect",
			"NOTE",
		]);
	});
});

describe("the start's skew", () => {
	const started = (run: MergedRun, sentAtUs: readonly number[]): MergedRun => ({
		...run,
		agents: run.agents.map((agent, index) => ({
			...agent,
			span: { ...agent.span, firstSentAtUs: sentAtUs[index] ?? -1 },
		})),
	});

	test("is from the first agent's first send to the last one's, by what was known of the clocks at the start", () => {
		expect(startSkewOf(started(fleet({}), [900, 400]))).toEqual({ skewUs: 500, boundUs: 60, first: 1, last: 0 });
	});

	test("is exact on one host, and there is none of one sender", () => {
		const oneHost = mergeRun(simulatedRun({ agents: 2 }));
		expect(startSkewOf(started(oneHost, [900, 400]))?.boundUs).toBe(0);
		expect(startSkewOf(started(oneHost, [900]))).toBeUndefined();
	});
});
