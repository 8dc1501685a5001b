import { formatMicros, formatRate, formatShare } from "../report/format.js";

/** What a run's throughput, or an open loop's response time, ran up against first. */
export type Limit =
	| "generator"
	| "host-cpu"
	| "redis"
	| "redis-evicting"
	| "agent"
	| "handlers"
	| "polling"
	| "poll-wait"
	| "round-trips"
	| "none";

export interface DiagnosisFigures {
	readonly loop: "open" | "closed";
	readonly tasksPerSecond: number;
	readonly workers: number;
	/** Handlers that may run at once, over all workers. */
	readonly slots: number;
	readonly isClassic: boolean;
	/** 0: back to back, or woken by arrivals. */
	readonly pollIntervalMs: number;
	/** Sends came late through the agents' own fault. */
	readonly generatorLate: boolean;
	/** Of the busiest host's cores. */
	readonly hostBusy: number | undefined;
	/** Of Redis's main thread. */
	readonly redisBusy: number | undefined;
	readonly evictedKeys: number;
	/** Of the busiest agent's event loop. */
	readonly loopUtilization: number;
	/** Means; 0 where nothing was measured. */
	readonly serviceUs: number;
	readonly dequeueUs: number;
	readonly ackUs: number;
	/** Undefined where no agent both sent and worked. */
	readonly queueWait: { readonly p50Us: number; readonly p95Us: number } | undefined;
	readonly responseP50Us: number;
}

export interface Diagnosis {
	readonly limit: Limit;
	/** With the figures that show it. */
	readonly sentence: string;
	/** What to try next, and what it should gain. */
	readonly advice: string;
}

/** Redis and an event loop are one thread each; beyond these a queue forms before it (measurement.md §12). */
const REDIS_BUSY = 0.85;
const LOOP_BUSY = 0.9;
const HOST_BUSY = 0.9;
/** Of what the workers can do at most. */
const REACHED = 0.85;
/** Of a wait that is uniform on an interval, the median lies at a half of it and p95 at 0.95; with some room on both sides. */
const UNIFORM = { p50: [0.3, 0.75], p95: [0.7, 1.3] } as const;

/** The first that matches, in an order in which each one would hide those behind it (measurement.md §12). */
export function diagnose(figures: DiagnosisFigures): Diagnosis {
	for (const look of [generator, hostCpu, redis, agent, handlers, polling, pollWait, roundTrips]) {
		const found = look(figures);
		if (found) return found;
	}
	return none(figures);
}

type Look = (figures: DiagnosisFigures) => Diagnosis | undefined;

const generator: Look = ({ generatorLate }) =>
	generatorLate
		? {
				limit: "generator",
				sentence: "The load generator is the limit: it could not send tasks when they were due.",
				advice: "More --agents on more machines, or a lower --rate: until then nothing is known of the queue.",
			}
		: undefined;

const hostCpu: Look = ({ hostBusy }) =>
	hostBusy !== undefined && hostBusy > HOST_BUSY
		? {
				limit: "host-cpu",
				sentence: `The machine is the limit: the cores of the busiest host were ${formatShare(hostBusy)} busy.`,
				advice: "Put agents, or Redis, on another machine: until then more workers only take time from one another.",
			}
		: undefined;

const redis: Look = ({ redisBusy, evictedKeys }) => {
	if (evictedKeys > 0) {
		return {
			limit: "redis-evicting",
			sentence: `Redis's memory is the limit: it evicted ${evictedKeys} keys.`,
			advice: "Give it more memory, or maxmemory-policy noeviction so that it refuses tasks instead of losing them.",
		};
	}
	if (redisBusy === undefined || redisBusy <= REDIS_BUSY) return undefined;
	return {
		limit: "redis",
		sentence: `Redis is the limit: its main thread was ${formatShare(redisBusy)} busy, and it has but one.`,
		advice:
			"More workers will not help. Fewer commands a task will: --engine fused shows how much, docs/optimisation.md how.",
	};
};

