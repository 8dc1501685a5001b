import { formatDuration } from "../plan/quantities.js";
import { formatCount, formatMicros, formatQuantity, formatRate, formatShare } from "../report/format.js";
import { type NoisyPoint, type ScalingShape, shapeOf } from "./scalingShape.js";

/** What is known of a size beside its throughput; undefined where nobody measured it. Shares are of 1. */
export interface ScalingPoint extends NoisyPoint {
	/** Most tasks a second that the poll interval lets through; undefined where workers poll back to back. */
	readonly pollCap: number | undefined;
	/** Of the busiest agent's event loop. */
	readonly loopUtilization: number | undefined;
	/** How long the slowest agent's event loop stood still, p99. */
	readonly loopDelayUs: number | undefined;
	/** CPU of the agents, and of Redis where it runs beside them, of their hosts' cores. */
	readonly hostBusy: number | undefined;
	readonly redisBusy: number | undefined;
}

export type Dimension = "workers" | "agents";

/** `1 worker`, `16 workers`. */
export function sizeText(n: number, dimension: Dimension): string {
	return formatQuantity(n, dimension.slice(0, -1));
}

export interface ScalingContext {
	/** What grows. */
	readonly dimension: Dimension;
	readonly pollIntervalMs: number;
	/** Most tasks that one poll takes. */
	readonly tasksPerPoll: number;
}

export interface ScalingVerdict {
	readonly kind: ScalingShape["kind"];
	/** Where it bends; of a linear curve the largest size. */
	readonly from: number;
	readonly sentence: string;
	/** Why, where the figures show it. */
	readonly cause: string;
}

/** How throughput grows, in words, and why. @param points one for each size; undefined where they say nothing */
export function judgeScaling(points: readonly ScalingPoint[], context: ScalingContext): ScalingVerdict | undefined {
	const sorted = points.toSorted((a, b) => a.n - b.n);
	const shape = shapeOf(sorted);
	const first = sorted[0];
	const last = sorted.at(-1);
	if (shape === undefined || first === undefined || last === undefined) return undefined;
	const from = shape.kind === "linear" ? last.n : shape.from;
	const sentence = sentenceOf(shape, first.n, last.n, context.dimension);
	return { kind: shape.kind, from, sentence, cause: causeOf(sorted, from, shape, context) };
}

function sentenceOf(shape: ScalingShape, first: number, last: number, dimension: Dimension): string {
	switch (shape.kind) {
		case "linear":
			return `Throughput grows linearly to ${sizeText(last, dimension)} (efficiency ${formatShare(shape.efficiency)} there).`;
		case "knee":
			return (
				`Throughput grows less than linearly beyond ${sizeText(shape.from, dimension)}: ` +
				`at ${formatCount(last)} the efficiency is ${formatShare(shape.efficiency)}.`
			);
		case "plateau":
			if (shape.from === first) {
				return `Throughput hardly depends on the number of ${dimension}, from ${formatCount(first)} to ${formatCount(last)}: it stays near ${formatRate(shape.tasksPerSecond)} tasks/s.`;
			}
			return (
				`Throughput reaches a plateau at ${sizeText(shape.from, dimension)}: ` +
				`up to ${formatCount(last)} more add little, to ${formatRate(shape.tasksPerSecond)} tasks/s at the most.`
			);
		case "retrograde":
			return (
				`Throughput falls beyond ${sizeText(shape.from, dimension)}: ` +
				`from ${formatRate(shape.most)} tasks/s there to ${formatRate(shape.last)} at ${formatCount(last)}.`
			);
	}
}

/** What workers complete of what their polls could: from here on the interval is what holds them. */
const POLL_BOUND_FROM = 0.85;
/** A busier event loop, host or Redis has nothing left to give. */
const BUSY_FROM = 0.9;
const REDIS_BUSY_FROM = 0.85;

function causeOf(points: readonly ScalingPoint[], from: number, shape: ScalingShape, context: ScalingContext): string {
	const held = points.filter(isPollBound);
	const beyond = points.filter(({ n }) => n >= from);
	if (held.length === points.length) return pollCause(context);
	const upTo = shape.kind !== "linear" && held.some(({ n }) => n <= from) ? pollPart(held, context) : "";
	const busiest = (read: (point: ScalingPoint) => number | undefined) =>
		Math.max(0, ...beyond.map((point) => read(point) ?? 0));
	const loop = busiest((point) => point.loopUtilization);
	const host = busiest((point) => point.hostBusy);
	const redis = busiest((point) => point.redisBusy);
	const known = [
		`an agent's event loop at most ${formatShare(loop)} busy`,
		...(host > 0 ? [`the hosts' cores ${formatShare(host)}`] : []),
		...(redis > 0 ? [`Redis's main thread ${formatShare(redis)}`] : []),
	];
	if (shape.kind === "linear") return `Nothing that was measured is at its limit: ${known.join(", ")}.`;
	if (loop > BUSY_FROM) {
		return `${upTo}An agent's event loop is ${formatShare(loop)} busy there: the generator is the limit, not the queue. Use more agents.`;
	}
	const stillMs = busiest((point) => point.loopDelayUs) / 1_000;
	if (context.pollIntervalMs > 0 && stillMs > context.pollIntervalMs) {
		return `${upTo}An agent stood still there for up to ${formatMicros(stillMs * 1_000)} at a time, longer than the poll interval, so workers missed polls: use a machine that is less busy, or more agents.`;
	}
	if (host > BUSY_FROM) {
		return `${upTo}The hosts' cores are ${formatShare(host)} busy there: the machine is the limit, not the queue. Use more hosts.`;
	}
	if (redis > REDIS_BUSY_FROM) {
		return `${upTo}Redis's main thread is ${formatShare(redis)} busy there: it is the limit.`;
	}
	return `${upTo}What the limit is these figures do not show: ${known.join(", ")}.`;
}

function isPollBound({ tasksPerSecond, pollCap }: ScalingPoint): boolean {
	return pollCap !== undefined && tasksPerSecond >= POLL_BOUND_FROM * pollCap;
}

function pollCause({ pollIntervalMs, tasksPerPoll }: ScalingContext): string {
	const takes = tasksPerPoll === 1 ? "one task" : `at most ${formatCount(tasksPerPoll)} tasks`;
	const cap = formatCount((tasksPerPoll * 1_000) / pollIntervalMs);
	return `Each poll takes ${takes}, so the poll interval is the limit (cap ${cap} tasks/s a worker at ${formatDuration(pollIntervalMs)}).`;
}

function pollPart(held: readonly ScalingPoint[], { dimension, pollIntervalMs }: ScalingContext): string {
	const last = held.at(-1);
	return last === undefined
		? ""
		: `Up to ${sizeText(last.n, dimension)} the poll interval of ${formatDuration(pollIntervalMs)} is the limit. `;
}
