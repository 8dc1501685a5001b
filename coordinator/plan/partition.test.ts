import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Slice } from "../../proto/gen/slice.js";
import { checkSlice, LIMITS } from "../../proto/slicecheck.js";
import { parsePriorities } from "./mix.js";
import { partition } from "./partition.js";
import type { HandlerSpec, LoadSpec, RunSpec } from "./plan.js";

const IDENTITY = { runId: "r-0", runTag: 7, target: { url: "redis://127.0.0.1:6379", keyPrefix: "spool:" } };

function runOf(load: LoadSpec, changes: Partial<RunSpec> = {}): RunSpec {
	return {
		name: "test",
		point: "test",
		agents: 1,
		engine: "classic",
		concurrency: 1,
		batch: 1,
		workers: 4,
		producers: 16,
		pollIntervalMs: 10,
		load,
		task: {
			type: "benchmark_task",
			payload: [{ weight: 1, leastBytes: 1_024, mostBytes: 1_024 }],
			priorities: [0, 1, 0, 0],
			maxRetries: 3,
			timeoutMs: 30_000,
		},
		handler: { kind: "benchmark" },
		drainTimeoutMs: 60_000,
		seed: 7,
		...changes,
	};
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const workersOf = (slices: readonly Slice[]): number[] => slices.map((slice) => slice.workers?.count ?? Number.NaN);

function timedOf(slice: Slice | undefined): { inFlight: number; durationMs: number } {
	const kind = slice?.load?.kind;
	if (kind?.$case !== "timed") throw new Error("not a timed slice");
	return kind.value;
}

/** Workers and producers, which every kind of run has. */
function expectWhole(slices: readonly Slice[], run: RunSpec, agents: number): void {
	expect(slices.map((slice) => slice.agentIndex)).toEqual(Array.from({ length: agents }, (_, index) => index));
	expect(slices.flatMap(checkSlice)).toEqual([]);
	expect(sum(workersOf(slices))).toBe(run.workers);
	expect(Math.max(...workersOf(slices)) - Math.min(...workersOf(slices))).toBeLessThanOrEqual(1);
	let nextWorker = 0;
	for (const { workers } of slices) {
		expect(workers?.firstIndex).toBe(nextWorker);
		nextWorker += workers?.count ?? 0;
	}
	const producers = slices.flatMap((slice) => slice.producers.map(({ index }) => index));
	expect(producers).toEqual(Array.from({ length: run.producers }, (_, index) => index));
}

const agentCount = fc.integer({ min: 1, max: 64 });
const counts = { workers: fc.integer({ min: 1, max: 200 }), producers: fc.integer({ min: 1, max: 200 }) };

describe("a number of tasks", () => {
	test("the slices add up to the run, over any number of agents", () => {
		const tasks = fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 1_000_000_000 }));
		fc.assert(
			fc.property(tasks, fc.record(counts), agentCount, (count, spec, agents) => {
				const run = runOf({ kind: "tasks", tasks: count, limitMs: undefined }, spec);
				const slices = partition(run, IDENTITY, agents);
				expectWhole(slices, run, agents);

				const producers = slices.flatMap((slice) => slice.producers);
				let nextTask = 0;
				for (const producer of producers) {
					expect(producer.firstTask).toBe(nextTask);
					nextTask += producer.tasks;
					expect(producer.tasks).toBeLessThanOrEqual(Math.ceil(count / run.producers));
				}
				expect(nextTask).toBe(count);
				for (const slice of slices) {
					expect(slice.load?.kind).toEqual({ $case: "taskCount", value: { total: count, limitMs: 0 } });
					expect(slice.producers.length).toBeLessThanOrEqual(Math.ceil(run.producers / agents));
				}
			}),
		);
	});

	test("a producer has the same tasks whatever the size of the fleet", () => {
		fc.assert(
			fc.property(fc.record(counts), agentCount, (spec, agents) => {
				const run = runOf({ kind: "tasks", tasks: 1_000, limitMs: undefined }, spec);
				const producers = (over: number) => partition(run, IDENTITY, over).flatMap((slice) => slice.producers);
				expect(producers(agents)).toEqual(producers(1));
			}),
		);
	});

	test("known answer: 10 tasks, 4 producers, 3 workers over 2 agents", () => {
		const slices = partition(
			runOf({ kind: "tasks", tasks: 10, limitMs: undefined }, { workers: 3, producers: 4 }),
			IDENTITY,
			2,
		);
		expect(slices.map(({ producers, workers }) => ({ producers, workers }))).toEqual([
			{
				producers: [
					{ index: 0, firstTask: 0, tasks: 2 },
					{ index: 1, firstTask: 2, tasks: 3 },
				],
				workers: { firstIndex: 0, count: 1, pollIntervalMs: 10, concurrency: 1 },
			},
			{
				producers: [
					{ index: 2, firstTask: 5, tasks: 2 },
					{ index: 3, firstTask: 7, tasks: 3 },
				],
				workers: { firstIndex: 1, count: 2, pollIntervalMs: 10, concurrency: 1 },
			},
		]);
	});
});