const agent: Look = ({ loopUtilization }) =>
	loopUtilization > LOOP_BUSY
		? {
				limit: "agent",
				sentence: `An agent is the limit: its event loop was ${formatShare(loopUtilization)} busy.`,
				advice: `Split the workers over more --agents: up to ${(1 / loopUtilization).toFixed(1)} times a core's worth each. --type profiled shows what keeps it busy.`,
			}
		: undefined;

/** Little's law: so many handlers are at work at once. */
const handlers: Look = ({ tasksPerSecond, serviceUs, slots }) => {
	const atWork = (tasksPerSecond * serviceUs) / 1e6;
	if (atWork <= REACHED * slots) return undefined;
	return {
		limit: "handlers",
		sentence: `The handlers are the limit: at ${formatMicros(serviceUs)} a task ${formatShare(atWork / slots)} of their time was work.`,
		advice: "Add workers (with fused also --concurrency): throughput grows with them until something else ends it.",
	};
};

const polling: Look = ({ isClassic, pollIntervalMs, workers, tasksPerSecond }) => {
	const cap = pollCap({ isClassic, pollIntervalMs, workers });
	if (cap === undefined || tasksPerSecond <= REACHED * cap) return undefined;
	return {
		limit: "polling",
		sentence: `Polling is the limit: a worker takes one task a poll, so these cannot exceed ${formatRate(cap)} tasks/s, and this run did ${formatShare(Math.min(1, tasksPerSecond / cap))} of that.`,
		advice: "Half the --poll-interval, or twice the --workers, doubles it.",
	};
};

/** Tasks wait for a tick while workers have nothing to do. */
const pollWait: Look = ({ loop, isClassic, pollIntervalMs, workers, queueWait, responseP50Us }) => {
	if (!isClassic || pollIntervalMs === 0 || loop === "closed" || !queueWait) return undefined;
	// The nearest of several tickers takes it.
	const intervalUs = (pollIntervalMs * 1_000) / Math.max(1, workers);
	const within = (us: number, [low, high]: readonly [number, number], whole: number) =>
		us >= low * whole && us <= high * whole;
	const isUniform = [intervalUs, pollIntervalMs * 1_000].some(
		(whole) => within(queueWait.p50Us, UNIFORM.p50, whole) && within(queueWait.p95Us, UNIFORM.p95, whole),
	);
	if (!isUniform || queueWait.p50Us < responseP50Us / 2) return undefined;
	return {
		limit: "poll-wait",
		sentence: `Polling makes up the response time: of ${formatMicros(responseP50Us)} a task waits ${formatMicros(queueWait.p50Us)} for a worker's next poll, while workers are idle.`,
		advice: `A shorter --poll-interval takes that away in proportion; --engine fused, woken by arrivals, takes all of it.`,
	};
};

/** Workers without a ticker do nothing but talk to Redis. */
const roundTrips: Look = ({ isClassic, pollIntervalMs, tasksPerSecond, workers, dequeueUs, serviceUs, ackUs }) => {
	const busyUs = dequeueUs + serviceUs + ackUs;
	const atWork = (tasksPerSecond * busyUs) / 1e6;
	if (!isClassic || pollIntervalMs > 0 || atWork <= REACHED * workers) return undefined;
	return {
		limit: "round-trips",
		sentence: `Round trips are the limit: of the ${formatMicros(busyUs)} that a worker spends on a task, ${formatShare((dequeueUs + ackUs) / busyUs)} is talking to Redis.`,
		advice: "More --workers overlap them until Redis is busy; --engine fused makes one round trip for many tasks.",
	};
};

function none({ loop }: DiagnosisFigures): Diagnosis {
	return loop === "open"
		? {
				limit: "none",
				sentence: "Nothing was near its limit at this rate.",
				advice: "To find where the queue gives way, offer more: sweep over rates, such as --rate 1000,2000,4000.",
			}
		: {
				limit: "none",
				sentence: "None of what was measured was near its limit.",
				advice: "To find where throughput ends, sweep: npx coordinator run --type scalability.",
			};
}

function pollCap(figures: Pick<DiagnosisFigures, "isClassic" | "pollIntervalMs" | "workers">): number | undefined {
	const { isClassic, pollIntervalMs, workers } = figures;
	return isClassic && pollIntervalMs > 0 ? (workers * 1_000) / pollIntervalMs : undefined;
}
