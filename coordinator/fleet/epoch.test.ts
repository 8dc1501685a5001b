import { expect, test } from "vitest";
import { type ClockReading, chooseEpoch } from "./epoch.js";

const reading = (clockKey: string, offsetUs: number, boundUs: number, monotonicNowUs: number): ClockReading => ({
	clockKey,
	clock: { offsetUs, boundUs, monotonicNowUs, worstRoundTripUs: 300, samples: 32 },
	receivedAtMs: 1_000,
});

test("agents on one host start at the same reading of their clock, with the tighter bound of all", () => {
	const epoch = chooseEpoch([reading("a", 1_000, 60, 5_000_000), reading("a", 1_040, 40, 5_000_100)], 1_000);
	const [first, second] = epoch.agents;
	expect(first).toEqual(second);
	// [940, 1060] ∩ [1000, 1080] = [1000, 1060], and 50 ppm of the 220 ms until the start.
	expect(first?.boundUs).toBeCloseTo(30 + 11, 6);
	expect(first?.monotonicUs).toBeCloseTo(epoch.redisUs - 1_030, 6);
});

test("agents on different hosts start at the same instant on Redis's clock, each by its own offset", () => {
	const epoch = chooseEpoch([reading("a", 1_000_000, 50, 10), reading("b", -7_000_000, 90, 8_000_020)], 1_000);
	expect(epoch.agents.map(({ monotonicUs }) => epoch.redisUs - monotonicUs)).toEqual([1_000_000, -7_000_000]);
	// 50 ppm of the 2 s until the start are 100 µs.
	expect(epoch.agents.map(({ boundUs }) => boundUs)).toEqual([150, 190]);
	expect(epoch.agents.map(({ hostIndex }) => hostIndex)).toEqual([0, 1]);
	expect(epoch.hostCount).toBe(2);
});

test("time that passed since the readings moves the epoch on; one host needs a shorter lead than two", () => {
	const one = [reading("a", 0, 50, 1_000_000)];
	expect(chooseEpoch(one, 1_500).redisUs - chooseEpoch(one, 1_000).redisUs).toBeCloseTo(500_000);
	const two = [...one, reading("b", 0, 50, 1_000_000)];
	expect(chooseEpoch(two, 1_000).redisUs).toBe(3_000_000);
	expect(chooseEpoch(one, 1_000).redisUs).toBeLessThan(1_300_000);
	expect(chooseEpoch(one, 1_000).atMs - 1_000).toBeCloseTo((chooseEpoch(one, 1_000).redisUs - 1_000_000) / 1_000);
});

test("the longer the others took to be ready, the less an agent's clock is known at the start", () => {
	const old = { ...reading("a", 0, 50, 1_000_000), receivedAtMs: 1_000 };
	const fresh = { ...reading("b", 0, 50, 31_000_000), receivedAtMs: 31_000 };
	expect(chooseEpoch([old, fresh], 31_000).agents.map(({ boundUs }) => boundUs)).toEqual([1_650, 150]);
});

test("readings of one clock that disagree allow all that any of them allows", () => {
	const [agent] = chooseEpoch([reading("a", 0, 50, 10), reading("a", 9_000, 50, 10)], 1_000).agents;
	expect(agent?.boundUs).toBeCloseTo(4_550 + 11, 6);
});

test("across hosts all are armed 500 ms before the start, or none", () => {
	const many = chooseEpoch([reading("a", 0, 50, 10), reading("b", 0, 50, 10)], 1_000);
	expect(many.atMs - many.armedByMs).toBe(500);
	expect(many.notArmed).toContain("500 ms before the start");
	const one = chooseEpoch([reading("a", 0, 50, 10)], 1_000);
	expect(one.armedByMs).toBe(11_000);
	expect(one.notArmed).toContain("10 s");
});
