import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_PRODUCERS, MAX_SEQUENCE, makeTaskId, parseTaskId } from "./taskid.js";

const runTags = fc.integer({ min: 0, max: 0xffffffff });
const producers = fc.integer({ min: 0, max: MAX_PRODUCERS - 1 });
const sequences = fc.oneof(fc.integer({ min: 0, max: MAX_SEQUENCE }), fc.nat({ max: 10_000 }));
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("a task's ID", () => {
	test("is a UUID of version 4's shape, and tells which task it is", () => {
		fc.assert(
			fc.property(runTags, producers, sequences, (runTag, producer, sequence) => {
				const id = makeTaskId(runTag, producer, sequence);
				expect(id).toMatch(UUID_V4);
				expect(parseTaskId(runTag, id)).toEqual({ producer, sequence });
			}),
			{
				examples: [
					[0, 0, 0],
					[0xffffffff, MAX_PRODUCERS - 1, MAX_SEQUENCE],
				],
			},
		);
	});

	test("is nobody's of another run", () => {
		fc.assert(
			fc.property(runTags, runTags, producers, sequences, (runTag, other, producer, sequence) => {
				fc.pre(runTag !== other);
				expect(parseTaskId(other, makeTaskId(runTag, producer, sequence))).toBeUndefined();
			}),
		);
	});

	test("changed in one character is another task's of the run, or none of it", () => {
		const position = fc.nat({ max: 35 });
		const character = fc.constantFrom(..."0123456789abcdefABCDEFg-é");
		fc.assert(
			fc.property(runTags, producers, sequences, position, character, (runTag, producer, sequence, at, char) => {
				const id = makeTaskId(runTag, producer, sequence);
				const changed = id.slice(0, at) + char + id.slice(at + 1);
				const task = parseTaskId(runTag, changed);
				if (!task) return;
				expect(makeTaskId(runTag, task.producer, task.sequence)).toBe(changed);
				expect(task.sequence).toBeLessThanOrEqual(MAX_SEQUENCE);
			}),
			{ numRuns: 2_000 },
		);
	});

	test("is not any UUID, even with the run's tag in front", () => {
		const tag = makeTaskId(0xcafe0001, 0, 0).slice(0, 8);
		const foreign = Array.from({ length: 10_000 }, () => tag + randomUUID().slice(8));
		expect(foreign.filter((id) => parseTaskId(0xcafe0001, id) !== undefined)).toEqual([]);
	});

	test.each(["", "x", makeTaskId(1, 2, 3).slice(0, -1), `${makeTaskId(1, 2, 3)}0`, makeTaskId(1, 2, 3).toUpperCase()])(
		"is not %j",
		(text) => expect(parseTaskId(1, text)).toBeUndefined(),
	);
});
