import { REPEATS_MIN } from "../analysis/medianInterval.js";
import { shareOrNone, speedupCell } from "./cells.js";
import { markedByClock } from "./clocksText.js";
import { curveLines } from "./curve.js";
import { list, type Section, table } from "./document.js";
import { formatMicros, formatRate, NO_FIGURE } from "./format.js";
import type { Report } from "./schema.js";
import { type Column, figure, text } from "./table.js";

type Sweep = NonNullable<Report["sweep"]>;
type Point = Sweep["points"][number];

const BAR_CELLS = 12;

/** The points as a table: first a mark for those with invalid runs, last a bar of their throughput. */
export function sweepRows(sweep: Sweep): { readonly columns: Column[]; readonly rows: string[][] } {
	const highest = Math.max(...sweep.points.map((point) => point.tasksPerSecond.median));
	const rows = sweep.points.map((point) => [
		markOf(point),
		...figureCells(sweep, point),
		"█".repeat(highest > 0 ? Math.round((point.tasksPerSecond.median / highest) * BAR_CELLS) : 0),
	]);
	return { columns: [text(""), ...figureColumns(sweep), text("")], rows };
}

function markOf({ invalidRuns, runs }: Point): string {
	if (invalidRuns === runs.length) return "✗";
	return invalidRuns > 0 ? "!" : "";
}

function figureColumns({ dimensions, repeat, scaling, points }: Sweep): Column[] {
	const titles = [
		...(dimensions.length > 0 ? dimensions : ["point"]),
		"tasks/s",
		...(repeat > 1 ? ["spread"] : []),
		...(repeat >= REPEATS_MIN ? ["interval"] : []),
		"p50",
		"p99",
		...(isBetweenHosts(points) ? ["clock"] : []),
		...(scaling ? ["speed-up", "effic."] : []),
	];
	return titles.map(figure);
}

function figureCells({ dimensions, repeat, scaling, points }: Sweep, point: Point): string[] {
	const { median, min, max } = point.tasksPerSecond;
	return [
		...(dimensions.length > 0 ? dimensions.map((name) => point.values[name] ?? "") : [point.point]),
		formatRate(median),
		...(repeat > 1 ? [median > 0 ? `±${((50 * (max - min)) / median).toFixed(1)}%` : ""] : []),
		...(repeat >= REPEATS_MIN ? [intervalCell(point.intervals.tasksPerSecond)] : []),
		percentileOf(point, "p50Us"),
		percentileOf(point, "p99Us"),
		...(isBetweenHosts(points) ? [point.clockBoundUs > 0 ? `±${formatMicros(point.clockBoundUs)}` : ""] : []),
		...(scaling ? [speedupCell(point.speedup), shareOrNone(point.efficiency)] : []),
	];
}

function isBetweenHosts(points: readonly Point[]): boolean {
	return points.some(({ clockBoundUs }) => clockBoundUs > 0);
}

function intervalCell(interval: Point["intervals"]["tasksPerSecond"]): string {
	return interval === null ? NO_FIGURE : `${formatRate(interval.low)}–${formatRate(interval.high)}`;
}

function percentileOf({ confidence, ...point }: Point, name: "p50Us" | "p99Us"): string {
	if (confidence[name] === "withheld") return NO_FIGURE;
	const cell = `${confidence[name] === "low" ? "~" : ""}${formatMicros(point[name])}`;
	return markedByClock(cell, point[name], point);
}

/** What the sweep comes to, sentence by sentence. */
export function sweepSentences({ scaling, notes }: Sweep): string[] {
	const verdict = scaling?.verdict ? [`${scaling.verdict.sentence} ${scaling.verdict.cause}`] : [];
	const fit = scaling ? [scaling.fit?.sentence ?? scaling.fitWithheld ?? ""] : [];
	return [...verdict, ...fit, ...notes];
}

export function sweepSection({ sweep }: Report): Section | undefined {
	if (sweep === null) return undefined;
	const columns = [...figureColumns(sweep), text("invalid runs"), text("clean start")];
	const rows = sweep.points.map((point) => [
		...figureCells(sweep, point),
		String(point.invalidRuns),
		point.cleanStart ? "yes, 0 keys" : "NO",
	]);
	const curve = sweep.scaling ? curveLines(sweep.scaling) : [];
	return {
		id: "sweep",
		title: "Sweep",
		blocks: [
			list(sweepSentences(sweep).map((sentence) => ({ label: "", text: sentence }))),
			table(columns, rows),
			...(curve.length > 0 ? [{ kind: "drawing" as const, lines: curve }] : []),
		],
	};
}
