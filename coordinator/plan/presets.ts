import type { PlanType } from "./plan.js";
import type { Settings } from "./settings.js";

/** What a type stands for, where it differs from the defaults. */
export const PRESETS: Readonly<Record<PlanType, Partial<Settings>>> = {
	quick: { workers: [4], tasks: 1_000, payload: [1_024] },
	scalability: { workers: [1, 2, 4, 8, 16], tasks: 2_000 },
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
	payload: [1_024],
	priority: "normal",
	maxRetries: 3,
	timeout: 30_000,
} satisfies Partial<Omit<Settings, "producers">> & { producers: number };

/** Of runs with a rate. */
export const OPEN_DEFAULTS = { warmup: 5_000, duration: 30_000, fewestUnacknowledged: 256 };
