import type { Slot, Span, Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { addSeconds, type SecondOfResponses } from "../../proto/responseSecond.js";

/** Adds distributions to sums by stage. */
export function addStages(sums: Map<Stage, Distribution>, stages: ReadonlyMap<Stage, Distribution>): void {
	for (const [stage, distribution] of stages) {
		let sum = sums.get(stage);
		if (!sum) {
			sum = Distribution.empty(distribution.unit);
			sums.set(stage, sum);
		}
		sum.add(distribution);
	}
}

/** Adds slots to sums by index. */
export function addSlots(sums: Map<number, Slot>, slots: readonly Slot[]): void {
	for (const slot of slots) {
		const sum = sums.get(slot.index);
		if (!sum) {
			sums.set(slot.index, { ...slot });
			continue;
		}
		sum.sent += slot.sent;
		sum.enqueued += slot.enqueued;
		sum.completed += slot.completed;
		sum.failed += slot.failed;
	}
}

/** Adds response times to sums by the second. */
export function addResponses(sums: Map<number, SecondOfResponses>, seconds: readonly SecondOfResponses[]): void {
	for (const second of seconds) {
		const sum = sums.get(second.index);
		sums.set(second.index, sum ? addSeconds(sum, second) : second);
	}
}

/** Adds counts to sums by kind. */
export function addCounts(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
	for (const [kind, count] of counts) sums.set(kind, (sums.get(kind) ?? 0) + count);
}

/** The first of the firsts and the last of the lasts; -1 stands for never. */
export function joinSpans(a: Span, b: Span): Span {
	return {
		firstSentAtUs: first(a.firstSentAtUs, b.firstSentAtUs),
		lastSentAtUs: Math.max(a.lastSentAtUs, b.lastSentAtUs),
		lastEnqueuedAtUs: Math.max(a.lastEnqueuedAtUs, b.lastEnqueuedAtUs),
		firstCompletedAtUs: first(a.firstCompletedAtUs, b.firstCompletedAtUs),
		lastCompletedAtUs: Math.max(a.lastCompletedAtUs, b.lastCompletedAtUs),
		startLatenessUs: Math.max(a.startLatenessUs, b.startLatenessUs),
		sendingEndedAtUs: Math.max(a.sendingEndedAtUs, b.sendingEndedAtUs),
	};
}

function first(a: number, b: number): number {
	if (a < 0) return b;
	return b < 0 ? a : Math.min(a, b);
}
