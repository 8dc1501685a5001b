import { expect, test } from "vitest";
import { ArrivalProcess, Slice } from "./gen/slice.js";
import { checkSlice } from "./slicecheck.js";

const COUNTED: Slice = {
	runId: "r-0",
	runTag: 4_294_967_295,
	name: "quick",
	agentIndex: 1,
	agentCount: 2,
	target: { url: "redis://127.0.0.1:6379", keyPrefix: "spool:" },
	engine: 1,
	load: { kind: { $case: "taskCount", value: { total: 10, limitMs: 0 } }, window: undefined },
	producers: [
		{ index: 2, firstTask: 5, tasks: 2 },
		{ index: 3, firstTask: 7, tasks: 3 },
	],
	workers: { firstIndex: 1, count: 2, pollIntervalMs: 0, concurrency: 1 },
	task: {
		type: "benchmark_task",
		payload: [{ weight: 1, leastBytes: 1_024, mostBytes: 1_024 }],
		priorityWeights: [0, 0, 0, 1],
		drawSeed: 7,
		maxRetries: 3,
		timeoutMs: 30_000,
	},
	handler: { kind: { $case: "benchmark", value: {} } },
	batch: 1,
	faults: undefined,
};
const TIMED: Slice = {
	...COUNTED,
	load: { kind: { $case: "timed", value: { durationMs: 1_000, inFlight: 4 } }, window: undefined },
	producers: [{ index: 0, firstTask: 0, tasks: 0 }],
};

const RATE = { durationMs: 1_000, fromPerSecond: 100, toPerSecond: 200, sinePerSecond: 0, sinePeriodMs: 0 };
const OPEN_LOAD = {
	profile: [RATE],
	arrivals: ArrivalProcess.UNIFORM,
	burst: 0,
	seed: 9,
	shareIndex: 1,
	shareCount: 2,
	spin: false,
	maxUnacknowledged: 256,
};
const OPEN: Slice = {
	...TIMED,
	load: { kind: { $case: "open", value: OPEN_LOAD }, window: { fromMs: 100, toMs: 900 } },
};

test("what a plan makes is fine, also after the wire", () => {
	for (const slice of [COUNTED, TIMED, OPEN]) {
		expect(checkSlice(slice)).toEqual([]);
		expect(checkSlice(Slice.decode(Slice.encode(slice).finish()))).toEqual([]);
	}
});

const target = (url: string, keyPrefix = "spool:") => ({ target: { url, keyPrefix } });
const workers = (changes: object) => ({ workers: { firstIndex: 0, count: 1, pollIntervalMs: 10, ...changes } });
const task = (changes: object) => ({ task: { ...COUNTED.task, ...changes } });
const handler = (kind: object | undefined) => ({ handler: { kind } });
const timed = (changes: object) => ({
	load: { kind: { $case: "timed", value: { durationMs: 1_000, inFlight: 4, ...changes } } },
	producers: TIMED.producers,
});
const producer = (changes: object) => ({ producers: [{ index: 0, firstTask: 0, tasks: 1, ...changes }] });

const open = (changes: object, window = OPEN.load?.window) => ({
	load: { kind: { $case: "open", value: { ...OPEN_LOAD, ...changes } }, window },
	producers: TIMED.producers,
});

