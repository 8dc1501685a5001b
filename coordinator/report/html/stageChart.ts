import { headlineOf } from "../cells.js";
import { formatMicros, formatShare } from "../format.js";
import type { Report, ReportRun } from "../schema.js";
import { AXIS, type Chart, INK, LEGEND, MUTED, SERIES } from "./chart.js";

export interface StagePart {
	readonly name: string;
	readonly color: string;
	/** Mean, in µs. */
	readonly us: number;
}

/**
 * The mean response time by what it was spent on. Means add up, percentiles do not. The queue's wait ends when a worker has the
 * task and so holds the dequeue's round trip; what the stages leave over is what nobody measured, such as waits of tasks
 * that one agent sent and another took.
 */
export function stageParts({ latency }: ReportRun): StagePart[] {
	const whole = latency.responseTime.meanUs;
	const waited = latency.queueWait.count > 0 ? latency.queueWait.meanUs : 0;
	const dequeue =
		latency.queueWait.count > 0 ? Math.min(waited, latency.dequeueTime.meanUs) : latency.dequeueTime.meanUs;
	const parts = [
		{ name: "sent late", color: SERIES.sixth, us: latency.sendLag.meanUs },
		{ name: "enqueue", color: SERIES.second, us: latency.enqueueTime.meanUs },
		{ name: "waiting in the queue", color: SERIES.first, us: Math.max(0, waited - dequeue) },
		{ name: "dequeue", color: SERIES.fourth, us: dequeue },
		{ name: "handler", color: SERIES.third, us: latency.serviceTime.meanUs },
		{ name: "acknowledge", color: SERIES.fifth, us: latency.ackTime.meanUs },
	];
	const rest = whole - parts.reduce((sum, { us }) => sum + us, 0);
	const all = [...parts, { name: "not told apart", color: MUTED, us: Math.max(0, rest) }];
	return all.filter(({ us }) => us > 0);
}

const MOST_ROWS = 16;
const ROW_HEIGHT = 34;

/** A bar of 100 % for the headline's run, or for each run of a sweep. */
export function stageChart(report: Report): Chart | undefined {
	const headline = headlineOf(report);
	const runs = report.runs.length <= MOST_ROWS ? report.runs : headline ? [headline] : [];
	const rows = runs
		.filter(({ latency }) => latency.responseTime.count > 0)
		.map((run) => ({ run, parts: stageParts(run), whole: run.latency.responseTime.meanUs }));
	const names = new Map(rows.flatMap(({ parts }) => parts.map(({ name, color }) => [name, color] as const)));
	const [first] = rows;
	if (first === undefined) return undefined;
	const height = 74 + ROW_HEIGHT * rows.length;
	return {
		id: "stage-shares",
		height,
		label: `Where the mean response time of ${formatMicros(first.whole)} went: ${first.parts
			.map(({ name, us }) => `${name} ${formatMicros(us)}`)
			.join(", ")}.`,
		option: {
			legend: { ...LEGEND, data: [...names.keys()] },
			grid: { left: 210, right: 40, top: 38, bottom: 30 },
			xAxis: {
				...AXIS,
				type: "value",
				min: 0,
				max: 1,
				axisLabel: { ...AXIS.axisLabel, formatter: (share: number) => formatShare(share) },
			},
			yAxis: {
				...AXIS,
				type: "category",
				inverse: true,
				axisTick: { show: false },
				axisLabel: { ...AXIS.axisLabel, color: INK, width: 196, overflow: "truncate" },
				data: rows.map(({ run, whole }) => `${rows.length > 1 ? `${run.name}, ` : ""}mean ${formatMicros(whole)}`),
			},
			series: [...names].map(([name, color]) => ({
				type: "bar",
				stack: "stages",
				silent: true,
				name,
				color,
				barWidth: 20,
				itemStyle: { color, borderColor: "var(--paper)", borderWidth: 0.5 },
				data: rows.map(({ parts }) => {
					const total = parts.reduce((sum, { us }) => sum + us, 0);
					return (parts.find((part) => part.name === name)?.us ?? 0) / total;
				}),
			})),
		},
	};
}
