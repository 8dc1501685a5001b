import { formatMicros, formatShare } from "../report/format.js";
import { figure, terminalTable, text } from "../report/table.js";
import { type Category, categoryShares } from "./categories.js";
import { commentNumber, type StackProfile, totalOf, valueIndex } from "./stackProfile.js";
import { describeFrame, type FunctionFigures, functionFigures, type TopOrder, topFunctions } from "./top.js";
import { formatValue, valueTitle } from "./values.js";

const NAME_CHARACTERS = 44;

/** `cpu_analysis.txt`, `mem_analysis.txt` and what `profile top` prints: shares by category, top functions flat and cumulative. */
export function analysisText(title: string, profile: StackProfile, value: number, count = 20): string {
	const figures = functionFigures(profile, value);
	const total = totalOf(profile, value);
	return [
		...heading(title, profile, value),
		"",
		"By category",
		"",
		...categories(profile, value),
		"",
		`Top ${count} flat: in the function itself`,
		"",
		...table(topFunctions(figures, "flat", count), "flat", total, unitOf(profile, value)),
		"",
		`Top ${count} cumulative: with all that it called`,
		"",
		...table(topFunctions(figures, "cumulative", count), "cumulative", total, unitOf(profile, value)),
		"",
	].join("\n");
}

function unitOf({ valueTypes }: StackProfile, value: number): string {
	return valueTypes[value]?.unit ?? "";
}

function heading(title: string, profile: StackProfile, value: number): string[] {
	const unit = unitOf(profile, value);
	const total = totalOf(profile, value);
	const agents = new Set(profile.samples.flatMap(({ labels }) => labels.get("agent") ?? []));
	const tasks = commentNumber(profile, "tasks");
	const { durationNs } = profile;
	const type = valueTitle(profile.valueTypes[value]?.type ?? "");
	const perTask = tasks === undefined ? [] : [`${formatValue(total / tasks, unit)} a task`];
	const load = unit === "nanoseconds" && durationNs > 0 ? [`${formatShare(total / durationNs)} of the time`] : [];
	const from = agents.size > 0 ? [`${agents.size} ${agents.size === 1 ? "agent" : "agents"}`] : [];
	const lasted = durationNs > 0 ? [`${formatMicros(durationNs / 1_000)} profiled in all`] : [];
	return [title, [`${formatValue(total, unit)} of ${type}`, ...load, ...perTask, ...from, ...lasted].join(", ")];
}

/** Of a CPU profile the wall time stands beside it: what an agent waits for takes no CPU. */
function categories(profile: StackProfile, value: number): string[] {
	const shares = categoryShares(profile, value);
	const unit = unitOf(profile, value);
	const total = totalOf(profile, value);
	const wall = profile.valueTypes[value]?.type === "cpu" ? wallOf(profile) : undefined;
	const known = new Set(shares.map(({ category }) => category));
	const waiting = [...(wall?.keys() ?? [])].filter((category) => !known.has(category));
	const wallTotal = [...(wall?.values() ?? [])].reduce((sum, each) => sum + each, 0);
	const all = [...shares, ...waiting.map((category) => ({ category, value: 0 }))];
	const rows = all.map(({ category, value: part }) => [
		category,
		formatValue(part, unit),
		total > 0 ? formatShare(part / total) : "",
		...(wall ? [formatValue(wall.get(category) ?? 0, unit), formatShare((wall.get(category) ?? 0) / wallTotal)] : []),
	]);
	const name = valueTitle(profile.valueTypes[value]?.type ?? "");
	const columns = [
		text("category"),
		figure(name),
		figure("share"),
		...(wall ? [figure("wall time"), figure("share")] : []),
	];
	return terminalTable(columns, rows);
}

function wallOf(profile: StackProfile): ReadonlyMap<Category, number> | undefined {
	if (!profile.valueTypes.some(({ type }) => type === "wall")) return undefined;
	const shares = categoryShares(profile, valueIndex(profile, "wall"));
	return new Map(shares.map(({ category, value }) => [category, value]));
}

/** As `go tool pprof -top` has it, with the source's place. */
function table(top: readonly FunctionFigures[], order: TopOrder, total: number, unit: string): string[] {
	let sum = 0;
	const rows = top.map(({ frame, flat, cumulative }) => {
		sum += flat;
		const share = (value: number) => (total > 0 ? formatShare(value / total) : "");
		const { name, place } = describeFrame(frame);
		const cells = [formatValue(flat, unit), share(flat), share(sum), formatValue(cumulative, unit), share(cumulative)];
		return [...(order === "flat" ? cells : cells.toSpliced(2, 1)), shortName(name), place];
	});
	const sums = order === "flat" ? [figure("sum")] : [];
	return terminalTable(
		[figure("flat"), figure("flat%"), ...sums, figure("cum"), figure("cum%"), text("function"), text("source")],
		rows,
	);
}

function shortName(name: string): string {
	return name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS - 1)}…`;
}
