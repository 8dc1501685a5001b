import type { LoadSpec, Plan, RunSpec } from "./plan.js";
import { DEFAULTS, PRESETS } from "./presets.js";
import type { Settings } from "./settings.js";
import { repeated, type SweepPoint, sweepPoints } from "./sweep.js";

/** Every setting that has a default, filled in; what depends on other settings is decided run by run. */
export type Chosen = ReturnType<typeof choose>;

/** @param user what the user said, from whichever source, the strongest */
export function choose(user: Partial<Settings>) {
	const type = user.type ?? DEFAULTS.type;
	const base = { ...DEFAULTS, ...PRESETS[type] };
	// A preset's number of tasks would cut short what the user measures by time.
	const tasks = user.tasks ?? (user.duration === undefined ? base.tasks : undefined);
	return {
		...base,
		...user,
		type,
		name: user.name ?? type,
		tasks,
		producers: user.producers,
		inFlight: user.inFlight,
		duration: user.duration,
		redis: user.redis,
		seed: user.seed,
		targets: user.targets,
	};
}

/** @param seed draws the order of repeated runs, where the user gave none */
export function planOf(chosen: Chosen, seed: number): Plan {
	const { name, type, redis, keyPrefix, purge, repeat } = chosen;
	const runs = sweepPoints(chosen).map((point) => runSpec(chosen, point));
	return {
		name,
		type,
		agents: Math.max(...chosen.agents),
		redisUrl: redis,
		keyPrefix,
		purge,
		repeat,
		seed: chosen.seed ?? seed,
		thresholds: chosen.thresholds,
		targets: undefined,
		runs: repeated(runs, repeat, chosen.seed ?? seed),
	};
}

function runSpec(chosen: Chosen, point: SweepPoint): RunSpec {
	const { agents, workers } = point;
	const load = loadSpec(chosen, workers);
	const name = point.name ?? chosen.name;
	// In a timed run an agent that settles a task sends the next one, so each agent with workers needs a producer.
	const fewestProducers = load.kind === "timed" ? Math.min(agents, workers) : 1;
	return {
		name,
		point: name,
		agents,
		engine: point.engine,
		workers,
		producers: point.producers ?? Math.max(DEFAULTS.producers, fewestProducers),
		concurrency: point.engine === "fused" ? chosen.concurrency : 1,
		batch: point.engine === "fused" ? chosen.batch : 1,
		// Fused workers are woken, not polled.
		pollIntervalMs: point.engine === "fused" ? 0 : point.pollInterval,
		load,
		task: {
			type: chosen.taskType,
			payloadBytes: point.payload,
			priority: chosen.priority,
			maxRetries: chosen.maxRetries,
			timeoutMs: chosen.timeout,
		},
		handler: chosen.handler,
		drainTimeoutMs: chosen.drainTimeout,
	};
}

function loadSpec(chosen: Chosen, workers: number): LoadSpec {
	const { tasks, duration } = chosen;
	if (duration !== undefined && tasks === undefined) {
		return { kind: "timed", durationMs: duration, inFlight: chosen.inFlight ?? 2 * workers };
	}
	return { kind: "tasks", tasks: tasks ?? DEFAULTS.tasks, limitMs: duration };
}
