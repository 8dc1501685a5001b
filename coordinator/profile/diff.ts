import { formatShare } from "../report/format.js";
import { figure, terminalTable, text } from "../report/table.js";
import { changeClass } from "./flamePalette.js";
import { type CallNode, foldStacks, type Weighed } from "./fold.js";
import { commentNumber, type Frame, ProfileError, type StackProfile, totalOf, valueIndex } from "./stackProfile.js";
import { drawFlame } from "./svg.js";
import { describeFrame, functionFigures } from "./top.js";
import { formatChange, formatValue, valueTitle } from "./values.js";

/** Two profiles made comparable. */
export interface ProfilePair {
	readonly baseline: Weighed;
	readonly candidate: Weighed;
	readonly type: string;
	/** Of the weighed values; a share of the whole where the profiles do not say how many tasks they saw. */
	readonly unit: string;
	readonly per: "task" | "whole";
}

/**
 * Sets two profiles side by side: by task where both say how many tasks were completed, else as shares of their totals, since a
 * longer run is no worse for having more of everything.
 *
 * @param type of the value; undefined: the baseline's own choice
 * @throws ProfileError where one has no such value, or nothing of it
 */
export function pairProfiles(baseline: StackProfile, candidate: StackProfile, type: string | undefined): ProfilePair {
	const index = valueIndex(baseline, type);
	const named = baseline.valueTypes[index]?.type ?? "";
	const other = valueIndex(candidate, named);
	const tasks = [baseline, candidate].map((profile) => commentNumber(profile, "tasks"));
	const [before, after] = tasks;
	const totals = [totalOf(baseline, index), totalOf(candidate, other)];
	if (totals.includes(0)) throw new ProfileError(`one of the profiles holds no ${valueTitle(named)}`);
	const perTask = before !== undefined && after !== undefined;
	const [one = 1, two = 1] = perTask ? [before, after] : totals;
	return {
		baseline: { profile: baseline, value: index, scale: 1 / one },
		candidate: { profile: candidate, value: other, scale: 1 / two },
		type: named,
		unit: perTask ? (baseline.valueTypes[index]?.unit ?? "") : "share",
		per: perTask ? "task" : "whole",
	};
}

/** Lines move between two versions, names less so. */
function looseKey({ name, file }: Frame): string {
	return `${name.startsWith("(anonymous") ? "(anonymous)" : name}\0${file}`;
}

export interface FunctionChange {
	readonly frame: Frame;
	/** Baseline and candidate, in the pair's unit. */
	readonly flat: readonly [number, number];
	readonly cumulative: readonly [number, number];
}

/** Every function of either profile, the largest change of its own first. */
export function functionChanges({ baseline, candidate }: ProfilePair): FunctionChange[] {
	const changes = new Map<string, { frame: Frame; flat: [number, number]; cumulative: [number, number] }>();
	for (const [side, { profile, value, scale }] of [baseline, candidate].entries()) {
		for (const { frame, flat, cumulative } of functionFigures(profile, value)) {
			const key = looseKey(frame);
			const change = changes.get(key) ?? { frame, flat: [0, 0], cumulative: [0, 0] };
			changes.set(key, change);
			change.flat[side as 0 | 1] += flat * scale;
			change.cumulative[side as 0 | 1] += cumulative * scale;
		}
	}
	const size = ({ flat: [before, after] }: FunctionChange) => Math.abs(after - before);
	return [...changes.values()].sort((a, b) => size(b) - size(a) || (looseKey(a.frame) < looseKey(b.frame) ? -1 : 1));
}

/** What `profile diff` prints. */
export function diffText(pair: ProfilePair, count = 20): string {
	const { unit } = pair;
	const value = (amount: number) => (unit === "share" ? formatShare(amount) : formatValue(amount, unit));
	const change = ([before, after]: readonly [number, number]) =>
		unit === "share" ? points(after - before) : formatChange(after - before, unit);
	const rows = functionChanges(pair)
		.filter(({ flat: [before, after] }) => before !== after)
		.slice(0, count)
		.map(({ frame, flat, cumulative }) => {
			const { name, place } = describeFrame(frame);
			return [value(flat[0]), value(flat[1]), change(flat), change(cumulative), name, place];
		});
	const columns = [figure("baseline"), figure("candidate"), figure("change"), figure("cum change"), text("function")];
	return [sentence(pair), "", ...terminalTable([...columns, text("source")], rows), ""].join("\n");
}

function sentence({ baseline, candidate, type, unit, per }: ProfilePair): string {
	if (per === "whole")
		return `Shares of the ${valueTitle(type)} of each profile; they do not say how many tasks they saw.`;
	const [before = 0, after = 0] = [baseline, candidate].map(
		({ profile, value, scale }) => totalOf(profile, value) * scale,
	);
	const totals = `${formatValue(before, unit)} → ${formatValue(after, unit)} of ${valueTitle(type)} a task`;
	return `${totals} (${signedShare(after / before - 1)}). Figures are by task.`;
}

function signedShare(share: number): string {
	return `${share < 0 ? "−" : "+"}${formatShare(Math.abs(share))}`;
}

/** Of percentages. */
function points(share: number): string {
	return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)} pp`;
}

/** A flame graph of both: a box is as wide as both together, red where the candidate takes more, blue where less. */
export function diffSvg(title: string, pair: ProfilePair): string {
	const { unit } = pair;
	const value = (amount: number) => (unit === "share" ? formatShare(amount) : formatValue(amount, unit));
	const both = ({ totals: [before = 0, after = 0] }: CallNode) => before + after;
	const changeOf = ({ totals: [before = 0, after = 0] }: CallNode) =>
		before + after > 0 ? (after - before) / (before + after) : 0;
	return drawFlame({
		title,
		subtitle: `${sentence(pair)}  A box is as wide as both together.`,
		root: foldStacks([pair.baseline, pair.candidate], looseKey),
		rootName: "all",
		weight: both,
		fill: ({ node }) => changeClass(changeOf(node)),
		tooltip: ({ node, path: [frame] }) => {
			const [before = 0, after = 0] = node.totals;
			const { name, place } = frame ? describeFrame(frame) : { name: "all", place: "" };
			const times =
				before > 0 && after > 0 ? ` (${signedShare(after / before - 1)})` : before > 0 ? " (gone)" : " (new)";
			return `${[name, place].filter(Boolean).join("  ")}\n${value(before)} → ${value(after)}${times}`;
		},
		legend: [
			{ fill: changeClass(-1), text: "much less in the candidate" },
			{ fill: changeClass(-0.2), text: "less" },
			{ fill: changeClass(0), text: "the same within 4%" },
			{ fill: changeClass(0.2), text: "more" },
			{ fill: changeClass(1), text: "much more" },
		],
	});
}
