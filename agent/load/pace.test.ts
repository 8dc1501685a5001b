import { expect, test } from "vitest";
import { Pace } from "./pace.js";

test("follows the clock", () => {
	const pace = new Pace(0);
	expect([1_000, 2_000, 6_000].map((nowUs) => pace.at(nowUs))).toEqual([1_000, 2_000, 6_000]);
});

test("after a stall it catches up at twice its speed, not at once", () => {
	const pace = new Pace(0);
	expect(pace.at(1_000)).toBe(1_000);
	// 99 ms stood still: what 5 ms allow at once, then 2 ms for each.
	expect(pace.at(100_000)).toBe(11_000);
	expect(pace.at(101_000)).toBe(13_000);
	let reachedUs = 0;
	for (let nowUs = 102_000; nowUs <= 300_000; nowUs += 1_000) {
		reachedUs = pace.at(nowUs);
		expect(reachedUs).toBe(Math.min(nowUs, 13_000 + 2 * (nowUs - 101_000)));
	}
	expect(reachedUs).toBe(300_000);
});

test("a wait for the next arrival is no stall", () => {
	const pace = new Pace(0);
	expect(pace.at(1_000)).toBe(1_000);
	pace.idleUntil(2_000_000);
	expect(pace.at(2_000_500)).toBe(2_000_500);
	pace.idleUntil(Number.POSITIVE_INFINITY);
	expect(pace.at(2_001_000)).toBe(2_001_000);
});

test("woken before the arrival it is on time for it", () => {
	const pace = new Pace(0);
	pace.idleUntil(50_000);
	expect(pace.at(49_900)).toBeLessThanOrEqual(49_900);
	pace.idleUntil(50_000);
	expect(pace.at(50_010)).toBe(50_010);
});
