import { scalingOf } from "./scalability.js";
import type { SizePoint } from "./usl.js";

/** A size's throughput, and how far its repeats lie from it: half their range, as a share of it; 0 of one run. */
export interface NoisyPoint extends SizePoint {
	readonly spread: number;
}

/** What a curve does, by its points alone; no law is assumed. */
export type ScalingShape =
	| { readonly kind: "linear"; readonly efficiency: number }
	/** Grows, but less and less from the size on that is named. */
	| { readonly kind: "knee"; readonly from: number; readonly efficiency: number }
	/** Hardly grows from the size on that is named. */
	| { readonly kind: "plateau"; readonly from: number; readonly tasksPerSecond: number }
	/** Falls beyond the size that is named. */
	| { readonly kind: "retrograde"; readonly from: number; readonly most: number; readonly last: number };

/** As many times the work for as many times the workers, but for what two runs may differ by. */
const LINEAR_EFFICIENCY = 0.85;
const KNEE_EFFICIENCY = 0.8;
/** A curve that falls by less from its top to its end, or by less than its repeats differ, is level. */
const FALL_MIN = 0.1;
/** `X ∝ N^0.2` gains 15 % for twice the size. What gains less hardly grows. */
const PLATEAU_EXPONENT = 0.2;

/** @param points one for each size; undefined with fewer than two, or where the smallest did nothing */
export function shapeOf(points: readonly NoisyPoint[]): ScalingShape | undefined {
	const sorted = points.toSorted((a, b) => a.n - b.n);
	const [first] = sorted;
	const last = sorted.at(-1);
	if (first === undefined || last === undefined || sorted.length < 2 || first.tasksPerSecond <= 0) return undefined;
	const top = sorted.reduce((best, point) => (point.tasksPerSecond > best.tasksPerSecond ? point : best));
	const fall = Math.max(FALL_MIN, Math.hypot(top.spread, last.spread));
	if (last.tasksPerSecond < top.tasksPerSecond * (1 - fall)) {
		return { kind: "retrograde", from: top.n, most: top.tasksPerSecond, last: last.tasksPerSecond };
	}
	const efficiencies = scalingOf(sorted).map(({ efficiency = 0 }) => efficiency);
	const efficiency = efficiencies.at(-1) ?? 0;
	if (efficiencies.every((each) => each >= LINEAR_EFFICIENCY)) return { kind: "linear", efficiency };
	const level = sorted.find(
		(point, index) => index < sorted.length - 1 && isLevelAfter(point, sorted.slice(index + 1)),
	);
	if (level !== undefined) return { kind: "plateau", from: level.n, tasksPerSecond: top.tasksPerSecond };
	const bend = efficiencies.findIndex((each) => each < KNEE_EFFICIENCY);
	const knee = bend < 0 ? last : (sorted[bend - 1] ?? first);
	return { kind: "knee", from: knee.n, efficiency };
}

function isLevelAfter(point: SizePoint, later: readonly SizePoint[]): boolean {
	return later.every(
		({ n, tasksPerSecond }) => tasksPerSecond <= point.tasksPerSecond * (n / point.n) ** PLATEAU_EXPONENT,
	);
}
