import { lawOf, type Scaling } from "../curve.js";
import { formatCount, formatRate } from "../format.js";
import type { Report } from "../schema.js";
import { AXIS, type Chart, INK, LEGEND, MUTED, SERIES } from "./chart.js";
import { type Plot, readout } from "./readout.js";

const PLOT: Plot = { left: 76, right: 40, top: 44, bottom: 50 };
const HEIGHT = 360;
const FIT_POINTS = 60;
/** The ideal line leaves the plot there, so that a plateau does not lie on the ground. */
const HEADROOM = 1.3;

/** Throughput by size: medians with their spread, the fitted law, the line in proportion, and where it bends. */
export function scalingChart({ sweep, runs }: Report): Chart | undefined {
	const scaling = sweep?.scaling;
	if (!sweep || !scaling || scaling.curve.length < 2) return undefined;
	const { curve, dimension, verdict } = scaling;
	const largest = Math.max(...curve.map(({ n }) => n));
	const most = Math.max(...curve.map(({ measured }) => measured));
	const ideal = Math.max(...curve.map((point) => point.ideal));
	if (most <= 0) return undefined;
	const law = lawOf(scaling);
	const xMax = largest * 1.04;
	const bend = verdict && verdict.kind !== "linear" ? verdict.from : undefined;
	const repeats = runs.map((run) => [run.parameters[dimension], run.throughput.tasksPerSecond]);
	return {
		id: "scaling",
		height: HEIGHT,
		label: `Throughput by ${dimension}: ${curve.map(({ n, measured }) => `${n}: ${formatRate(measured)}`).join(", ")} tasks a second.`,
		option: {
			legend: { ...LEGEND, data: ["measured", ...(law ? ["fitted law"] : []), "in proportion"] },
			grid: PLOT,
			xAxis: {
				...AXIS,
				type: "value",
				min: 0,
				max: xMax,
				name: dimension,
				nameLocation: "middle",
				nameGap: 30,
				splitLine: { show: false },
				axisLabel: { ...AXIS.axisLabel, showMaxLabel: false },
			},
			yAxis: {
				...AXIS,
				type: "value",
				min: 0,
				max: nice(Math.min(Math.max(ideal, most) * 1.05, most * HEADROOM)),
				axisLine: { show: false },
				axisTick: { show: false },
				axisLabel: { ...AXIS.axisLabel, formatter: formatCount },
			},
			series: [
				{
					type: "line",
					name: "in proportion",
					silent: true,
					showSymbol: false,
					color: MUTED,
					lineStyle: { width: 1.5, color: MUTED, type: [3, 4] },
					data: [
						[0, 0],
						[xMax, (ideal / largest) * xMax],
					],
				},
				...(law ? [fittedSeries(law, xMax)] : []),
				{
					type: "scatter",
					silent: true,
					symbolSize: 5,
					itemStyle: { color: SERIES.first, opacity: 0.45 },
					data: sweep.repeat > 1 ? repeats : [],
				},
				{
					type: "scatter",
					name: "measured",
					silent: true,
					symbolSize: 11,
					itemStyle: { color: SERIES.first },
					data: curve.map(({ n, measured }) => [n, measured]),
					...(bend === undefined ? {} : { markLine: bendMark(verdict?.kind ?? "", bend, dimension) }),
				},
			],
		},
		overlay: readout(
			PLOT,
			HEIGHT,
			curve.map(({ n, measured, fitted }) => ({
				at: n / xMax,
				text: `${n} ${dimension}  ·  ${formatRate(measured)} tasks/s${fitted === null ? "" : `  ·  fitted ${formatRate(fitted)}`}`,
			})),
		),
	};
}

function fittedSeries(law: (n: number) => number, xMax: number): object {
	return {
		type: "line",
		name: "fitted law",
		silent: true,
		showSymbol: false,
		color: SERIES.second,
		lineStyle: { width: 2.5, color: SERIES.second },
		data: Array.from({ length: FIT_POINTS + 1 }, (_, index) => {
			const n = (index / FIT_POINTS) * xMax;
			return [n, n === 0 ? 0 : law(n)];
		}),
	};
}

function bendMark(kind: string, from: number, dimension: Scaling["dimension"]): object {
	return {
		silent: true,
		symbol: "none",
		lineStyle: { color: SERIES.sixth, type: "solid", width: 1.5 },
		label: { color: INK, fontSize: 13, formatter: `${kind} at ${formatCount(from)} ${dimension}` },
		data: [{ xAxis: from }],
	};
}

/** The next of 1, 1.5, 2, 3, 4, 5, 6, 8 or 10 times a power of ten. */
function nice(value: number): number {
	const power = 10 ** Math.floor(Math.log10(value));
	return power * ([1, 1.5, 2, 3, 4, 5, 6, 8].find((step) => step * power >= value) ?? 10);
}
