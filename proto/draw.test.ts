import { expect, test } from "vitest";
import { drawer } from "./draw.js";
import { TaskShape } from "./gen/slice.js";

const shape = (changes: Partial<TaskShape>) =>
	TaskShape.fromPartial({
		type: "t",
		payload: [{ weight: 1, leastBytes: 9, mostBytes: 9 }],
		priorityWeights: [0, 1, 0, 0],
		...changes,
	});

test("one priority and one size are constant", () => {
	const draw = drawer(shape({}), 3);
	expect([0, 1, 2 ** 40].map(draw)).toEqual(Array.from({ length: 3 }, () => ({ priority: 1, payloadBytes: 9 })));
});

test("a mix comes out in its proportions, within what chance allows", () => {
	const payload = [
		{ weight: 9, leastBytes: 100, mostBytes: 100 },
		{ weight: 1, leastBytes: 1_000, mostBytes: 1_999 },
	];
	const draw = drawer(shape({ priorityWeights: [1, 7, 0, 2], payload }), 0);
	const all = Array.from({ length: 100_000 }, (_, sequence) => draw(sequence));
	const share = (is: (each: (typeof all)[number]) => boolean) => all.filter(is).length / all.length;
	// Five standard errors of a share of 100,000 draws are below 0.008.
	for (const [priority, expected] of [0.1, 0.7, 0, 0.2].entries()) {
		expect(share((each) => each.priority === priority)).toBeCloseTo(expected, expected === 0 ? 9 : 1.8);
	}
	expect(share(({ payloadBytes }) => payloadBytes === 100)).toBeCloseTo(0.9, 1.8);
	const large = all.map(({ payloadBytes }) => payloadBytes).filter((bytes) => bytes !== 100);
	expect(Math.min(...large)).toBeGreaterThanOrEqual(1_000);
	expect(Math.max(...large)).toBeLessThanOrEqual(1_999);
	expect(large.reduce((sum, bytes) => sum + bytes, 0) / large.length).toBeCloseTo(1_499.5, -2);
});

test("the same seed, producer and sequence number draw the same, another of them does not", () => {
	const mixed = { priorityWeights: [1, 1, 1, 1], payload: [{ weight: 1, leastBytes: 0, mostBytes: 1_000_000 }] };
	const sizes = (changes: Partial<TaskShape>, producer: number, first = 0) => {
		const draw = drawer(shape({ ...mixed, ...changes }), producer);
		return Array.from({ length: 20 }, (_, index) => draw(first + index).payloadBytes);
	};
	expect(sizes({ drawSeed: 1 }, 2)).toEqual(sizes({ drawSeed: 1 }, 2));
	expect(sizes({ drawSeed: 1 }, 2)).not.toEqual(sizes({ drawSeed: 2 }, 2));
	expect(sizes({ drawSeed: 1 }, 2)).not.toEqual(sizes({ drawSeed: 1 }, 3));
	expect(sizes({ drawSeed: 1 }, 2)).not.toEqual(sizes({ drawSeed: 1 }, 2, 2 ** 32));
});
