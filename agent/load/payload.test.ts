import fc from "fast-check";
import { expect, test } from "vitest";
import { payloadMaker } from "./payload.js";

test("a payload is the JSON of its filler and the task's number", () => {
	const make = payloadMaker(200);
	fc.assert(
		fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.nat({ max: 200 }), (number, bytes) => {
			const { start, end } = make(number, bytes);
			const { data, task_id } = JSON.parse(start + end);
			expect(data).toHaveLength(bytes);
			expect(start + end).toBe(JSON.stringify({ data, task_id: number }));
			expect(task_id).toBe(number);
		}),
		{
			examples: [
				[0, 1],
				[999, 1],
				[1_000, 1],
				[1_000_000, 1],
				[1_001_001, 1],
				[Number.MAX_SAFE_INTEGER, 1],
			],
		},
	);
});
