import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Counters, Host, Measurements, Outcome, Resources, Span, Stage } from "../../proto/gen/measurement.js";
import { AgentRecord, RunEnd, RunRecord } from "../../proto/gen/record.js";
import { StageRecorder } from "../../proto/histogramRecorder.js";
import { LedgerPages } from "../../proto/ledger.js";
import { CLOCK_STAGES, STAGES, stageUnit } from "../../proto/stages.js";
import { throughputOf } from "../analysis/throughput.js";
import type { RunSpec } from "../plan/plan.js";
import { specToJson } from "../plan/planJson.js";
import { mergeRun } from "./merge.js";

const SPEC: RunSpec = {
	name: "quick",
	point: "quick",
	agents: 2,
	engine: "classic",
	concurrency: 1,
	batch: 1,
	workers: 4,
	producers: 16,
	pollIntervalMs: 10,
	load: { kind: "tasks", tasks: 1_000, limitMs: undefined },
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
};

/** One value of one stage; its slot of the series, and the task that it completed. */
interface Sample {
	readonly stage: Stage;
	readonly value: number;
	readonly slot: number;
	readonly task: number;
}

/** What an agent measured, recorded as agents record. Its tasks are those of one producer, of which it sent none. */
function measured(samples: readonly Sample[], resources: Partial<Resources> = {}): Measurements {
	const recorders = STAGES.map(({ stage }) => new StageRecorder(stage));
	const ledger = new LedgerPages();
	let completed = 0;
	for (const { stage, value, task } of samples) {
		recorders.find((recorder) => recorder.stage === stage)?.record(value);
		if (ledger.set(0, Outcome.COMPLETED, task)) completed++;
	}
	const stages = recorders.filter(({ count }) => count > 0).map((recorder) => recorder.encode());
	const slots = [...new Set(samples.map(({ slot }) => slot))];
	const times = samples.map(({ slot }) => slot * 200_000);
	return Measurements.create({
		counters: Counters.create({ completed, polls: samples.length }),
		stages,
		series: slots.map((index) => ({ index, completed: samples.filter(({ slot }) => slot === index).length })),
		ledger: ledger.allPages(),
		errors: new Map(samples.map(({ slot }) => [`kind ${slot % 3}`, 1])),
		span: Span.create({
			firstSentAtUs: -1,
			lastSentAtUs: -1,
			lastEnqueuedAtUs: -1,
			firstCompletedAtUs: times.length > 0 ? Math.min(...times) : -1,
			lastCompletedAtUs: Math.max(-1, ...times),
		}),
		resources: Resources.create({ cpuUserUs: samples.length, peakRssBytes: 7, ...resources }),
	});
}

/** What sent the tasks, and nothing else. */
function sender(tasks: number): Measurements {
	return Measurements.create({
		counters: Counters.create({ sent: tasks, enqueued: tasks }),
		producers: [{ producer: 0, issued: tasks }],
		span: Span.create({
			firstSentAtUs: 5,
			lastSentAtUs: 9,
			lastEnqueuedAtUs: 12,
			firstCompletedAtUs: -1,
			lastCompletedAtUs: -1,
		}),
		resources: Resources.create({ peakRssBytes: 30, allocatedBytes: 100 }),
	});
}

function runOf(agents: readonly Partial<AgentRecord>[], change: Partial<RunRecord> = {}): RunRecord {
	return RunRecord.create({
		runId: "r",
		runTag: 1,
		specJson: specToJson(SPEC),
		end: RunEnd.DRAINED,
		census: {},
		...change,
		agents: agents.map((agent, index) => AgentRecord.create({ index, host: Host.create({ hostname: "h" }), ...agent })),
	});
}

/** Comparable; the sums of doubles aside, which depend on the order of adding. */
function stagesOf(record: RunRecord) {
	return [...mergeRun(record).stages].map(([stage, distribution]) => {
		const { unit, count, min, max, overflow, negative } = distribution;
		return { stage, unit, count, min, max, overflow, negative, buckets: [...distribution.buckets()] };
	});
}

const sample: fc.Arbitrary<Sample> = fc.record({
	stage: fc.constantFrom(...STAGES.map(({ stage }) => stage)),
	// + 0: the wire knows no negative zero.
	value: fc.oneof(
		fc.integer({ min: 0, max: 100_000 }),
		fc.double({ min: -10, max: 4e9, noNaN: true }).map((value) => value + 0),
	),
	slot: fc.nat({ max: 30 }),
	task: fc.nat({ max: 300 }),
});
const shares = fc.array(fc.array(sample, { maxLength: 30 }), { minLength: 1, maxLength: 6 });

