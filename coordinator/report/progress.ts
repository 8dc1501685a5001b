import { formatClock, formatCount, formatMicros, formatRate, NO_FIGURE, shorten } from "./format.js";
import type { Palette } from "./palette.js";
import { percentileStrip, STRIP_LEGEND } from "./percentileStrip.js";
import { sparkline } from "./sparkline.js";

export const PROGRESS_PHASES = [
	"waiting for agents",
	"preparing",
	"running",
	"warming up",
	"measuring",
	"keeping load",
	"draining",
	"collecting",
	"cleaning",
] as const;
export type ProgressPhase = (typeof PROGRESS_PHASES)[number];

/** What is known about a run while it goes on. */
export interface ProgressView {
	readonly name: string;
	/** From 0. */
	readonly runIndex: number;
	readonly runCount: number;
	readonly phase: ProgressPhase;
	/** Since the run's epoch, or since the phase began where the run has no epoch yet. */
	readonly elapsedMs: number;
	/** Tasks settled. */
	readonly done: number;
	/** Tasks to settle; undefined in a timed run. */
	readonly total: number | undefined;
	/** Of a timed run. */
	readonly durationMs: number | undefined;
	readonly tasksPerSecond: number;
	/** Undefined where there are none yet. */
	readonly responseTime: LiveTimes | undefined;
	readonly agentsAlive: number;
	readonly agentsTotal: number;
	readonly inFlight: number;
	/** Undefined where it was not sampled. */
	readonly backlog: number | undefined;
	readonly errors: number;
	readonly secondsLeft: number | undefined;
	/** Tasks a second, the newest last. */
	readonly recentRates: readonly number[];
}

/** Response times so far. */
export interface LiveTimes {
	readonly minUs: number;
	readonly p50Us: number;
	readonly p95Us: number;
	readonly p99Us: number;
	readonly maxUs: number;
}

const BAR_CELLS_MAX = 30;
const STRIP_CELLS_MIN = 10;

/** The live view, no line longer than `width`, so that it can be drawn over itself. */
export function progressLines(view: ProgressView, width: number, palette: Palette): string[] {
	const cut = (line: string) => shorten(line, width);
	const agents = `agents ${view.agentsAlive}/${view.agentsTotal}`;
	const agentsPaint = view.agentsAlive < view.agentsTotal && hasStarted(view) ? palette.red : palette.dim;
	const errorPaint = view.errors > 0 ? palette.red : palette.dim;
	const title = cut(titleOf(view));
	if (!hasStarted(view)) return [palette.bold(title), agentsPaint(cut(`  ${agents}  ${formatClock(view.elapsedMs)}`))];

	const progress = `  ${bar(view, width)} ${shareText(view)}  ${doneText(view)}  ${timeText(view)}`;
	const state = `in flight ${formatCount(view.inFlight)} · backlog ${countText(view.backlog)}`;
	const errors = ` · errors ${formatCount(view.errors)}`;
	const figures = `  ${rateText(view)}  ${percentileText(view)}`;
	const room = width - figures.length - 2;
	const spark = room > 4 ? `  ${sparkline(view.recentRates.slice(-Math.min(room, BAR_CELLS_MAX)))}` : "";
	return [
		palette.bold(title),
		palette.cyan(cut(progress)),
		cut(figures) + palette.dim(spark),
		...stripLines(view, width).map(palette.dim),
		agentsPaint(cut(`  ${agents}`)) + errorPaint(rest(` · ${state}${errors}`, width - agents.length - 2)),
	];
}

/** The same in one line, for a log or a pipe. */
export function progressLine(view: ProgressView): string {
	const agents = `agents ${view.agentsAlive}/${view.agentsTotal}`;
	if (!hasStarted(view)) return `${titleOf(view)}, ${agents}`;
	return [
		titleOf(view),
		`${doneText(view)} (${shareText(view).trim()})`,
		rateText(view),
		percentileText(view),
		agents,
		`errors ${formatCount(view.errors)}`,
		timeText(view),
	].join(", ");
}

/** Where the percentiles lie between the shortest and the longest; none where they span nothing. */
function stripLines({ responseTime }: ProgressView, width: number): string[] {
	if (!responseTime) return [];
	const { minUs: min, p50Us: p50, p95Us: p95, p99Us: p99, maxUs: max } = responseTime;
	const [from, to] = [`  ${formatMicros(min)} `, ` ${formatMicros(max)}  ${STRIP_LEGEND}`];
	const cells = Math.min(2 * BAR_CELLS_MAX, width - from.length - to.length);
	const strip = cells < STRIP_CELLS_MIN ? "" : percentileStrip({ min, p50, p95, p99, max }, cells);
	return strip === "" ? [] : [from + strip + to];
}

function hasStarted(view: ProgressView): boolean {
	return view.phase !== "waiting for agents" && view.phase !== "preparing";
}

function titleOf(view: ProgressView): string {
	const place = view.runCount > 1 ? ` (run ${view.runIndex + 1} of ${view.runCount})` : "";
	return `${view.name}${place}: ${view.phase}`;
}

/** 0 … 1. A timed run goes by the clock. */
function shareDone(view: ProgressView): number {
	const [part, whole] = view.total === undefined ? [view.elapsedMs, view.durationMs ?? 0] : [view.done, view.total];
	return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}

/** Rounded down: 100% is said when it is so. */
function shareText(view: ProgressView): string {
	return `${Math.floor(shareDone(view) * 100)}%`.padStart(4);
}

function bar(view: ProgressView, width: number): string {
	const cells = Math.max(5, Math.min(BAR_CELLS_MAX, width - 50));
	const full = Math.floor(shareDone(view) * cells);
	return "█".repeat(full) + "░".repeat(cells - full);
}

function doneText(view: ProgressView): string {
	const done = formatCount(view.done);
	return view.total === undefined ? `${done} tasks` : `${done}/${formatCount(view.total)} tasks`;
}

function timeText(view: ProgressView): string {
	const elapsed = formatClock(view.elapsedMs);
	return view.secondsLeft === undefined ? elapsed : `${elapsed}, ${formatClock(view.secondsLeft * 1000)} left`;
}

function rateText(view: ProgressView): string {
	return `${formatRate(view.tasksPerSecond)} tasks/s`;
}

function percentileText(view: ProgressView): string {
	return `p50 ${microsText(view.responseTime?.p50Us)}  p99 ${microsText(view.responseTime?.p99Us)}`;
}

function microsText(us: number | undefined): string {
	return us === undefined ? NO_FIGURE : formatMicros(us);
}

function countText(count: number | undefined): string {
	return count === undefined ? NO_FIGURE : formatCount(count);
}

function rest(text: string, width: number): string {
	return width > 0 ? shorten(text, width) : "";
}
