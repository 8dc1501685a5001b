import { formatMicros } from "../format.js";
import type { ReportRun } from "../schema.js";
import { AXIS, type Chart, LEGEND, SERIES } from "./chart.js";
import { type Plot, readout } from "./readout.js";
import { microsAxis } from "./timeCharts.js";

const PLOT: Plot = { left: 76, right: 40, top: 44, bottom: 50 };
const HEIGHT = 340;

/**
 * Response time by percentile, each nine of it as wide as the one before (HdrHistogram's plot): x = log10(1 / (1 − share)).
 * Where tasks were sent late, the uncorrected times beside it show what a tool that waits would have said.
 */
export function percentileChart(run: ReportRun): Chart | undefined {
	const { percent, responseTimeUs, uncorrectedResponseTimeUs } = run.percentileCurve;
	if (percent.length < 3) return undefined;
	const nines = percent.map((value) => Math.log10(100 / (100 - value)));
	const last = Math.max(1, Math.ceil((nines.at(-1) ?? 1) * 10) / 10);
	const late = run.latency.sendLag.maxUs > 0 && uncorrectedResponseTimeUs.length === percent.length;
	const lines = [
		{ name: late ? "corrected (the headline)" : "response time", values: responseTimeUs, color: SERIES.first },
		...(late ? [{ name: "uncorrected", values: uncorrectedResponseTimeUs, color: SERIES.second }] : []),
	];
	return {
		id: "percentiles",
		height: HEIGHT,
		label: `Response time by percentile, from ${formatMicros(responseTimeUs[0] ?? 0)} to ${formatMicros(responseTimeUs.at(-1) ?? 0)}.`,
		option: {
			legend: { ...LEGEND, data: lines.map(({ name }) => name) },
			grid: PLOT,
			xAxis: {
				...AXIS,
				type: "value",
				min: 0,
				max: last,
				interval: 1,
				name: "percentile, a nine more at each step",
				nameLocation: "middle",
				nameGap: 30,
				axisLabel: { ...AXIS.axisLabel, formatter: percentLabel, showMaxLabel: Number.isInteger(last) },
			},
			// The fastest tasks alone are no reason for a log scale.
			yAxis: microsAxis(
				lines.flatMap(({ values }) => values),
				lines.flatMap(({ values }) => values.filter((_, at) => (percent[at] ?? 0) >= 50)),
			),
			series: lines.map(({ name, values, color }, index) => ({
				type: "line",
				silent: true,
				showSymbol: false,
				name,
				color,
				lineStyle: { width: 2.5, color, type: index === 0 ? "solid" : [6, 4] },
				data: nines.map((x, at) => [x, values[at]]),
			})),
		},
		overlay: readout(
			PLOT,
			HEIGHT,
			nines.map((x, at) => ({
				at: x / last,
				text: [
					`p${Number((percent[at] ?? 0).toFixed(5))}`,
					...lines.map(({ name, values }) => `${name} ${formatMicros(values[at] ?? 0)}`),
				].join("  ·  "),
			})),
		),
	};
}

function percentLabel(nines: number): string {
	return `${Number((100 - 100 / 10 ** nines).toFixed(Math.max(0, nines)))}%`;
}
