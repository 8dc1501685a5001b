import { expect, test } from "vitest";
import type { Slot } from "../../proto/gen/measurement.js";
import { recoveriesOf } from "./checkOutages.js";

/** Completions by slot of 200 ms. */
function series(...completed: number[]): Slot[] {
	return completed.map((count, index) => ({ index, sent: 0, enqueued: 0, completed: count, failed: 0 }));
}
const times = (count: number, value: number) => Array<number>(count).fill(value);
/** From 4 s to 6.1 s. */
const outage = { fromUs: 4_000_000, toUs: 6_100_000, agents: [0] };

test("recovery is from the end of the outage to the first second with 80 % of the rate of before", () => {
	const steady = series(...times(20, 10), ...times(11, 0), ...times(4, 2), ...times(20, 8));
	// Slots 35 to 39 have 8 each; those from 34 on 2, 8, 8, 8, 8.
	expect(recoveriesOf({ outages: [outage], series: steady })).toEqual([
		{ outage, tasksPerSecondBefore: 50, recoveryUs: 900_000 },
	]);
});

test("a rate that is there at once is back after nothing", () => {
	const through = series(...times(60, 10));
	expect(recoveriesOf({ outages: [outage], series: through })[0]?.recoveryUs).toBe(0);
});

test("a rate that never comes back, an outage that does not end, and one before anything happened", () => {
	const slow = series(...times(20, 10), ...times(50, 3));
	expect(recoveriesOf({ outages: [outage], series: slow })[0]?.recoveryUs).toBeUndefined();
	const endless = { ...outage, toUs: undefined };
	expect(recoveriesOf({ outages: [endless], series: slow })[0]?.recoveryUs).toBeUndefined();
	const early = recoveriesOf({ outages: [{ ...outage, fromUs: 0 }], series: slow })[0];
	expect(early?.tasksPerSecondBefore).toBeUndefined();
});
