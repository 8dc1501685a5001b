import { formatPayload, type PayloadShare } from "./mix.js";
import type { RunSpec } from "./plan.js";
import { formatDuration } from "./quantities.js";
import { formatRateSpec, type RateSpec } from "./rate.js";
import { shuffled } from "./shuffle.js";
import { SWEEP_KEYS, type SweepKey } from "./sweepKeys.js";

/** More than a night's work; a product of long lists is a slip. */
export const MOST_RUNS = 1_000;

/** One value of each thing that can be swept. */
interface SweepValues {
	readonly engine: RunSpec["engine"];
	readonly pollInterval: number;
	readonly payload: readonly PayloadShare[];
	/** Undefined: by the other settings. */
	readonly producers: number | undefined;
	/** Undefined: a closed loop. */
	readonly rate: RateSpec | undefined;
	readonly agents: number;
	readonly workers: number;
}

/** The values of each; undefined: by the other settings. */
export type SweepLists = { readonly [Key in Exclude<SweepKey, "producers" | "rate">]: readonly SweepValues[Key][] } & {
	readonly producers: readonly number[] | undefined;
	readonly rate: readonly RateSpec[] | undefined;
};

export interface SweepPoint extends SweepValues {
	/** `workers-4/payload-1KB`: what varies, and what it is here. Undefined where nothing varies. */
	readonly name: string | undefined;
}

/** The product of all lists, as far as `MOST_RUNS` and one more. */
export function sweepPoints(lists: SweepLists): SweepPoint[] {
	const points: SweepPoint[] = [];
	for (const engine of lists.engine)
		for (const pollInterval of lists.pollInterval)
			for (const payload of lists.payload)
				for (const producers of lists.producers ?? [undefined])
					for (const rate of lists.rate ?? [undefined])
						for (const agents of lists.agents)
							for (const workers of lists.workers) {
								const values = { engine, pollInterval, payload, producers, rate, agents, workers };
								points.push({ ...values, name: nameOf(values, lists) });
								if (points.length > MOST_RUNS) return points;
							}
	return points;
}

function nameOf(values: SweepValues, lists: SweepLists): string | undefined {
	const varied = SWEEP_KEYS.toReversed().filter((key) => (lists[key]?.length ?? 1) > 1);
	return varied.length === 0 ? undefined : varied.map((key) => PARTS[key](values)).join("/");
}

const PARTS: { readonly [Key in SweepKey]: (values: SweepValues) => string } = {
	engine: ({ engine }) => `engine-${engine}`,
	pollInterval: ({ pollInterval }) => `poll-${formatDuration(pollInterval)}`,
	payload: ({ payload }) => `payload-${formatPayload(payload)}`,
	producers: ({ producers }) => `producers-${producers}`,
	rate: ({ rate }) => (rate === undefined ? "closed" : `rate-${formatRateSpec(rate)}`),
	agents: ({ agents }) => `agents-${agents}`,
	workers: ({ workers }) => `workers-${workers}`,
};

/**
 * Each point `repeat` times. Repeats are run in random order, so that whatever drifts on the machine meets all points
 * alike (measurement.md §9); a single pass keeps the order of the lists. Each round draws from a seed of its own.
 */
export function repeated<T extends { readonly name: string; readonly seed: number }>(
	points: readonly T[],
	repeat: number,
	seed: number,
): T[] {
	if (repeat === 1) return [...points];
	const rounds = Array.from({ length: repeat }, (_, round) =>
		points.map((point) => ({ ...point, name: `${point.name}#${round + 1}`, seed: (seed + round) >>> 0 })),
	);
	return shuffled(rounds.flat(), seed);
}
