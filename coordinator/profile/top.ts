import { keyOf } from "./pprof.js";
import { type Frame, framesOf, type StackProfile } from "./stackProfile.js";

/** What a function took: flat in itself, cumulative with all that it called. */
export interface FunctionFigures {
	readonly frame: Frame;
	readonly flat: number;
	readonly cumulative: number;
}

/** Every function of a profile, in no order. One that calls itself counts once in its cumulative figure. */
export function functionFigures(profile: StackProfile, value: number): FunctionFigures[] {
	const figures = new Map<string, { frame: Frame; flat: number; cumulative: number }>();
	const of = (frame: Frame) => {
		const key = keyOf(frame);
		const known = figures.get(key) ?? { frame, flat: 0, cumulative: 0 };
		figures.set(key, known);
		return known;
	};
	for (const sample of profile.samples) {
		const amount = sample.values[value] ?? 0;
		const called = new Set(framesOf(profile, sample).map(of));
		for (const each of called) each.cumulative += amount;
		const [innermost] = called;
		if (innermost) innermost.flat += amount;
	}
	return [...figures.values()];
}

export type TopOrder = "flat" | "cumulative";

/** The largest, with ties by name so that the order is always the same. */
export function topFunctions(figures: readonly FunctionFigures[], order: TopOrder, count: number): FunctionFigures[] {
	return figures
		.filter((each) => each[order] > 0)
		.sort((a, b) => b[order] - a[order] || keyOf(a.frame).localeCompare(keyOf(b.frame)))
		.slice(0, count);
}

/** `sendCommand  node_modules/ioredis/built/Redis.js:354` in two parts. */
export function describeFrame({ name, file, line }: Frame): { readonly name: string; readonly place: string } {
	// The place says where an anonymous function is; V8 knows no better name.
	const shown = name.startsWith("(anonymous") ? "(anonymous)" : name;
	return { name: shown, place: file === "" ? "" : line > 0 ? `${file}:${line}` : file };
}
