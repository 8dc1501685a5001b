import type { PayloadShare, PriorityMix } from "./mix.js";
import type { ArrivalSpec, RateSpec } from "./rate.js";
import type { Targets } from "./targets.js";
import type { Threshold } from "./threshold.js";

/** What the user asks, resolved: every default filled in, every unit explicit. Made by `resolvePlan`, never by hand. */
export interface Plan {
	/** Names the output (`<name>_output.log`) and heads the report. */
	readonly name: string;
	readonly type: PlanType;
	/** Size of the fleet: the most agent processes that a run is split over. */
	readonly agents: number;
	/** Where Redis is; `undefined` means: a private, throw-away server of the coordinator's. May carry a password. */
	readonly redisUrl: string | undefined;
	readonly keyPrefix: string;
	/** Delete what is under the prefix before each run, instead of refusing to start. */
	readonly purge: boolean;
	/** How often each point of a sweep is run. */
	readonly repeat: number;
	/** Draws everything: arrivals, priorities, payloads, handlers, and the order of repeated runs. */
	readonly seed: number;
	readonly thresholds: readonly Threshold[];
	/** What its report compares its figures with. */
	readonly targets: Targets | undefined;
	/** File of the merged CPU profile; a name alone stands for one in the result's folder. Undefined: none is taken. */
	readonly cpuprofile: string | undefined;
	/** The same of what was allocated. */
	readonly memprofile: string | undefined;
	/** The runs in the order of their execution; one for a single benchmark. */
	readonly runs: readonly RunSpec[];
}

export type PlanType = "quick" | "scalability" | "profiled" | "custom";

/** One run: a fixed set of parameters, executed once over the whole fleet. */
export interface RunSpec {
	readonly name: string;
	/** Names the set of parameters: runs of one point are repeats of each other. */
	readonly point: string;
	/** It runs on the first so many agents of the fleet. */
	readonly agents: number;
	readonly engine: "classic" | "fused";
	readonly workers: number;
	/** Handlers at once for each worker; 1 with classic. */
	readonly concurrency: number;
	/** The most tasks in one round trip; 1 with classic. */
	readonly batch: number;
	readonly producers: number;
	/** Classic: how often a worker polls; 0: back to back. */
	readonly pollIntervalMs: number;
	readonly load: LoadSpec;
	readonly task: TaskSpec;
	readonly handler: HandlerSpec;
	/** How long the run goes on without one task being sent or settled, and the most that a run with a window drains. */
	readonly drainTimeoutMs: number;
	/** Repeats of a point differ in it. */
	readonly seed: number;
}

/**
 * The first two kinds are closed loops: a new task waits for the outcome of an earlier one. In the open loop tasks come at
 * their times. What is timed has a window: the tasks intended in it are measured.
 */
export type LoadSpec =
	| {
			readonly kind: "tasks";
			readonly tasks: number;
			/** Stop sending after this time, if that comes first. */
			readonly limitMs: number | undefined;
	  }
	| {
			readonly kind: "timed";
			readonly warmupMs: number;
			/** The measured time, after the warm-up. */
			readonly durationMs: number;
			/** Tasks outstanding in the whole fleet. */
			readonly inFlight: number;
	  }
	| {
			readonly kind: "open";
			readonly rate: RateSpec;
			readonly arrivals: ArrivalSpec;
			readonly warmupMs: number;
			readonly durationMs: number;
			/** In the whole fleet: beyond so many enqueues without an answer arrivals wait. */
			readonly maxUnacknowledged: number;
			readonly spin: boolean;
	  };

export interface TaskSpec {
	readonly type: string;
	readonly payload: readonly PayloadShare[];
	readonly priorities: PriorityMix;
	readonly maxRetries: number;
	readonly timeoutMs: number;
}

export type HandlerSpec =
	| { readonly kind: "benchmark" }
	| { readonly kind: "noop" }
	| { readonly kind: "sleep"; readonly meanMs: number; readonly exponential: boolean }
	| { readonly kind: "cpu"; readonly durationMs: number }
	| { readonly kind: "fail"; readonly probability: number }
	| { readonly kind: "hang" };
