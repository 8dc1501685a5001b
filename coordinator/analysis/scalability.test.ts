import { expect, it } from "vitest";
import { scalingOf } from "./scalability.js";

it("compares with the smallest size, wherever they stand", () => {
	const points = [
		{ n: 4, tasksPerSecond: 300 },
		{ n: 1, tasksPerSecond: 100 },
		{ n: 8, tasksPerSecond: 400 },
	];
	expect(scalingOf(points)).toEqual([
		{ speedup: 3, efficiency: 0.75 },
		{ speedup: 1, efficiency: 1 },
		{ speedup: 4, efficiency: 0.5 },
	]);
});

it("takes 2 workers as a base too", () => {
	const [, four] = scalingOf([
		{ n: 2, tasksPerSecond: 200 },
		{ n: 4, tasksPerSecond: 300 },
	]);
	expect(four).toEqual({ speedup: 1.5, efficiency: 0.75 });
});

it("says nothing where the base did nothing", () => {
	const none = { speedup: undefined, efficiency: undefined };
	expect(
		scalingOf([
			{ n: 1, tasksPerSecond: 0 },
			{ n: 2, tasksPerSecond: 5 },
		]),
	).toEqual([none, none]);
	expect(scalingOf([])).toEqual([]);
});
