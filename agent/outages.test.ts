import { expect, test } from "vitest";
import { OutageLog } from "./outages.js";

/** A log whose clock is at what was set last. */
function log(): { outages: OutageLog; at: (us: number) => OutageLog } {
	let nowUs = 0;
	const outages = new OutageLog(() => nowUs);
	return {
		outages,
		at(us) {
			nowUs = us;
			return outages;
		},
	};
}
const one = {};
const other = {};

test("an outage lasts from the first connection lost to the last one back", () => {
	const { outages, at } = log();
	at(1_000).lost(one);
	at(1_500).lost(other);
	at(1_600).lost(one);
	at(2_000).back(one);
	at(2_100).back(one);
	expect(outages.since(100)).toEqual([{ fromUs: 900, toUs: -1 }]);
	at(3_000).back(other);
	at(5_000).lost(other);
	at(5_001).back(other);
	expect(outages.since(100)).toEqual([
		{ fromUs: 900, toUs: 2_900 },
		{ fromUs: 4_900, toUs: 4_901 },
	]);
});

test("before the epoch does not count; over the epoch it counts from it", () => {
	const { outages, at } = log();
	at(1).lost(one);
	at(2).back(one);
	at(3).lost(one);
	at(9).back(one);
	expect(outages.since(5)).toEqual([{ fromUs: 0, toUs: 4 }]);
});

test("the end of the run is no outage", () => {
	const { outages, at } = log();
	outages.close();
	at(1).lost(one);
	expect(outages.since(0)).toEqual([]);
});

test("a connection that comes and goes does not fill the memory", () => {
	const { outages, at } = log();
	for (let us = 0; us < 2_000; us += 2) {
		at(us).lost(one);
		at(us + 1).back(one);
	}
	const all = outages.since(-1);
	expect(all).toHaveLength(100);
	expect(all.at(-1)).toEqual({ fromUs: 199, toUs: 2_000 });
});
