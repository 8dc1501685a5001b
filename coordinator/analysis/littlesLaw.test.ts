import { expect, it } from "vitest";
import { littlesLaw } from "./littlesLaw.js";

it.each([
	[400, 20_000, 0, 8, 8, 0, true],
	[400, 15_000, 5_000, 8, 8, 0, true],
	[400, 20_900, 0, 8, 8.36, 0.045, true],
	[400, 21_000, 0, 8, 8.4, 0.05, false],
	[100, 50_000, 0, 8, 5, -0.375, false],
])("%f/s at %f + %f µs with %i asked for: %f in flight, off by %f, holds: %s", (x, r, z, n, inFlight, off, holds) => {
	const found = littlesLaw(x, r, z, n);
	expect(found.inFlight).toBeCloseTo(inFlight, 9);
	expect(found.off).toBeCloseTo(off, 9);
	expect(found.holds).toBe(holds);
});
