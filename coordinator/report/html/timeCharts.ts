import { bucketsOf, formatWidth, ratesOf, worstOf } from "../downsample.js";
import { formatClock, formatCount, formatMicros, formatRate } from "../format.js";
import type { ReportRun } from "../schema.js";
import { AXIS, type Chart, INK, LEGEND, MUTED, RULE, SERIES } from "./chart.js";
import { type Plot, readout } from "./readout.js";

/** More points than that no screen shows. */
const MOST_POINTS = 180;
/** Fewer seconds are no course. */
const LEAST_SECONDS = 3;
const PLOT = { left: 76, right: 24 } as const;
const LINE = { type: "line", showSymbol: false, silent: true, lineStyle: { width: 2 } } as const;

/** What time a point stands for. */
export function pointWidth(run: ReportRun): string {
	return formatWidth(slotsOf(run));
}

function slotsOf({ series }: ReportRun) {
	return bucketsOf(series.completed.length, series.slotMs, MOST_POINTS);
}

/** Completed and sent tasks a second over the run; undefined where nothing happened. */
export function throughputChart(run: ReportRun): Chart | undefined {
	const slots = slotsOf(run);
	if (slots.buckets.length < 2) return undefined;
	const { throughput, series } = run;
	const completed = ratesOf(slots, series.completed);
	const sent = ratesOf(slots, series.sent);
	const failed = ratesOf(slots, series.failed);
	const times = slots.buckets.map(({ fromMs, toMs }) => (fromMs + toMs) / 2_000);
	const lines = [
		{ name: "completed", values: completed, color: SERIES.first, area: true, dash: "solid" },
		{ name: "sent", values: sent, color: SERIES.second, area: false, dash: [6, 4] },
		...(failed.some((rate) => rate > 0)
			? [{ name: "dead-lettered", values: failed, color: SERIES.sixth, area: false, dash: [2, 3] }]
			: []),
	];
	const plot: Plot = { ...PLOT, top: 44, bottom: 34 };
	const height = 300;
	const endS = endOf(run);
	return {
		id: "throughput",
		height,
		label: `Completed and sent tasks a second over ${formatClock(endS * 1_000)}.`,
		option: {
			legend: { ...LEGEND, data: lines.map(({ name }) => name) },
			grid: plot,
			xAxis: timeAxis(endS),
			yAxis: rateAxis(),
			series: lines.map(({ name, values, color, area, dash }, index) => ({
				...LINE,
				name,
				color,
				lineStyle: { width: 2, color, type: dash },
				...(area ? { areaStyle: { color, opacity: 0.14 } } : {}),
				data: times.map((time, at) => [time, values[at]]),
				...(index === 0 ? marksOf(run, throughput.tasksPerSecond) : {}),
			})),
		},
		overlay: readout(
			plot,
			height,
			times.map((time, at) => ({
				at: time / endS,
				text: [
					`${time.toFixed(1)} s`,
					...lines.map(({ name, values }) => `${name} ${formatRate(values[at] ?? 0)}/s`),
				].join("  ·  "),
			})),
		),
	};
}

/** Tasks acknowledged and not settled yet, and what the sampled queues held. */
export function backlogChart(run: ReportRun): Chart | undefined {
	const slots = slotsOf(run);
	if (slots.buckets.length < 2) return undefined;
	const { series, redis } = run;
	let open = 0;
	const openAfter = series.enqueued.map((enqueued, at) => {
		open += enqueued - (series.completed[at] ?? 0) - (series.failed[at] ?? 0);
		return Math.max(0, open);
	});
	const points = slots.buckets.map(({ end, toMs }) => [toMs / 1_000, openAfter[end - 1] ?? 0] as const);
	const step = Math.ceil(redis.samples.length / MOST_POINTS);
	const samples = redis.samples
		.filter((_, index) => index % Math.max(1, step) === 0)
		.map(({ atMs, backlog }) => [atMs / 1_000, backlog.reduce((sum, one) => sum + one, 0)])
		.filter(([time = 0]) => time >= 0 && time <= endOf(run));
	const plot: Plot = { ...PLOT, top: 44, bottom: 34 };
	const height = 220;
	const endS = endOf(run);
	const names = ["enqueued, not settled", "queued (sampled)"] as const;
	return {
		id: "backlog",
		height,
		label: `Tasks enqueued and not settled over time, at most ${formatCount(Math.max(0, ...openAfter))}.`,
		option: {
			legend: { ...LEGEND, data: [...names] },
			grid: plot,
			xAxis: timeAxis(endS),
			yAxis: { ...rateAxis(), axisLabel: { ...AXIS.axisLabel, formatter: formatCount } },
			series: [
				{
					...LINE,
					name: names[0],
					color: SERIES.fourth,
					lineStyle: { width: 2, color: SERIES.fourth },
					areaStyle: { color: SERIES.fourth, opacity: 0.14 },
					data: [[0, 0], ...points],
				},
				{
					type: "scatter",
					name: names[1],
					silent: true,
					symbol: "diamond",
					symbolSize: 7,
					itemStyle: { color: SERIES.second },
					data: samples,
				},
			],
		},
		overlay: readout(
			plot,
			height,
			points.map(([time, count]) => ({
				at: time / endS,
				text: `${time.toFixed(1)} s  ·  ${formatCount(count)} not settled`,
			})),
		),
	};
}

