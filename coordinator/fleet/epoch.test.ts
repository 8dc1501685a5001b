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
	// [940, 1060] ∩ [1000, 1080] = [1000, 1060]
	expect(first?.boundUs).toBe(30);
	expect(first?.monotonicUs).toBe(epoch.redisUs - 1_030);
});

test("agents on different hosts start at the same instant on Redis's clock, each by its own offset", () => {
	const epoch = chooseEpoch([reading("a", 1_000_000, 50, 10), reading("b", -7_000_000, 90, 8_000_020)], 1_000);
	expect(epoch.agents.map(({ monotonicUs }) => epoch.redisUs - monotonicUs)).toEqual([1_000_000, -7_000_000]);
	expect(epoch.agents.map(({ boundUs }) => boundUs)).toEqual([50, 90]);
});

test("time that passed since the readings moves the epoch on; one host needs a shorter lead than two", () => {
	const one = [reading("a", 0, 50, 1_000_000)];
	expect(chooseEpoch(one, 1_500).redisUs - chooseEpoch(one, 1_000).redisUs).toBeCloseTo(500_000);
	const two = [...one, reading("b", 0, 50, 1_000_000)];
	expect(chooseEpoch(two, 1_000).redisUs).toBe(3_000_000);
	expect(chooseEpoch(one, 1_000).redisUs).toBeLessThan(1_300_000);
	expect(chooseEpoch(one, 1_000).atMs - 1_000).toBeCloseTo((chooseEpoch(one, 1_000).redisUs - 1_000_000) / 1_000);
});
