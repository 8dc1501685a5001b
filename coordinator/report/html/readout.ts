import { CHART_WIDTH } from "./chart.js";
import { html, type Markup } from "./markup.js";

/** The plot inside a chart, in its user units. */
export interface Plot {
	readonly left: number;
	readonly right: number;
	readonly top: number;
	readonly bottom: number;
}

/**
 * Columns over a plot: the one that the pointer is on shows its text above the plot's right end. Style sheets do it, no
 * script.
 *
 * @param height of the chart
 * @param columns where each is in the middle (0 … 1 of the plot's width), and what it says
 */
export function readout(
	plot: Plot,
	height: number,
	columns: readonly { readonly at: number; readonly text: string }[],
): Markup {
	const width = CHART_WIDTH - plot.left - plot.right;
	const x = (at: number) => Math.round(10 * (plot.left + at * width)) / 10;
	const edge = (a: number | undefined, b: number | undefined, otherwise: number) =>
		a === undefined || b === undefined ? otherwise : (a + b) / 2;
	const marks = columns.map(({ at, text }, index) => {
		const from = x(edge(columns[index - 1]?.at, at, Math.max(0, at - 0.01)));
		const to = x(edge(at, columns[index + 1]?.at, Math.min(1, at + 0.01)));
		return html`<g><rect x="${from}" y="${plot.top}" width="${Math.round(10 * (to - from)) / 10}" height="${height - plot.top - plot.bottom}"/><path d="M${x(at)} ${plot.top}V${height - plot.bottom}"/><text x="${CHART_WIDTH - plot.right}" y="${plot.top - 8}">${text}</text></g>`;
	});
	return html`<g class="readout" aria-hidden="true">${marks}</g>`;
}