describe("a merged run", () => {
	test("of N agents has the figures of one agent that saw it all", () => {
		fc.assert(
			fc.property(shares, (all) => {
				const many = mergeRun(
					runOf([{ measurements: sender(301) }, ...all.map((part) => ({ measurements: measured(part) }))]),
				);
				const pooled = mergeRun(runOf([{ measurements: sender(301) }, { measurements: measured(all.flat()) }]));
				for (const { stage, unit } of STAGES) {
					const [merged, expected] = [many.stages.get(stage), pooled.stages.get(stage)];
					expect(merged?.unit).toBe(unit);
					expect([...(merged?.buckets() ?? [])]).toEqual([...(expected?.buckets() ?? [])]);
					for (const percentile of [0, 50, 90, 99, 99.9, 100]) {
						expect(merged?.valueAtPercentile(percentile)).toBe(expected?.valueAtPercentile(percentile));
					}
					expect(merged?.count).toBe(all.flat().filter((one) => one.stage === stage).length);
				}
				expect(many.series).toEqual(pooled.series);
				expect(many.span).toEqual(pooled.span);
				expect([...many.errors.keys()]).toEqual([...pooled.errors.keys()]);
				const { duplicates: _, crossAgentDuplicates: __, byAgent: ___, ...accounting } = pooled.accounting;
				expect(many.accounting).toMatchObject(accounting);
				expect(many.accounting.balanced).toBe(true);
			}),
			{ numRuns: 40 },
		);
	});

	test("does not depend on the order of the agents", () => {
		fc.assert(
			fc.property(shares, fc.integer({ min: 0, max: 5 }), (all, turn) => {
				const record = runOf(all.map((part) => ({ measurements: measured(part) })));
				const turned = [...record.agents.slice(turn), ...record.agents.slice(0, turn)].reverse();
				const [one, other] = [record, { ...record, agents: turned }];
				expect(stagesOf(other)).toEqual(stagesOf(one));
				const { stages: _, ...rest } = mergeRun(one);
				const { stages: __, ...otherRest } = mergeRun(other);
				expect(otherRest).toEqual(rest);
			}),
			{ numRuns: 40 },
		);
	});

	test("has every stage, a dense series from the epoch, and the fleet's sums", () => {
		const samples: Sample[] = [
			{ stage: Stage.RESPONSE_TIME, value: 1_000, slot: 3, task: 0 },
			{ stage: Stage.RESPONSE_TIME, value: 3_000, slot: 1, task: 1 },
		];
		const run = mergeRun(
			runOf([
				{ measurements: sender(2), workers: 0, producers: 16, clockBoundUs: 4 },
				{
					measurements: measured(samples, {
						peakRssBytes: 50,
						loopUtilization: 0.5,
						allocatedBytes: 20,
						maxUnacknowledged: 3,
					}),
					workers: 4,
				},
			]),
		);
		expect([...run.stages.keys()]).toEqual([...STAGES, ...CLOCK_STAGES].map(({ stage }) => stage));
		expect([...run.stages].map(([stage, { unit }]) => unit === stageUnit(stage))).not.toContain(false);
		expect(run.stages.get(Stage.QUEUE_WAIT)?.count).toBe(0);
		expect(run.stages.get(Stage.RESPONSE_TIME)?.meanUs).toBe(2_000);
		expect(run.series.map(({ index, completed }) => [index, completed])).toEqual([
			[0, 0],
			[1, 1],
			[2, 0],
			[3, 1],
		]);
		expect(run.span).toEqual({
			firstSentAtUs: 5,
			lastSentAtUs: 9,
			lastEnqueuedAtUs: 12,
			firstCompletedAtUs: 200_000,
			lastCompletedAtUs: 600_000,
			startLatenessUs: 0,
			sendingEndedAtUs: 0,
		});
		expect(run.counters).toMatchObject({ sent: 2, enqueued: 2, completed: 2, polls: 2 });
		expect(run.resources).toMatchObject({
			peakRssSumBytes: 80,
			peakRssMaxBytes: 50,
			allocatedBytes: 120,
			loopUtilizationMax: 0.5,
			// As of a record that does not tell.
			sendingLoopUtilizationMax: 0.5,
			maxUnacknowledgedSum: 3,
		});
		expect(run.agents.map(({ index, workers, clockBoundUs, loss }) => [index, workers, clockBoundUs, loss])).toEqual([
			[0, 0, 4, undefined],
			[1, 4, 0, undefined],
		]);
		expect(run.accounting).toMatchObject({ issued: 2, completed: 2, lost: 0, balanced: true });
		expect(run.spec).toEqual(SPEC);
	});

	test("keeps what a lost agent had sent, and says that it was lost", () => {
		const loss = { atUs: 3e6, reason: "its stream broke", coveredToUs: 2e6 };
		const samples: Sample[] = [{ stage: Stage.ACK_TIME, value: 8, slot: 0, task: 0 }];
		const run = mergeRun(
			runOf([
				{ measurements: sender(5), workers: 1 },
				{ measurements: measured(samples), loss, workers: 3 },
			]),
		);
		expect(run.agents[1]?.loss).toEqual(loss);
		expect(run.stages.get(Stage.ACK_TIME)?.count).toBe(1);
		expect(run.accounting).toMatchObject({ completed: 1, unaccounted: 4, lost: 0 });
	});

	test("of an agent that never said a word, and without a census", () => {
		const loss = { atUs: 0, reason: "killed", coveredToUs: 0 };
		const run = mergeRun(runOf([{ loss }], { census: undefined, end: RunEnd.FAILED }));
		expect(run.series).toEqual([]);
		expect(run.span.firstSentAtUs).toBe(-1);
		expect(run.resources.allocatedBytes).toBe(-1);
		expect(run.accounting).toMatchObject({ issued: 0, balanced: false });
	});

	test("survives being saved", () => {
		const record = runOf([
			{ measurements: sender(9) },
			{ measurements: measured([{ stage: 1, value: 5, slot: 2, task: 3 }]) },
		]);
		const read = RunRecord.decode(RunRecord.encode(record).finish());
		expect(stagesOf(read)).toEqual(stagesOf(record));
		expect(mergeRun(read).accounting).toEqual(mergeRun(record).accounting);
	});

	test("leaves the record as it was", () => {
		const agents = [1, 2].map((task) => ({ measurements: measured([{ stage: 1, value: 5, slot: 2, task }]) }));
		const record = runOf([{ measurements: sender(9) }, ...agents]);
		const before = Buffer.from(RunRecord.encode(record).finish()).toString("hex");
		mergeRun(record);
		expect(Buffer.from(RunRecord.encode(record).finish()).toString("hex")).toBe(before);
	});

	test("names the agent whose figures do not add up", () => {
		const bad = measured([{ stage: Stage.SERVICE_TIME, value: 5, slot: 0, task: 0 }]);
		for (const stage of bad.stages) stage.sum = 1e9;
		expect(() => mergeRun(runOf([{ measurements: sender(1) }, { measurements: bad }]))).toThrow(
			/^agent 1: histogram of stage 7: its sum 1000000000 is not what its buckets hold$/,
		);
	});
});

