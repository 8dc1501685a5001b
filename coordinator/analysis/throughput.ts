import type { Slot } from "../../proto/gen/measurement.js";
import { RunEnd } from "../../proto/gen/record.js";
import type { MergedRun } from "../merge/merged.js";
import { windowOf } from "../plan/partition.js";

export const SLOT_MS = 200;

export interface Throughput {
	/** Completions a second over the window. */
	readonly tasksPerSecond: number;
	/** What was divided: completions, and the window they finished in, since the epoch. */
	readonly completions: number;
	readonly fromUs: number;
	readonly toUs: number;
	/** How it was measured, for people. */
	readonly basis: string;
	/**
	 * Whether a task that two agents completed counts once among the completions. Each agent puts the first time that it
	 * completed a task into its slots, and where in time the others' were nobody knows: a window has them all.
	 */
	readonly isDistinct: boolean;
	readonly steady: Steady;
}

/** The rate over the middle 80 % of the completions, or why there is none. */
export type Steady =
	| { readonly tasksPerSecond: number; readonly fromUs: number; readonly toUs: number; readonly withheld: undefined }
	| { readonly tasksPerSecond: undefined; readonly withheld: string };

/**
 * How fast the run was. A task count is measured from the first send to the last completion; a timed run by what finished
 * within its window, in the whole 200 ms slots of it, so that no slot has to be split (measurement.md §4).
 */
export function throughputOf(run: MergedRun): Throughput {
	const window = wholeSlotsUs(run);
	const slots =
		window === undefined
			? run.series
			: run.series.filter(({ index }) => index * SLOT_US >= window.fromUs && (index + 1) * SLOT_US <= window.toUs);
	const steady = steadyOf(slots);
	if (window !== undefined) {
		const completions = slots.reduce((sum, slot) => sum + slot.completed, 0);
		return {
			tasksPerSecond: (completions / (window.toUs - window.fromUs)) * 1e6,
			completions,
			...window,
			basis: `completions ${spanOf(window)} ÷ that time`,
			isDistinct: false,
			steady,
		};
	}
	const { firstSentAtUs: fromUs, lastCompletedAtUs: toUs } = run.span;
	const completions = run.accounting.completed;
	const measured = completions > 0 && toUs > fromUs;
	return {
		tasksPerSecond: measured ? (completions / (toUs - fromUs)) * 1e6 : 0,
		completions,
		fromUs: measured ? fromUs : 0,
		toUs: measured ? toUs : 0,
		basis: "completions from the first send to the last completion ÷ that time",
		isDistinct: true,
		steady,
	};
}

const SLOT_US = SLOT_MS * 1000;

interface SpanUs {
	readonly fromUs: number;
	readonly toUs: number;
}

/**
 * The whole slots of a run's window, in µs since the epoch. Undefined for a task count, and for a run whose window holds no
 * slot or that was stopped before the window's end: that one is measured like a task count.
 */
function wholeSlotsUs(run: MergedRun): SpanUs | undefined {
	const window = windowOf(run.spec.load);
	if (window === undefined) return undefined;
	const stopped = run.end === RunEnd.ABORTED || run.end === RunEnd.FAILED;
	if (stopped && run.span.lastCompletedAtUs < window.toMs * 1000) return undefined;
	const fromUs = Math.ceil(window.fromMs / SLOT_MS) * SLOT_US;
	const toUs = Math.floor(window.toMs / SLOT_MS) * SLOT_US;
	return toUs > fromUs ? { fromUs, toUs } : undefined;
}

function spanOf({ fromUs, toUs }: SpanUs): string {
	return fromUs === 0 ? `within the first ${toUs / 1e6} s` : `from ${fromUs / 1e6} s to ${toUs / 1e6} s`;
}

/** Below this many slots the middle of a run says nothing that its whole does not say. */
const STEADY_SLOTS_MIN = 5;
const STEADY_FROM = 0.1;
const STEADY_TO = 0.9;

/** `series` is dense. Completions are taken as evenly spread within a slot. */
export function steadyOf(series: readonly Slot[]): Steady {
	const total = series.reduce((sum, slot) => sum + slot.completed, 0);
	if (total === 0) return { tasksPerSecond: undefined, withheld: "no task completed" };
	const fromUs = timeOfShareUs(series, total * STEADY_FROM);
	const toUs = timeOfShareUs(series, total * STEADY_TO);
	if ((toUs - fromUs) / SLOT_US < STEADY_SLOTS_MIN) {
		const least = (STEADY_SLOTS_MIN * SLOT_MS) / 1000;
		return { tasksPerSecond: undefined, withheld: `the middle 80% of the completions took less than ${least} s` };
	}
	const tasksPerSecond = ((total * (STEADY_TO - STEADY_FROM)) / (toUs - fromUs)) * 1e6;
	return { tasksPerSecond, fromUs, toUs, withheld: undefined };
}

function timeOfShareUs(series: readonly Slot[], wanted: number): number {
	let before = 0;
	for (const slot of series) {
		if (before + slot.completed >= wanted && slot.completed > 0) {
			return (slot.index + (wanted - before) / slot.completed) * SLOT_US;
		}
		before += slot.completed;
	}
	return ((series.at(-1)?.index ?? -1) + 1) * SLOT_US;
}
