import { expect, it } from "vitest";
import { medianInterval } from "./medianInterval.js";

const ascending = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

// The values of k and the confidence are those of the tables for the sign test.
it.each([
	[5, 1, 5, 0.9375],
	[6, 1, 6, 0.96875],
	[8, 1, 8, 0.9921875],
	[9, 2, 8, 0.9609375],
	[10, 2, 9, 0.978515625],
	[15, 4, 12, 0.96484375],
	[20, 6, 15, 0.9586105],
	[30, 10, 21, 0.9572261],
])("of %i runs: from the %ith to the %ith, with %f", (count, low, high, confidence) => {
	const found = medianInterval(ascending(count).reverse());
	expect(found).toMatchObject({ median: (count + 1) / 2, low, high });
	expect(found?.confidence).toBeCloseTo(confidence, 6);
});

it("says nothing of fewer than five", () => {
	expect(medianInterval(ascending(4))).toBeUndefined();
	expect(medianInterval([])).toBeUndefined();
});
