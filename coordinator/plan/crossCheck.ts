import type { Chosen } from "./choose.js";
import type { HandlerSpec, RunSpec } from "./plan.js";
import { OPEN_DEFAULTS } from "./presets.js";
import { formatCount, formatDuration } from "./quantities.js";
import { formatRateSpec } from "./rate.js";
import type { SettingKey } from "./settings.js";
import { MOST_RUNS } from "./sweep.js";
import { SWEEP_KEYS } from "./sweepKeys.js";
import { appliesTo } from "./sweepValues.js";

/** Settings that are right by themselves and wrong together. */
export interface Conflict {
	/** The one to blame first, then those that it depends on. */
	readonly concerns: readonly [SettingKey, ...SettingKey[]];
	readonly message: string;
}

/** Looks at settings together, once each has been found right by itself. */
export function crossCheck(chosen: Chosen, runs: readonly RunSpec[]): Conflict[] {
	return [
		...besideRate(chosen),
		...withoutRate(chosen),
		tasksAndShape(chosen),
		lateSpike(chosen),
		countedWarmup(chosen),
		countedInFlight(chosen),
		tooFewProducers(runs),
		...aboutNoRun(chosen, runs),
		tooManyRuns(chosen, runs),
		quietDrain(chosen),
		oneProfileFile(chosen),
	].filter((conflict) => conflict !== undefined);
}

function oneProfileFile({ cpuprofile, memprofile }: Chosen): Conflict | undefined {
	if (cpuprofile === undefined || cpuprofile !== memprofile) return undefined;
	return { concerns: ["memprofile", "cpuprofile"], message: "expected another file than that of the CPU profile" };
}

const CLOSED_LOOP = ["inFlight", "producers"] as const;

function besideRate(chosen: Chosen): Conflict[] {
	if (chosen.rate === undefined) return [];
	const message = "means nothing beside a rate: in an open loop tasks come at their times, whoever sends them";
	return CLOSED_LOOP.filter((key) => chosen[key] !== undefined).map((key) => ({ concerns: [key, "rate"], message }));
}

const OPEN_LOOP = ["arrivals", "maxUnacknowledged", "spin"] as const;

function withoutRate(chosen: Chosen): Conflict[] {
	if (chosen.rate !== undefined) return [];
	const message = "means nothing without a rate: a closed loop sends when the queue allows it";
	return OPEN_LOOP.filter((key) => chosen[key] !== undefined && chosen[key] !== false).map((key) => ({
		concerns: [key, "rate"],
		message,
	}));
}

function tasksAndShape({ rate, tasks, duration }: Chosen): Conflict | undefined {
	if (rate === undefined || tasks === undefined) return undefined;
	if (duration !== undefined) {
		const message = "a rate and a duration say how many tasks there are: leave this out";
		return { concerns: ["tasks", "rate", "duration"], message };
	}
	if (rate.every(({ shape }) => shape === "constant")) return undefined;
	return { concerns: ["tasks", "rate"], message: "beside a rate that changes give a duration instead" };
}

function lateSpike({ rate, duration = OPEN_DEFAULTS.duration }: Chosen): Conflict | undefined {
	const late = rate?.find((each) => each.shape === "spike" && each.atMs + each.forMs > duration);
	if (!late) return undefined;
	const message = `expected spikes within the ${formatDuration(duration)} that are measured, got ${formatRateSpec(late)}`;
	return { concerns: ["rate", "duration"], message };
}

function countedWarmup({ warmup, rate, duration, tasks }: Chosen): Conflict | undefined {
	if (!warmup || rate !== undefined || (duration !== undefined && tasks === undefined)) return undefined;
	return {
		concerns: ["warmup", "duration", "tasks", "rate"],
		message: "a run of a number of tasks measures all of them",
	};
}

function countedInFlight({ inFlight, tasks, duration, rate }: Chosen): Conflict | undefined {
	if (rate !== undefined || inFlight === undefined || (duration !== undefined && tasks === undefined)) return undefined;
	const message =
		"only a timed run (a duration and no number of tasks) holds a number of tasks in flight; " +
		"a run of a number of tasks sends as fast as its producers can";
	return { concerns: ["inFlight", "duration", "tasks"], message };
}

function tooFewProducers(runs: readonly RunSpec[]): Conflict | undefined {
	const senders = ({ agents, workers }: RunSpec) => Math.min(agents, workers);
	const short = runs.find((run) => run.load.kind === "timed" && run.producers < senders(run));
	if (!short) return undefined;
	const message =
		`expected at least ${senders(short)}, got ${short.producers}: ` +
		"in a timed run each agent that has workers sends, so it needs a producer";
	return { concerns: ["producers", "agents", "workers", "duration"], message };
}

function aboutNoRun({ thresholds }: Chosen, runs: readonly RunSpec[]): Conflict[] {
	return thresholds
		.filter((threshold) => !runs.some((run) => appliesTo(threshold, run)))
		.map(({ text }) => ({ concerns: ["thresholds"], message: `no run of the plan is what '${text}' is about` }));
}

function tooManyRuns(chosen: Chosen, runs: readonly RunSpec[]): Conflict | undefined {
	if (runs.length <= MOST_RUNS) return undefined;
	const message = `the lists multiply to more than ${formatCount(MOST_RUNS)} runs`;
	const longest = SWEEP_KEYS.toSorted((a, b) => (chosen[b]?.length ?? 1) - (chosen[a]?.length ?? 1))[0] ?? "workers";
	return { concerns: [chosen.repeat > 1 ? "repeat" : longest, ...SWEEP_KEYS], message };
}

function quietDrain({ handler, timeout, drainTimeout }: Chosen): Conflict | undefined {
	const quietMs = Math.min(leastHandlerMs(handler), timeout);
	if (drainTimeout > quietMs) return undefined;
	const message =
		`expected more than ${formatDuration(quietMs)}, got ${formatDuration(drainTimeout)}: ` +
		"that long each task takes with this handler, and the run would be given up before one is settled";
	return { concerns: ["drainTimeout", "handler", "timeout"], message };
}

function leastHandlerMs(handler: HandlerSpec): number {
	if (handler.kind === "hang") return Number.POSITIVE_INFINITY;
	return handler.kind === "sleep" && !handler.exponential ? handler.meanMs : 0;
}
