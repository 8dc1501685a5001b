import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inTurns } from "./inTurns.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("spreads the agents over the interval, each once in it", () => {
	const heard: number[] = [];
	for (let index = 0; index < 4; index++) inTurns(index, 4, 1_000, () => heard.push(index));
	vi.advanceTimersByTime(1_249);
	expect(heard).toEqual([0]);
	vi.advanceTimersByTime(250);
	expect(heard).toEqual([0, 1]);
	vi.advanceTimersByTime(1_500);
	expect(heard).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});

test.each(["before its turn came", "while it goes on"])("leaves no timer behind when it is ended %s", (when) => {
	const end = inTurns(1, 2, 1_000, () => {});
	if (when === "while it goes on") vi.advanceTimersByTime(5_000);
	end();
	expect(vi.getTimerCount()).toBe(0);
});