test("percentiles of agents that each saw another speed are not averaged", () => {
	const completions = (count: number, value: number, first: number) =>
		measured(
			Array.from({ length: count }, (_, at) => ({ stage: Stage.RESPONSE_TIME, value, slot: 0, task: first + at })),
		);
	const fast = { measurements: completions(990, 1_000, 0) };
	const slow = { measurements: completions(10, 100_000, 990) };
	const p995Us = (...agents: Partial<AgentRecord>[]) =>
		mergeRun(runOf(agents)).stages.get(Stage.RESPONSE_TIME)?.percentileUs(99.5) ?? 0;
	expect((p995Us(fast) + p995Us(slow)) / 2).toBe(50_500);
	expect(p995Us(fast, slow)).toBe(100_000);
});

describe("a task that two agents completed", () => {
	const completion = (task: number, slot: number): Sample => ({ stage: Stage.RESPONSE_TIME, value: 900, slot, task });
	const merged = (load: RunSpec["load"]) =>
		mergeRun(
			runOf(
				[
					{ measurements: measured([completion(0, 0), completion(1, 1), completion(2, 2)]), workers: 2 },
					{ measurements: measured([completion(2, 3), completion(3, 4)]), workers: 2 },
					{ measurements: sender(4), producers: 16 },
				],
				{ specJson: specToJson({ ...SPEC, load }) },
			),
		);
	const completedIn = (run: ReturnType<typeof merged>) => run.series.reduce((sum, { completed }) => sum + completed, 0);

	test.each<[string, RunSpec["load"], number]>([
		["of a number of tasks once", { kind: "tasks", tasks: 4, limitMs: undefined }, 4],
		["of a time once for each of them", { kind: "timed", warmupMs: 0, durationMs: 1_000, inFlight: 8 }, 5],
	])("counts once in the accounting, once for each in response times and series, in the rate %s", (_, load, rated) => {
		const run = merged(load);
		expect(run.accounting).toMatchObject({ completed: 4, duplicates: 1, crossAgentDuplicates: 1, lost: 0 });
		expect(run.stages.get(Stage.RESPONSE_TIME)?.count).toBe(5);
		expect(completedIn(run)).toBe(5);
		const { completions, isDistinct } = throughputOf(run);
		expect([completions, isDistinct]).toEqual([rated, rated === 4]);
	});
});
