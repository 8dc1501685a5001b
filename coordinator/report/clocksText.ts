import { type Exact, type Percentile, timeCell } from "./cells.js";
import { formatMicros, formatQuantity } from "./format.js";
import type { LatencyFigures, ReportRun } from "./schema.js";

/** A figure that its clock bound spoils by more than this is marked. */
const FLAGGED_SHARE = 0.1;

type Bound = Pick<LatencyFigures, "clockBoundUs">;

/** A time with what the clocks may be off by: `3.20 ms ±150 µs (clock)`; `<150 µs` where that is more than the time itself. */
export function withClockBound(cell: string, us: number, { clockBoundUs }: Bound): string {
	if (clockBoundUs === 0 || !/\d/.test(cell)) return cell;
	return `${bounded(cell, us, { clockBoundUs })} (clock)`;
}

function bounded(cell: string, us: number, { clockBoundUs }: Bound): string {
	const marked = markedByClock(cell, us, { clockBoundUs });
	return marked.startsWith("<") ? marked : `${cell} ±${formatMicros(clockBoundUs)}${marked.endsWith("!") ? "!" : ""}`;
}

/** The same for where the bound stands beside it: `3.20 ms`, `1.49 ms!`, `<150 µs`. */
export function markedByClock(cell: string, us: number, { clockBoundUs }: Bound): string {
	if (clockBoundUs === 0 || !/\d/.test(cell)) return cell;
	// What lies among the unfinished may be anything above.
	if (us < clockBoundUs && !cell.startsWith(">")) return `<${formatMicros(clockBoundUs)}`;
	return isFlagged(us, { clockBoundUs }) ? `${cell}!` : cell;
}

/** Whether the clocks may be off by so much of a time that it has to be marked. */
export function isFlagged(us: number, { clockBoundUs }: Bound): boolean {
	return clockBoundUs > FLAGGED_SHARE * us;
}

/** A stage's figure with its ±. */
export function boundedTime(figures: LatencyFigures, name: Percentile | Exact): string {
	return withClockBound(timeCell(figures, name), figures[name], figures);
}

/** A stage's figure with the clocks' mark, for where the ± stands beside it. */
export function shortTime(figures: LatencyFigures, name: Percentile | Exact): string {
	return markedByClock(timeCell(figures, name), figures[name], figures);
}

/** The marks of `shortTime`: a share may begin with the same sign, a name end with it. */
const BELOW = /^<[\d.]+ (ns|µs|ms|s)$/;
const FLAGGED = /\d (ns|µs|ms|s)!$/;

/** What the clocks' marks in these cells mean, mark by mark. */
export function clockLegend(cells: readonly string[]): string[] {
	return [
		...(cells.some((cell) => FLAGGED.test(cell)) ? ["! clocks may be off by over 10% of it"] : []),
		...(cells.some((cell) => BELOW.test(cell)) ? ["< below what clocks may be off by"] : []),
	];
}

/** `2 hosts; drift against Redis +3.1, −2.0 ppm; 0 steps; …`; undefined on one host. The quality line has the bound. */
export function clocksSentence({ clocks }: ReportRun): string | undefined {
	if (clocks === null) return undefined;
	const { hosts, boundUs, withinHost, betweenHosts, belowZero } = clocks;
	const steps = Math.max(...hosts.map((host) => host.steps));
	const drifts = hosts.map(({ driftPpm }) =>
		driftPpm === null ? "unknown" : `${driftPpm < 0 ? "−" : "+"}${Math.abs(driftPpm).toFixed(1)}`,
	);
	const median = (name: string, { count, p50Us }: typeof withinHost, clockBoundUs: number) => {
		if (p50Us === null) return [];
		const cell = formatMicros(p50Us);
		const text = clockBoundUs > 0 ? bounded(cell, p50Us, { clockBoundUs }) : cell;
		return [`p50 ${name} ${text} (${formatQuantity(count, "task")})`];
	};
	return [
		formatQuantity(hosts.length, "host"),
		`drift against Redis ${drifts.join(", ")} ppm`,
		formatQuantity(steps, "step"),
		...median("within a host", withinHost, 0),
		...median("between hosts", betweenHosts, boundUs),
		...(belowZero.count > 0
			? [
					`${formatQuantity(belowZero.count, "response time")} below zero, by ${formatMicros(belowZero.mostUs)} at the most`,
				]
			: []),
	].join("; ");
}

/** The column of a table of stages with what the clocks may be off by on every figure of a row; none within one host. */
export function clockColumn(
	rows: readonly LatencyFigures[],
): { readonly title: string; readonly cells: string[] } | undefined {
	if (rows.every(({ clockBoundUs }) => clockBoundUs === 0)) return undefined;
	const cells = rows.map(({ clockBoundUs }) => (clockBoundUs === 0 ? "" : `±${formatMicros(clockBoundUs)}`));
	return { title: "clock", cells };
}
