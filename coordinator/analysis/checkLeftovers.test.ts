import { expect, test } from "vitest";
import { Census, RedisSample } from "../../proto/gen/measurement.js";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { checkLeftovers } from "./checkLeftovers.js";

const MERGED = mergeRun(simulatedRun({ tasks: 1_000 }));

function runThatLeft(keys: readonly (readonly [string, number])[], memory: readonly [number, number]) {
	const [before, after] = memory.map((usedMemoryBytes) => RedisSample.create({ usedMemoryBytes }));
	return {
		...MERGED,
		redisSamples: before ? [before] : [],
		census: Census.create({ keysByKind: new Map(keys), redis: after }),
	};
}

const STORED = [
	["store:task", 1_000],
	["store:result", 1_000],
	["index:state", 2],
] as const;

test("what a task leaves is told, in keys and bytes", () => {
	const [reason] = checkLeftovers(runThatLeft(STORED, [1e6, 3.2e6]));
	expect(reason).toMatchObject({ code: "left-per-task", severity: "NOTE", figure: 2_200 });
	expect(reason?.sentence).toContain("2 keys, 2,200 bytes in all, and its ID in the index");
});

test("without the bytes where Redis does not tell them or they went down", () => {
	for (const memory of [
		[-1, -1],
		[2e6, 1e6],
	] as const) {
		const [reason] = checkLeftovers(runThatLeft(STORED, memory));
		expect(reason?.sentence).toContain("left 2 keys and its ID");
	}
});

test("nothing is said of few tasks, of none stored, or of a prefix that others used before", () => {
	expect(checkLeftovers(runThatLeft([], [1e6, 2e6]))).toEqual([]);
	expect(checkLeftovers(mergeRun(simulatedRun({ tasks: 100 })))).toEqual([]);
	const shared = { ...runThatLeft(STORED, [1e6, 2e6]), namespace: undefined };
	expect(checkLeftovers(shared)).toEqual([]);
});
