import { LIMITS } from "../../proto/slicecheck.js";
import type { LoadSpec, Plan, RunSpec } from "./plan.js";
import { DEFAULTS, OPEN_DEFAULTS, PRESETS } from "./presets.js";
import { peakRate, type RateSpec } from "./rate.js";
import type { Settings } from "./settings.js";
import { repeated, type SweepPoint, sweepPoints } from "./sweep.js";

/** Every setting that has a default, filled in; what depends on other settings is decided run by run. */
export type Chosen = ReturnType<typeof choose>;

/** @param user what the user said, from whichever source, the strongest */
export function choose(user: Partial<Settings>) {
	const type = user.type ?? DEFAULTS.type;
	const base = { ...DEFAULTS, ...PRESETS[type] };
	// A preset's number of tasks would cut short what the user measures by time.
	const tasks = user.tasks ?? (user.duration === undefined && user.rate === undefined ? base.tasks : undefined);
	return {
		...base,
		...user,
		type,
		name: user.name ?? type,
		tasks,
		producers: user.producers,
		inFlight: user.inFlight,
		rate: user.rate,
		arrivals: user.arrivals,
		warmup: user.warmup,
		maxUnacknowledged: user.maxUnacknowledged,
		spin: user.spin,
		duration: user.duration,
		redis: user.redis,
		seed: user.seed,
		targets: user.targets,
		cpuprofile: user.cpuprofile ?? PRESETS[type].cpuprofile,
		memprofile: user.memprofile ?? PRESETS[type].memprofile,
	};
}

/** @param seed draws what is random, where the user gave none */
export function planOf(chosen: Chosen, seed: number): Plan {
	const { name, type, redis, keyPrefix, purge, repeat } = chosen;
	const drawn = chosen.seed ?? seed;
	const runs = sweepPoints(chosen).map((point) => runSpec(chosen, point, drawn));
	return {
		name,
		type,
		agents: Math.max(...chosen.agents),
		redisUrl: redis,
		keyPrefix,
		purge,
		repeat,
		seed: drawn,
		thresholds: chosen.thresholds,
		targets: undefined,
		cpuprofile: chosen.cpuprofile,
		memprofile: chosen.memprofile,
		runs: repeated(runs, repeat, drawn),
	};
}

function runSpec(chosen: Chosen, point: SweepPoint, seed: number): RunSpec {
	const { agents, workers } = point;
	const load = point.rate === undefined ? closedLoad(chosen, workers) : openLoad(chosen, point.rate);
	const name = point.name ?? chosen.name;
	// In a timed run an agent that settles a task sends the next one, so each agent with workers needs a producer.
	const fewestProducers = load.kind === "timed" ? Math.min(agents, workers) : 1;
	return {
		name,
		point: name,
		agents,
		engine: point.engine,
		workers,
		// In an open loop an agent sends its share of the arrivals from one loop.
		producers: load.kind === "open" ? agents : (point.producers ?? Math.max(DEFAULTS.producers, fewestProducers)),
		concurrency: point.engine === "fused" ? chosen.concurrency : 1,
		batch: point.engine === "fused" ? chosen.batch : 1,
		// Fused workers are woken, not polled.
		pollIntervalMs: point.engine === "fused" ? 0 : point.pollInterval,
		load,
		task: {
			type: chosen.taskType,
			payload: point.payload,
			priorities: chosen.priority,
			maxRetries: chosen.maxRetries,
			timeoutMs: chosen.timeout,
		},
		handler: chosen.handler,
		drainTimeoutMs: chosen.drainTimeout,
		seed,
	};
}

/** What of an open loop's rate may be on its way at once. */
const UNACKNOWLEDGED_SECONDS = 0.05;

function openLoad(chosen: Chosen, rate: RateSpec): LoadSpec {
	const { tasks, duration } = chosen;
	const byTasks = tasks !== undefined && rate.shape === "constant" ? (tasks / rate.perSecond) * 1_000 : undefined;
	return {
		kind: "open",
		rate,
		arrivals: chosen.arrivals ?? { process: "uniform" },
		warmupMs: chosen.warmup ?? OPEN_DEFAULTS.warmup,
		durationMs: duration ?? byTasks ?? OPEN_DEFAULTS.duration,
		maxUnacknowledged:
			chosen.maxUnacknowledged ??
			Math.min(
				LIMITS.unacknowledged,
				Math.max(OPEN_DEFAULTS.fewestUnacknowledged, Math.ceil(peakRate(rate) * UNACKNOWLEDGED_SECONDS)),
			),
		spin: chosen.spin ?? false,
	};
}

function closedLoad(chosen: Chosen, workers: number): LoadSpec {
	const { tasks, duration, warmup } = chosen;
	if (duration !== undefined && tasks === undefined) {
		const inFlight = chosen.inFlight ?? 2 * workers;
		return { kind: "timed", warmupMs: warmup ?? 0, durationMs: duration, inFlight };
	}
	return { kind: "tasks", tasks: tasks ?? DEFAULTS.tasks, limitMs: duration };
}
