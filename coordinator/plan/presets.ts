import type { PlanType } from "./plan.js";
import type { Settings } from "./settings.js";

const oneKilobyte = [{ weight: 1, leastBytes: 1_024, mostBytes: 1_024 }];

/** What a type stands for, where it differs from the defaults. */
export const PRESETS: Readonly<Record<PlanType, Partial<Settings>>> = {
	quick: { workers: [4], tasks: 1_000, payload: [oneKilobyte] },
	scalability: { workers: [1, 2, 4, 8, 16], tasks: 2_000 },
	profiled: { workers: [8], tasks: 5_000, cpuprofile: "cpu.prof", memprofile: "mem.prof" },
	custom: {},
};

/** Those of Spool's own benchmark, where it has them. */
export const DEFAULTS = {
	type: "custom",
	agents: [1],
	keyPrefix: "spool:",
	purge: false,
	workers: [4],
	// Not one for each agent: the load must not change with the size of the fleet.
	producers: 16,
	repeat: 1,
	thresholds: [],
	tasks: 1_000,
	pollInterval: [10],
	engine: ["classic"] as Settings["engine"],
	// Of the fused engine; classic has one of each.
	concurrency: 32,
	batch: 64,
	drainTimeout: 60_000,
	handler: { kind: "benchmark" },
	taskType: "benchmark_task",
	payload: [oneKilobyte],
	priority: [0, 1, 0, 0] as Settings["priority"],
	maxRetries: 3,
	timeout: 30_000,
} satisfies Partial<Omit<Settings, "producers">> & { producers: number };

/** Of runs with a rate. */
export const OPEN_DEFAULTS = { warmup: 10_000, duration: 30_000, fewestUnacknowledged: 256 };