test.each<[object, string]>([
	[open({ profile: [] }), "load.open.profile.length: expected 1 to 1000, got 0"],
	[open({ profile: [{ ...RATE, durationMs: 0 }] }), "load.open.profile[0]: expected a duration above 0, got 0"],
	[
		open({ profile: [{ ...RATE, toPerSecond: 1e9 }] }),
		"load.open.profile[0]: rate: expected 0 to 10000000, got 1000000000",
	],
	[
		open({ profile: [{ ...RATE, sinePerSecond: 150, sinePeriodMs: 9 }] }),
		"load.open.profile[0]: expected a rate that is never below 0, got one of -50/s",
	],
	[open({ arrivals: 9 }), "load.open.arrivals: 9 is not known to this version"],
	[open({ arrivals: ArrivalProcess.BURST }), "load.open.burst: expected 1 to 1000000, got 0"],
	[open({ shareIndex: 2 }), "load.open.shareIndex: expected 0 to 1, got 2"],
	[open({ maxUnacknowledged: 0 }), "load.open.maxUnacknowledged: expected 1 to 1000000, got 0"],
	[open({}, { fromMs: 5, toMs: 5 }), "load.window.toMs - fromMs: expected more than 0 and at most 604800000, got 0"],
	[{ ...open({}), producers: [] }, "producers.length: expected 1 to 1, got 0"],
	[{ agentCount: 0, agentIndex: 0 }, "agentCount: expected 1 to 512, got 0"],
	[{ agentCount: 513 }, "agentCount: expected 1 to 512, got 513"],
	[{ agentIndex: 2 }, "agentIndex: expected 0 to 1, got 2"],
	[{ runTag: 2 ** 32 }, "runTag: expected 0 to 4294967295, got 4294967296"],
	[{ runTag: 0.5 }, "runTag: expected a whole number, got 0.5"],
	[{ engine: 0 }, "engine: 0 is not known to this version"],
	[{ engine: 7 }, "engine: 7 is not known to this version"],
	[{ target: undefined }, "target: missing"],
	[target("http://u:secret@host"), "target.url: expected a URL that begins with redis://, rediss:// or unix://"],
	[target(""), "target.url: expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock"],
	[target("redis://h", ""), "target.keyPrefix: expected 1 to 200 characters, no space or control character"],
	[target("redis://h", "a b"), "target.keyPrefix: expected 1 to 200 characters, no space or control character"],
	[{ workers: undefined }, "workers: missing"],
	[workers({ count: -1 }), "workers.count: expected 0 to 10000, got -1"],
	[workers({ count: 10_001 }), "workers.count: expected 0 to 10000, got 10001"],
	[workers({ count: Number.NaN }), "workers.count: expected a whole number, got NaN"],
	[workers({ pollIntervalMs: Number.NaN }), "workers.pollIntervalMs: expected 0 to 3600000, got NaN"],
	[workers({ pollIntervalMs: -1 }), "workers.pollIntervalMs: expected 0 to 3600000, got -1"],
	[{ task: undefined }, "task: missing"],
	[task({ type: "" }), "task.type: expected 1 to 200 characters, no space or control character"],
	[
		task({ payload: [{ weight: 1, leastBytes: 0, mostBytes: 3_145_729 }] }),
		"task.payload[0].mostBytes: expected 0 to 3145728, got 3145729",
	],
	[
		task({ payload: [{ weight: 0, leastBytes: 2, mostBytes: 2 }] }),
		"task.payload[0].weight: expected more than 0 and at most 1000000000, got 0",
	],
	[
		task({ payload: [{ weight: 1, leastBytes: 2, mostBytes: 1 }] }),
		"task.payload[0].leastBytes: expected 0 to 1, got 2",
	],
	[task({ payload: [] }), "task.payload.length: expected 1 to 100, got 0"],
	[task({ priorityWeights: [0, 0, 0, 0] }), "task.priorityWeights: none above 0"],
	[task({ priorityWeights: [1] }), "task.priorityWeights.length: expected 4 to 4, got 1"],
	[task({ priorityWeights: [0, -1, 1, 0] }), "task.priorityWeights[1]: expected 0 to 1000000000, got -1"],
	[task({ maxRetries: 101 }), "task.maxRetries: expected 0 to 100, got 101"],
	[task({ timeoutMs: 0 }), "task.timeoutMs: expected more than 0 and at most 86400000, got 0"],
	[
		task({ timeoutMs: Number.POSITIVE_INFINITY }),
		"task.timeoutMs: expected more than 0 and at most 86400000, got Infinity",
	],
	[{ load: undefined }, "load: missing, or of a kind that is not known to this version"],
	[{ load: { kind: undefined } }, "load: missing, or of a kind that is not known to this version"],
	[timed({ durationMs: Number.NaN }), "load.timed.durationMs: expected more than 0 and at most 604800000, got NaN"],
	[timed({ inFlight: 1_000_001 }), "load.timed.inFlight: expected 0 to 1000000, got 1000001"],
	[{ ...timed({}), producers: [] }, "producers: none to hold tasks in flight with"],
	[{ ...timed({}), ...producer({}) }, "producers[0].tasks: expected 0 to 0, got 1"],
	[producer({ index: 10_000 }), "producers[0].index: expected 0 to 9999, got 10000"],
	[producer({ firstTask: 11, tasks: 0 }), "producers[0].firstTask: expected 0 to 10, got 11"],
	[producer({ firstTask: 8, tasks: 3 }), "producers[0].tasks: expected 0 to 2, got 3"],
	[{ producers: [TIMED.producers[0], TIMED.producers[0]] }, "producers[1].index: 0 twice"],
	[handler(undefined), "handler: missing, or of a kind that is not known to this version"],
	[{ handler: undefined }, "handler: missing, or of a kind that is not known to this version"],
	[handler({ $case: "sleep", value: { meanMs: -1 } }), "handler.sleep.meanMs: expected 0 to 3600000, got -1"],
	[
		handler({ $case: "cpu", value: { durationMs: 1e9 } }),
		"handler.cpu.durationMs: expected 0 to 3600000, got 1000000000",
	],
	[handler({ $case: "fail", value: { probability: 1.01 } }), "handler.fail.probability: expected 0 to 1, got 1.01"],
	[
		handler({ $case: "fail", value: { probability: Number.NaN } }),
		"handler.fail.probability: expected 0 to 1, got NaN",
	],
])("%j is refused", (changes, fault) => {
	expect(checkSlice({ ...COUNTED, ...changes })).toContain(fault);
});

test("nothing at all is refused in every part", () => {
	const faults = checkSlice(Slice.decode(new Uint8Array()));
	const parts = ["agentCount", "engine", "target", "workers", "task", "load", "handler"];
	for (const part of parts) expect(faults.some((fault) => fault.startsWith(part))).toBe(true);
});
