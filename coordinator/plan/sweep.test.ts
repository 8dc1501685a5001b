import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatProblem } from "./problem.js";
import { type FlagValues, resolvePlan } from "./resolve.js";
import { randomFrom, shuffled } from "./shuffle.js";

function planOf(flags: FlagValues, seed = 0, text?: string) {
	const file = text === undefined ? {} : { file: { path: "plan.yaml", text } };
	const resolution = resolvePlan({ flags, environment: {}, seed, ...file });
	if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join("\n"));
	return resolution.plan;
}

const namesOf = (flags: FlagValues, seed?: number) => planOf(flags, seed).runs.map(({ name }) => name);

describe("points", () => {
	test.each<[FlagValues, string[]]>([
		[{}, ["custom"]],
		[{ workers: "3" }, ["custom"]],
		[{ agents: "1,2,4" }, ["agents-1", "agents-2", "agents-4"]],
		[{ payload: "100B,10KB" }, ["payload-100B", "payload-10KB"]],
		[{ pollInterval: "0,1ms" }, ["poll-0", "poll-1ms"]],
		[{ producers: "1,16" }, ["producers-1", "producers-16"]],
		[{ rate: "1000,ramp:1k-2k" }, ["rate-1000", "rate-ramp:1000-2000"]],
		[
			{ payload: "1KB,2KB", workers: "1,2" },
			["workers-1/payload-1KB", "workers-2/payload-1KB", "workers-1/payload-2KB", "workers-2/payload-2KB"],
		],
	])("%j", (flags, names) => {
		expect(namesOf(flags)).toEqual(names);
	});

	test("each run has its own values, the fleet the most agents", () => {
		const plan = planOf({ agents: "1,4", payload: "1KB,2KB", producers: "8" });
		expect(plan.agents).toBe(4);
		expect(plan.runs.map(({ agents, producers, task }) => [agents, producers, task.payload[0]?.mostBytes])).toEqual([
			[1, 8, 1_024],
			[4, 8, 1_024],
			[1, 8, 2_048],
			[4, 8, 2_048],
		]);
	});

	test("lists in a file, as YAML or as text", () => {
		const names = ["poll-0", "poll-1ms"];
		expect(planOf({}, 0, "pollInterval: [0, 1ms]").runs.map(({ name }) => name)).toEqual(names);
		expect(planOf({}, 0, "pollInterval: 0, 1ms").runs.map(({ name }) => name)).toEqual(names);
	});

	test("too many runs are refused", () => {
		const list = Array.from({ length: 50 }, (_, index) => index + 1).join(",");
		expect(() => planOf({ workers: list, agents: list })).toThrow(": the lists multiply to more than 1,000 runs");
		expect(() => planOf({ workers: list, repeat: "21" })).toThrow("--repeat: the lists multiply");
		expect(planOf({ workers: list, repeat: "20" }).runs).toHaveLength(1_000);
	});
});

describe("repeats", () => {
	test("each point so often, in an order that the seed determines", () => {
		const flags = { workers: "1,2,4", repeat: "3" };
		const names = namesOf(flags, 1);
		expect(names.toSorted()).toEqual(["1", "2", "4"].flatMap((n) => [1, 2, 3].map((round) => `workers-${n}#${round}`)));
		expect(namesOf(flags, 1)).toEqual(names);
		expect(namesOf(flags, 2)).not.toEqual(names);
		expect(planOf(flags, 5).seed).toBe(5);
		expect(planOf({ ...flags, seed: "1" }, 5)).toEqual(planOf(flags, 1));
	});

	test("runs of one point differ in nothing but their names and seeds, and points draw alike", () => {
		const byPoint = new Map<string, Set<string>>();
		const seeds = new Map<string, number[]>();
		for (const { name, seed, ...run } of planOf({ workers: "1,2", repeat: "4" }, 2 ** 32 - 2).runs) {
			seeds.set(run.point, [...(seeds.get(run.point) ?? []), seed]);
			expect(name.startsWith(`${run.point}#`)).toBe(true);
			byPoint.set(run.point, (byPoint.get(run.point) ?? new Set()).add(JSON.stringify(run)));
		}
		expect([...byPoint.values()].map(({ size }) => size)).toEqual([1, 1]);
		const drawn = [0, 1, 2 ** 32 - 2, 2 ** 32 - 1];
		expect([...seeds.values()].map((each) => each.toSorted((a, b) => a - b))).toEqual([drawn, drawn]);
	});

	test("one pass keeps the order of the list", () => {
		expect(namesOf({ workers: "4,1,2" }, 99)).toEqual(["workers-4", "workers-1", "workers-2"]);
	});
});

describe("shuffling", () => {
	test("keeps every item", () => {
		fc.assert(
			fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
				const sorted = (list: readonly number[]) => list.toSorted((a, b) => a - b);
				expect(sorted(shuffled(items, seed))).toEqual(sorted(items));
			}),
		);
	});

	test("gives each order of four about its share of seeds", () => {
		const counts = new Map<string, number>();
		for (let seed = 0; seed < 24_000; seed++) {
			const order = shuffled(["a", "b", "c", "d"], seed).join("");
			counts.set(order, (counts.get(order) ?? 0) + 1);
		}
		expect(counts.size).toBe(24);
		// 1,000 expected; the standard deviation is 31.
		for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(6 * 31);
	});

	test("random numbers are even", () => {
		const random = randomFrom(1);
		const mean = Array.from({ length: 10_000 }, random).reduce((sum, value) => sum + value / 10_000, 0);
		expect(mean).toBeCloseTo(0.5, 1);
	});
});
