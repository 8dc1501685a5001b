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
	// [940, 1060] ∩ [1000, 1080] = [1000, 1060], and 50 ppm of the 250 ms until the start.
	expect(first?.boundUs).toBeCloseTo(30 + 12.5, 6);
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
	expect(agent?.boundUs).toBeCloseTo(4_550 + 12.5, 6);
});

test("all are armed before the start, or none: 500 ms across hosts, 20 ms on one", () => {
	const many = chooseEpoch([reading("a", 0, 50, 10), reading("b", 0, 50, 10)], 1_000);
	expect(many.atMs - many.armedByMs).toBe(500);
	expect(many.notArmed).toContain("500 ms before the start");
	const one = chooseEpoch([reading("a", 0, 50, 10)], 1_000);
	expect(one.atMs - one.armedByMs).toBe(20);
	expect(one.notArmed).toContain("20 ms before the start");
});

test.each([
	{ hosts: 1, agents: 1, roundTripMs: 0.3, firstMs: 225, secondMs: 2_000 },
	{ hosts: 1, agents: 16, roundTripMs: 0.3, firstMs: 600, secondMs: 2_000 },
	{ hosts: 1, agents: 500, roundTripMs: 0.3, firstMs: 2_000, secondMs: 4_000 },
	{ hosts: 2, agents: 2, roundTripMs: 0.3, firstMs: 2_000, secondMs: 4_000 },
	{ hosts: 2, agents: 4, roundTripMs: 500, firstMs: 5_000, secondMs: 10_000 },
])(
	"the lead of $agents agents on $hosts hosts at $roundTripMs ms from Redis is $firstMs ms, and $secondMs ms when that was too short",
	({ hosts, agents, roundTripMs, firstMs, secondMs }) => {
		const readings = Array.from({ length: agents }, (_, index) => reading(`host ${index % hosts}`, 0, 50, 1_000_000));
		// The slowest counts.
		const [first, ...others] = readings.map((of, index) =>
			index === 0 ? { ...of, clock: { ...of.clock, worstRoundTripUs: roundTripMs * 1_000 } } : of,
		);
		const all = first ? [...others, first] : [];
		for (const [isSecond, leadMs] of [
			[false, firstMs],
			[true, secondMs],
		] as const) {
			const epoch = chooseEpoch(all, 1_000, isSecond);
			expect(epoch.atMs - 1_000).toBeCloseTo(leadMs);
			expect(epoch.redisUs - 1_000_000).toBeCloseTo(leadMs * 1_000);
			expect(epoch.armedByMs).toBeLessThan(epoch.atMs);
		}
	},
);
