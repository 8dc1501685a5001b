import fc from "fast-check";
import { expect, it } from "vitest";
import { interleave, type Place } from "./blocks.js";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const letters = (places: readonly Place[]) =>
	places.map(({ phase, side }) => (phase === "noise" ? "n" : side === "baseline" ? "A" : "B")).join("");

it("every pair has one run of each side, the noise pairs come first", () => {
	fc.assert(
		fc.property(fc.nat(12), fc.integer({ min: 1, max: 25 }), seeds, (noisePairs, pairs, seed) => {
			const order = interleave(noisePairs, pairs, seed);
			expect(order).toHaveLength(2 * (noisePairs + pairs));
			expect(order.slice(0, 2 * noisePairs).every(({ phase }) => phase === "noise")).toBe(true);
			for (const [phase, count] of [["noise", noisePairs] as const, ["pair", pairs] as const]) {
				for (let pair = 0; pair < count; pair++) {
					const runs = order.filter((place) => place.phase === phase && place.pair === pair);
					expect(runs.map(({ side }) => side).sort()).toEqual(["baseline", "candidate"]);
				}
			}
		}),
	);
});

it("pairs come in blocks ABBA and BAAB, about as many of each", () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 12 }), seeds, (blocks, seed) => {
			const found = letters(interleave(0, 2 * blocks, seed)).match(/.{4}/g) ?? [];
			expect(found.every((block) => block === "ABBA" || block === "BAAB")).toBe(true);
			const first = found.filter((block) => block === "ABBA").length;
			expect(Math.abs(2 * first - blocks)).toBeLessThanOrEqual(1);
		}),
	);
});

it("the seed decides the order, and another one gives another", () => {
	expect(interleave(6, 10, 5)).toEqual(interleave(6, 10, 5));
	const orders = new Set(Array.from({ length: 50 }, (_, seed) => letters(interleave(0, 10, seed))));
	expect(orders.size).toBeGreaterThan(5);
});

it("what drifts evenly adds nothing to either side", () => {
	const drift = (side: string) =>
		interleave(0, 10, 9).reduce((sum, place, index) => sum + (place.side === side ? index : 0), 0);
	expect(drift("baseline")).toBe(drift("candidate"));
});
