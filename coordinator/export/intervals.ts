import { intervalText } from "../../proto/histogramText.js";
import type { MergedRun } from "../merge/merged.js";

/**
 * `.hlog`, HdrHistogram's interval log 1.3: the response times (µs, 2 digits) of the tasks meant to be sent in each second.
 * Its maxima are in ms.
 */
export function exportIntervals(run: MergedRun): string {
	const start = run.epochUnixMs / 1_000;
	const lines = run.responseSeries
		.filter(({ count }) => count > 0)
		.map((second) => `${second.index}.000,1.000,${(second.maxUs / 1_000).toFixed(3)},${intervalText(second)}`);
	return [
		"#[Response times by the second in which tasks were meant to be sent, in microseconds; maxima in milliseconds]",
		"#[Histogram log format version 1.3]",
		`#[StartTime: ${start.toFixed(3)} (seconds since epoch), ${new Date(run.epochUnixMs).toISOString()}]`,
		`#[BaseTime: ${start.toFixed(3)} (seconds since epoch)]`,
		'"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
		...lines,
		"",
	].join("\n");
}
