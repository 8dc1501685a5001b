import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tellInTurns } from "./inTurns.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nothing = () => {};

test("spreads the agents' deltas over the second, one of each in it", () => {
	const heard: number[] = [];
	for (let index = 0; index < 4; index++) tellInTurns({ index, count: 4 }, nothing, () => heard.push(index));
	vi.advanceTimersByTime(1_249);
	expect(heard).toEqual([0]);
	vi.advanceTimersByTime(250);
	expect(heard).toEqual([0, 1]);
	vi.advanceTimersByTime(1_500);
	expect(heard).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});

test.each([
	[1, 10],
	[50, 10],
	[500, 1],
])("each of %d agents tells how far it is %d times a second", (count, times) => {
	let told = 0;
	tellInTurns({ index: 0, count }, () => told++, nothing);
	vi.advanceTimersByTime(10_000);
	expect(told).toBe(10 * times);
});

test.each([0, 5_000])("leaves no timer behind when it is ended after %d ms", (ms) => {
	const end = tellInTurns({ index: 1, count: 2 }, nothing, nothing);
	vi.advanceTimersByTime(ms);
	end();
	expect(vi.getTimerCount()).toBe(0);
});
