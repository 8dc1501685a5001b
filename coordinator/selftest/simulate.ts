import type { QueueSetting } from "./erlang.js";

/** How long a run is observed: it starts empty, and what is due in [warmupMs, endMs) counts, whenever it finishes. */
export interface Observation {
	readonly warmupMs: number;
	readonly endMs: number;
	/** A task counts as having waited when it waited longer than this. */
	readonly waitThresholdMs: number;
}

/** What a run of an M/M/c queue is judged by. */
export interface QueueStatistics {
	/** Share of the tasks that waited longer than the threshold. */
	readonly waitedShare: number;
	readonly meanWaitMs: number;
	readonly meanResponseMs: number;
	readonly p50ResponseMs: number;
	readonly p95ResponseMs: number;
	readonly meanServiceMs: number;
}

/** Uniform in (0, 1], from a seed: mulberry32 (Tommy Ettinger, public domain). */
export function seededUniform(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return (((mixed ^ (mixed >>> 14)) >>> 0) + 1) / 2 ** 32;
	};
}

/**
 * One run of an ideal M/M/c queue. A task begins when it has arrived and a server is free, the servers being taken in the
 * order in which they come free (Lindley's recursion for c servers; Kiefer and Wolfowitz).
 *
 * @returns undefined where no task counts
 */
export function simulateQueue(
	setting: QueueSetting,
	observation: Observation,
	uniform: () => number,
): QueueStatistics | undefined {
	const { arrivalsPerSecond, meanServiceMs, servers } = setting;
	const meanGapMs = 1_000 / arrivalsPerSecond;
	const freeAtMs = new Float64Array(servers);
	const responsesMs: number[] = [];
	let waited = 0;
	let waitSum = 0;
	let responseSum = 0;
	let serviceSum = 0;
	for (let atMs = 0; ; ) {
		atMs -= meanGapMs * Math.log(uniform());
		if (atMs >= observation.endMs) break;
		const serviceMs = -meanServiceMs * Math.log(uniform());
		let first = 0;
		for (let server = 1; server < servers; server++) {
			if ((freeAtMs[server] as number) < (freeAtMs[first] as number)) first = server;
		}
		const beginsMs = Math.max(atMs, freeAtMs[first] as number);
		freeAtMs[first] = beginsMs + serviceMs;
		if (atMs < observation.warmupMs) continue;
		const waitMs = beginsMs - atMs;
		if (waitMs > observation.waitThresholdMs) waited++;
		waitSum += waitMs;
		serviceSum += serviceMs;
		responseSum += waitMs + serviceMs;
		responsesMs.push(waitMs + serviceMs);
	}
	const count = responsesMs.length;
	if (count === 0) return undefined;
	const sorted = Float64Array.from(responsesMs).sort();
	const quantile = (share: number) => sorted[Math.ceil(share * count) - 1] as number;
	return {
		waitedShare: waited / count,
		meanWaitMs: waitSum / count,
		meanResponseMs: responseSum / count,
		p50ResponseMs: quantile(0.5),
		p95ResponseMs: quantile(0.95),
		meanServiceMs: serviceSum / count,
	};
}

export interface Interval {
	readonly low: number;
	readonly high: number;
}

export type QueueIntervals = Readonly<Record<keyof QueueStatistics, Interval>>;

const REPLICATIONS = 600;

/**
 * Where the statistics of a run as short as this lie when nothing is wrong: the same run, many times over. Times are close
 * to log-normal over replications and shares to logit-normal, so that the ends, which lie beyond any replication, are taken
 * from the mean and the deviation on that scale.
 *
 * @param deviations on either side: 3.29 for 99.9 %
 */
export function acceptanceIntervals(
	setting: QueueSetting,
	observation: Observation,
	seed: number,
	deviations: number,
): QueueIntervals {
	const uniform = seededUniform(seed);
	const runs = Array.from({ length: REPLICATIONS }, () => simulateQueue(setting, observation, uniform)).filter(
		(run) => run !== undefined,
	);
	const over = (name: keyof QueueStatistics, scale: Scale): Interval => {
		const values = runs.map((run) => scale.to(run[name]));
		const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
		const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
		const reach = deviations * Math.sqrt(variance);
		return { low: scale.from(mean - reach), high: scale.from(mean + reach) };
	};
	return {
		waitedShare: over("waitedShare", LOGIT),
		meanWaitMs: over("meanWaitMs", LOG),
		meanResponseMs: over("meanResponseMs", LOG),
		p50ResponseMs: over("p50ResponseMs", LOG),
		p95ResponseMs: over("p95ResponseMs", LOG),
		meanServiceMs: over("meanServiceMs", LOG),
	};
}

interface Scale {
	readonly to: (value: number) => number;
	readonly from: (value: number) => number;
}

/** Nothing is measured to less; keeps 0 and 1 on the scales. */
const SMALLEST = 1e-4;
const LOG: Scale = { to: (value) => Math.log(Math.max(value, SMALLEST)), from: Math.exp };
const LOGIT: Scale = {
	to: (value) => {
		const share = Math.min(Math.max(value, SMALLEST), 1 - SMALLEST);
		return Math.log(share / (1 - share));
	},
	from: (value) => 1 / (1 + Math.exp(-value)),
};
