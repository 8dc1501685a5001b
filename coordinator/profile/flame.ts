import { formatMicros, formatShare } from "../report/format.js";
import { categoryOf, categoryShares } from "./categories.js";
import type { FlameBox } from "./flameLayout.js";
import { categoryClass } from "./flamePalette.js";
import { foldStacks } from "./fold.js";
import { keyOf } from "./pprof.js";
import { commentNumber, type StackProfile, totalOf } from "./stackProfile.js";
import { drawFlame } from "./svg.js";
import { describeFrame } from "./top.js";
import { formatValue, valueTitle } from "./values.js";

/** The flame graph of one value of a profile, coloured by category. */
export function flameSvg(title: string, profile: StackProfile, value: number): string {
	const { type = "", unit = "" } = profile.valueTypes[value] ?? {};
	const total = totalOf(profile, value);
	const root = foldStacks([{ profile, value, scale: 1 }], keyOf);
	const share = (part: number) => (total > 0 ? formatShare(part / total) : "0%");
	const tasks = commentNumber(profile, "tasks");
	const ofBox = ({ node, path }: FlameBox) => {
		const [own = 0] = node.totals;
		const self = own - node.children.reduce((sum, child) => sum + (child.totals[0] ?? 0), 0);
		const [frame] = path;
		const { name, place } = frame ? describeFrame(frame) : { name: "all", place: "" };
		return [
			[name, place].filter(Boolean).join("  "),
			`${formatValue(own, unit)} (${share(own)}), itself ${formatValue(self, unit)} (${share(self)})`,
			...(frame ? [categoryOf(path)] : []),
		].join("\n");
	};
	return drawFlame({
		title,
		subtitle: [
			`${formatValue(total, unit)} of ${valueTitle(type)}`,
			...(tasks === undefined ? [] : [`${formatValue(total / tasks, unit)} a task`]),
			...(profile.durationNs > 0 ? [`${formatMicros(profile.durationNs / 1_000)} profiled in all`] : []),
			"a box is as wide as what the function and all it called took",
		].join("  ·  "),
		root,
		rootName: "all",
		weight: ({ totals }) => totals[0] ?? 0,
		fill: ({ path }) => categoryClass(path.length === 0 ? "other" : categoryOf(path)),
		tooltip: ofBox,
		legend: categoryShares(profile, value).map(({ category, value: part }) => ({
			fill: categoryClass(category),
			text: `${category} ${share(part)}`,
		})),
	});
}