/** Response percentiles by the second in which tasks were intended; undefined with fewer than three such seconds. */
export function responseChart(run: ReportRun): Chart | undefined {
	const { seconds } = run;
	const slots = bucketsOf(seconds.p50Us.length, 1_000, MOST_POINTS);
	const lines = [
		{ name: "max", values: worstOf(slots, seconds.maxUs), color: MUTED, dash: [2, 3], width: 1.5 },
		{ name: "p99", values: worstOf(slots, seconds.p99Us), color: SERIES.second, dash: [6, 4], width: 2 },
		{ name: "p50", values: worstOf(slots, seconds.p50Us), color: SERIES.first, dash: "solid", width: 2.5 },
	];
	const known = lines.flatMap(({ values }) => values.filter((value) => value !== null));
	if (lines.every(({ values }) => values.filter((value) => value !== null).length < LEAST_SECONDS)) return undefined;
	const plot: Plot = { ...PLOT, top: 44, bottom: 34 };
	const height = 300;
	const endS = (slots.buckets.at(-1)?.toMs ?? 0) / 1_000;
	const times = slots.buckets.map(({ fromMs, toMs }) => (fromMs + toMs) / 2_000);
	return {
		id: "response",
		height,
		label: "Response percentiles over time: p50, p99 and maximum by the second in which tasks were meant to be sent.",
		option: {
			legend: { ...LEGEND, data: ["p50", "p99", "max"] },
			grid: plot,
			xAxis: timeAxis(endS),
			yAxis: microsAxis(known),
			series: lines.map(({ name, values, color, dash, width }) => ({
				...LINE,
				name,
				color,
				lineStyle: { width, color, type: dash },
				showSymbol: slots.buckets.length < 12,
				symbolSize: 6,
				data: times.map((time, at) => [time, values[at] ?? null]),
			})),
		},
		overlay: readout(
			plot,
			height,
			times.map((time, at) => ({
				at: time / endS,
				text: [
					`${time.toFixed(1)} s`,
					...lines.toReversed().map(({ name, values }) => {
						const value = values[at] ?? null;
						return `${name} ${value === null ? "—" : formatMicros(value)}`;
					}),
				].join("  ·  "),
			})),
		),
	};
}

const SPAN_FOR_LOG = 30;

/** An axis of times: from 0, or on a log scale where those that it is judged by span more than 30 times. */
export function microsAxis(values: readonly number[], judged = values): object {
	const positive = values.filter((value) => value > 0);
	const spanned = judged.filter((value) => value > 0);
	const isWide = spanned.length > 0 && Math.max(...spanned) > SPAN_FOR_LOG * Math.min(...spanned);
	return {
		...AXIS,
		type: isWide ? "log" : "value",
		...(isWide ? { min: 10 ** Math.floor(Math.log10(Math.min(...positive))) } : { min: 0 }),
		axisLine: { show: false },
		axisTick: { show: false },
		axisLabel: { ...AXIS.axisLabel, formatter: (us: number) => formatMicros(us).replace(/\.0+(?= )/, "") },
	};
}

function endOf({ series }: ReportRun): number {
	return (series.completed.length * series.slotMs) / 1_000;
}

function timeAxis(endS: number): object {
	return {
		...AXIS,
		type: "value",
		min: 0,
		max: endS,
		splitLine: { show: false },
		axisLabel: {
			...AXIS.axisLabel,
			showMaxLabel: false,
			formatter: (s: number) => (endS > 120 ? formatClock(s * 1_000) : `${s} s`),
		},
	};
}

function rateAxis(): object {
	const axisLabel = { ...AXIS.axisLabel, formatter: formatCount };
	return { ...AXIS, type: "value", min: 0, axisLine: { show: false }, axisTick: { show: false }, axisLabel };
}

/** The headline's rate, what of the run is measured, and when agents were lost. */
function marksOf(run: ReportRun, tasksPerSecond: number): object {
	const { fromMs, toMs } = run.throughput;
	const lost = run.perAgent.flatMap(({ index, lost: loss }) => (loss === null ? [] : [{ index, atMs: loss.atMs }]));
	const isWhole = run.parameters.load.kind === "tasks";
	return {
		markLine: {
			silent: true,
			symbol: "none",
			data: [
				{
					yAxis: tasksPerSecond,
					lineStyle: { color: INK, type: [3, 3], width: 1.2 },
					label: {
						position: "insideEndTop",
						color: INK,
						fontSize: 13,
						formatter: `${formatRate(tasksPerSecond)} tasks/s`,
					},
				},
				...lost.slice(0, 5).map(({ index, atMs }) => ({
					xAxis: atMs / 1_000,
					lineStyle: { color: SERIES.sixth, type: "solid", width: 1.5 },
					label: { color: SERIES.sixth, fontSize: 13, formatter: `agent ${index} lost` },
				})),
			],
		},
		...(isWhole || toMs <= fromMs
			? {}
			: {
					markArea: {
						silent: true,
						itemStyle: { color: RULE, opacity: 0.35 },
						label: { color: MUTED, fontSize: 12, position: "insideTopLeft" },
						data: [[{ xAxis: fromMs / 1_000, name: "measured" }, { xAxis: toMs / 1_000 }]],
					},
				}),
	};
}
