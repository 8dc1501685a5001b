import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { bucketsOf, ratesOf, worstOf } from "./downsample.js";

test.prop([fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3_000 }), fc.integer({ min: 10, max: 200 })])(
	"no event is lost, and no more points than asked for are left",
	(counts, most) => {
		const slots = bucketsOf(counts.length, 200, most);
		expect(slots.buckets.length).toBeLessThanOrEqual(most);
		const rates = ratesOf(slots, counts);
		const events = slots.buckets.reduce(
			(sum, { fromMs, toMs }, at) => sum + ((rates[at] ?? 0) * (toMs - fromMs)) / 1_000,
			0,
		);
		expect(events).toBeCloseTo(
			counts.reduce((a, b) => a + b, 0),
			4,
		);
	},
);

it("an hour of 200 ms slots becomes 180 points of 30 s and fewer", () => {
	const { bucketMs, buckets } = bucketsOf(18_000, 200, 180);
	expect([bucketMs, buckets.length]).toEqual([30_000, 120]);
});

it("the last point is divided by the time that it covers", () => {
	const slots = bucketsOf(5, 200, 3);
	expect(ratesOf(slots, [2, 2, 2, 2, 2])).toEqual([10, 10, 10]);
});

it("the worst of a point is kept, and a point without values has none", () => {
	expect(worstOf(bucketsOf(4, 1_000, 2), [1, 9, null, null])).toEqual([9, null]);
});