describe("timed", () => {
	const timedRun = fc
		.record({
			...counts,
			agents: agentCount,
			inFlight: fc.integer({ min: 1, max: 1_000 }),
		})
		.map(({ workers, producers, agents, inFlight }) => {
			const load: LoadSpec = { kind: "timed", warmupMs: 0, durationMs: 30_000, inFlight };
			// What `resolvePlan` sees to.
			return { agents, run: runOf(load, { workers, producers: Math.max(producers, Math.min(workers, agents)) }) };
		});

	test("the slices add up to the run, over any number of agents", () => {
		fc.assert(
			fc.property(timedRun, ({ agents, run }) => {
				if (run.load.kind !== "timed") throw new Error("not timed");
				const { inFlight } = run.load;
				const slices = partition(run, IDENTITY, agents);
				expectWhole(slices, run, agents);
				expect(sum(slices.map((slice) => timedOf(slice).inFlight))).toBe(inFlight);

				for (const [index, slice] of slices.entries()) {
					const share = timedOf(slice);
					const workers = workersOf(slices)[index] ?? 0;
					expect(share.inFlight).toBeLessThanOrEqual(Math.ceil((inFlight * workers) / run.workers));
					// Only who has workers sends.
					expect(slice.producers.length > 0).toBe(workers > 0);
					if (workers === 0) expect(share.inFlight).toBe(0);
				}
			}),
		);
	});

	test("known answer: 2 workers over 4 agents", () => {
		const load: LoadSpec = { kind: "timed", warmupMs: 0, durationMs: 1_000, inFlight: 5 };
		const slices = partition(runOf(load, { workers: 2, producers: 3 }), IDENTITY, 4);
		expect(workersOf(slices)).toEqual([0, 1, 0, 1]);
		expect(slices.map((slice) => timedOf(slice).inFlight)).toEqual([0, 2, 0, 3]);
		expect(slices.map((slice) => slice.producers.map(({ index }) => index))).toEqual([[], [0], [], [1, 2]]);
	});

	test.each([
		["for as long as it may drain", 1_000, 60_000, 63_000],
		["for 5 s where that is shorter", 1_000, 2_000, 8_000],
		["not beyond the longest run there may be", LIMITS.durationMs - 3_000, 60_000, LIMITS.durationMs],
	])("agents may keep the load up %s", (_, durationMs, drainTimeoutMs, untilMs) => {
		const load: LoadSpec = { kind: "timed", warmupMs: 2_000, durationMs, inFlight: 8 };
		const [slice] = partition({ ...runOf(load, { workers: 4, producers: 3 }), drainTimeoutMs }, IDENTITY, 1);
		if (!slice) throw new Error("no slice");
		expect(timedOf(slice).durationMs).toBe(untilMs);
		expect(slice.load?.window).toEqual({ fromMs: 2_000, toMs: 2_000 + durationMs });
	});

	test("fewer producers than agents that send is an error, not a smaller load", () => {
		const load: LoadSpec = { kind: "timed", warmupMs: 0, durationMs: 1_000, inFlight: 8 };
		const run = runOf(load, { workers: 4, producers: 3 });
		expect(() => partition(run, IDENTITY, 4)).toThrow("test: 3 producers cannot be split over 4 agents that send");
	});
});

test("what is not split is the same for all", () => {
	const handlers: HandlerSpec[] = [
		{ kind: "benchmark" },
		{ kind: "noop" },
		{ kind: "hang" },
		{ kind: "sleep", meanMs: 5, exponential: true },
		{ kind: "cpu", durationMs: 2 },
		{ kind: "fail", probability: 0.5 },
	];
	for (const handler of handlers) {
		for (const slice of partition(runOf({ kind: "tasks", tasks: 9, limitMs: undefined }, { handler }), IDENTITY, 3)) {
			const { kind, ...value } = handler;
			expect(slice).toMatchObject({ ...IDENTITY, name: "test", agentCount: 3, engine: 1 });
			expect(slice.handler?.kind).toEqual({ $case: kind, value });
			expect(slice.task).toEqual({
				type: "benchmark_task",
				payload: [{ weight: 1, leastBytes: 1_024, mostBytes: 1_024 }],
				priorityWeights: [0, 1, 0, 0],
				drawSeed: 7,
				maxRetries: 3,
				timeoutMs: 30_000,
			});
		}
	}
});

test.each([
	["low", 0],
	["normal", 1],
	["high", 2],
	["critical", 3],
] as const)("priority %s is Spool's %d", (priority, number) => {
	const run = runOf({ kind: "tasks", tasks: 1, limitMs: undefined });
	const priorities = parsePriorities(priority);
	if (!priorities.ok) throw new Error(priorities.expected);
	const [slice] = partition({ ...run, task: { ...run.task, priorities: priorities.value } }, IDENTITY, 1);
	expect(slice?.task?.priorityWeights).toEqual([0, 1, 2, 3].map((each) => (each === number ? 1 : 0)));
});
