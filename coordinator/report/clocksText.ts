import { formatMicros, formatQuantity } from "./format.js";
import type { LatencyFigures, ReportRun } from "./schema.js";

/** A figure that its clock bound spoils by more than this is marked. */
const FLAGGED_SHARE = 0.1;

/** A time with what the clocks may be off by: `3.20 ms ±150 µs (clock)`; `<150 µs` where that is more than the time itself. */
export function withClockBound(cell: string, us: number, { clockBoundUs }: LatencyFigures): string {
	if (clockBoundUs === 0 || !/\d/.test(cell)) return cell;
	if (us < clockBoundUs) return `<${formatMicros(clockBoundUs)} (clock)`;
	const flag = clockBoundUs > FLAGGED_SHARE * us ? "!" : "";
	return `${cell} ±${formatMicros(clockBoundUs)}${flag} (clock)`;
}

/** `2 hosts; drift against Redis +3.1, −2.0 ppm; 0 steps; …`; undefined on one host. The quality line has the bound. */
export function clocksSentence({ clocks }: ReportRun): string | undefined {
	if (clocks === null) return undefined;
	const { hosts, withinHost, betweenHosts, belowZero } = clocks;
	const steps = Math.max(...hosts.map((host) => host.steps));
	const drifts = hosts.map(({ driftPpm }) =>
		driftPpm === null ? "unknown" : `${driftPpm < 0 ? "−" : "+"}${Math.abs(driftPpm).toFixed(1)}`,
	);
	const median = (name: string, { count, p50Us }: typeof withinHost) =>
		p50Us === null ? [] : [`p50 ${name} ${formatMicros(p50Us)} (${formatQuantity(count, "task")})`];
	return [
		formatQuantity(hosts.length, "host"),
		`drift against Redis ${drifts.join(", ")} ppm`,
		formatQuantity(steps, "step"),
		...median("within a host", withinHost),
		...median("between hosts", betweenHosts),
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
