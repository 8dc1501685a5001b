import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { AckRing } from "./ackring.js";

test("a task waits from its acknowledgement on, not at all before it, and nobody knows of what is not its own", () => {
	const acks = new AckRing([3, 9]);
	acks.begun(9, 0);
	expect(acks.waitedUs(9, 0, 500)).toBe(0);
	acks.acknowledged(9, 0, 400);
	expect(acks.waitedUs(9, 0, 500)).toBe(100);
	expect(acks.waitedUs(9, 0, 300)).toBe(0);
	for (const [producer, sequence] of [
		[3, 0],
		[9, 1],
		[4, 0],
		[70_000, 0],
	] as const) {
		expect(acks.waitedUs(producer, sequence, 500)).toBeUndefined();
	}
	expect(new AckRing([]).waitedUs(0, 0, 1)).toBeUndefined();
});

test("an acknowledgement that took longer than an hour counts as well, up to 71 minutes", () => {
	const acks = new AckRing([0]);
	acks.acknowledged(0, 0, 3.6e9);
	expect(acks.waitedUs(0, 0, 3.7e9)).toBe(0.1e9);
});

test.prop([fc.integer({ min: 1, max: 40 }), fc.nat({ max: 2 ** 40 }), fc.nat({ max: 2_000_000 })])(
	"the newest are remembered, and none is taken for another",
	(producers, first, distance) => {
		const acks = new AckRing(Array.from({ length: producers }, (_, index) => index));
		acks.acknowledged(producers - 1, first, 7);
		acks.acknowledged(producers - 1, first + distance, 8);
		expect(acks.waitedUs(producers - 1, first + distance, 10)).toBe(2);
		const isForgotten = distance > 0 && (distance * producers) % 2 ** 19 === 0;
		expect(acks.waitedUs(producers - 1, first, 10)).toBe(distance === 0 ? 2 : isForgotten ? undefined : 3);
	},
);
