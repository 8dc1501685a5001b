/** The marks of a strip, for its legend. */
export const STRIP_LEGEND = "● p50  ◆ p95  ▲ p99";

/**
 * Where percentiles lie between the smallest and the largest of a distribution, on a log scale. Empty where they span
 * nothing.
 *
 * @param figures in one unit, ascending; undefined: withheld, and not drawn
 * @param width in characters
 */
export function percentileStrip(
	figures: {
		readonly min: number;
		readonly p50: number | undefined;
		readonly p95: number | undefined;
		readonly p99: number | undefined;
		readonly max: number;
	},
	width: number,
): string {
	const { min, p50, p95, p99, max } = figures;
	if (!(min > 0 && max > min)) return "";
	const place = (value: number) => Math.round((Math.log(value / min) / Math.log(max / min)) * (width - 1));
	const cells = Array.from({ length: width }, () => "─");
	const marks = [[p99, "▲"] as const, [p95, "◆"] as const, [p50, "●"] as const];
	for (const [value, mark] of marks) if (value !== undefined) cells[place(value)] = mark;
	return cells.join("");
}
