import { expect, test } from "vitest";
import { meanResponseMs } from "./erlang.js";
import { heldExcuse } from "./held.js";

/** By Erlang C a task of it takes 53.2 ms, and 62.5 ms where its servers are held for 54 ms. */
const setting = { arrivalsPerSecond: 320, meanServiceMs: 50, servers: 20 };
const excuse = (measured: number, heldMs: number) =>
	heldExcuse(meanResponseMs, setting, { measured, allowed: 65, heldMs });

test("servers held a little longer excuse what that makes of the queue, and no more", () => {
	expect(meanResponseMs(setting)).toBeCloseTo(53.2, 1);
	expect(meanResponseMs({ ...setting, meanServiceMs: 54 })).toBeCloseTo(62.5, 1);
	expect(excuse(65.2, 54)).toBe("a task held its server for 54.0 ms, so that the servers were 86.4% busy");
	expect(excuse(75, 54)).toBeDefined();
	expect(excuse(80, 54)).toBeUndefined();
});

test("servers held for as long as meant excuse nothing; a queue without a steady state excuses all", () => {
	expect(excuse(65.2, 50)).toBeUndefined();
	expect(excuse(65.2, 49)).toBeUndefined();
	expect(excuse(10_000, 62.5)).toContain("100% busy");
});
