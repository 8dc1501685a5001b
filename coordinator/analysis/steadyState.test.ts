import { describe, expect, it } from "vitest";
import { RedisSample } from "../../proto/gen/measurement.js";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import { randomFrom } from "../plan/shuffle.js";
import { checkSteadiness } from "./checkSteadiness.js";
import { steadyStateOf, throughputTrend } from "./steadyState.js";

/** 200 ms counts around a mean that `levelAt` gives by the second. */
function counts(seconds: number, levelAt: (second: number) => number, seed = 3): number[] {
	const random = randomFrom(seed);
	return Array.from({ length: 5 * seconds }, (_, slot) => Math.round((levelAt(slot / 5) / 5) * (0.9 + 0.2 * random())));
}

describe("throughputTrend", () => {
	it("finds a drift, its size and direction", () => {
		const found = throughputTrend(counts(60, (second) => 1_000 - 2 * second));
		expect(found).toMatchObject({ isTrend: true });
		expect(found?.perSecond).toBeLessThan(-1);
		expect(found?.drift).toBeLessThan(-0.08);
		expect(found?.drift).toBeGreaterThan(-0.18);
	});

	it("passes over one that is real and too small to matter", () => {
		const found = throughputTrend(counts(600, (second) => 1_000 + 0.05 * second));
		expect(found?.z).toBeGreaterThan(3);
		expect(found?.isTrend).toBe(false);
	});

	it("finds none in noise, however far it strays", () => {
		const found = Array.from({ length: 200 }, (_, seed) => throughputTrend(counts(20, () => 1_000, seed))?.isTrend);
		expect(found.filter(Boolean).length).toBeLessThan(5);
	});

	it("says nothing of less than 10 s, nor of nothing", () => {
		expect(throughputTrend(counts(9.8, () => 100))).toBeUndefined();
		expect(throughputTrend(counts(20, () => 0))).toMatchObject({ drift: 0, isTrend: false });
	});
});

/** A timed run of which the counts and the backlog are given by the second. */
function run(seconds: number, level: (second: number) => number, backlog: (second: number) => number): MergedRun {
	const base = mergeRun(simulatedRun({ timedMs: seconds * 1_000 }));
	return {
		...base,
		series: counts(seconds, level).map((completed, index) => ({
			index,
			sent: completed,
			enqueued: 0,
			completed,
			failed: 0,
		})),
		redisSamples: Array.from({ length: seconds + 1 }, (_, second) =>
			RedisSample.create({ atUs: second * 1e6, backlog: [0, backlog(second), 0, 0] }),
		),
	};
}

describe("steadyStateOf", () => {
	it("calls a level run steady, and finds nothing to say against it", () => {
		const level = run(
			30,
			() => 1_000,
			(second) => 50 + (second % 7),
		);
		expect(steadyStateOf(level)).toMatchObject({ kind: "steady", isUnsettled: false });
		expect(checkSteadiness(level)).toEqual([]);
	});

	it("suggests a warm-up, and leaves the verdict alone", () => {
		const warming = run(
			40,
			(second) => (second < 5 ? 300 : 1_000),
			() => 10,
		);
		expect(steadyStateOf(warming)).toMatchObject({ warmUpSeconds: 5 });
		expect(checkSteadiness(warming).map(({ code, severity }) => [code, severity])).toContainEqual([
			"warm-up-suggested",
			"NOTE",
		]);
	});

	it("finds a backlog that grows under a level rate", () => {
		const growing = run(
			30,
			() => 1_000,
			(second) => 200 * second + (second % 3),
		);
		const found = steadyStateOf(growing);
		expect(found.kind).toBe("unsteady");
		expect(found.backlog?.perSecond).toBeCloseTo(200, 0);
		expect(checkSteadiness(growing).map(({ code }) => code)).toEqual(["backlog-grows"]);
	});

	it("degrades a run whose rate drifts", () => {
		const drifting = run(
			60,
			(second) => 1_000 - 4 * second,
			() => 10,
		);
		const [reason] = checkSteadiness(drifting);
		expect(reason).toMatchObject({ code: "not-steady", severity: "DEGRADED" });
		expect(reason?.sentence).toMatch(/fell by 2\d(\.\d)?%/);
	});

	it("does not know of a short one", () => {
		expect(
			steadyStateOf(
				run(
					5,
					() => 100,
					() => 1,
				),
			).kind,
		).toBe("unknown");
	});
});
