import { percentileCell } from "./cells.js";
import { shortTime } from "./clocksText.js";
import { formatCount, formatMicros, formatQuantity, formatRate, formatShare } from "./format.js";
import type { ReportRun } from "./schema.js";

/** Rate for rate: `5,000/s offered, 4,998/s done (99.96%)`; undefined in a closed loop. */
export function offeredSentence({ offered, throughput }: ReportRun): string | undefined {
	if (offered === null) return undefined;
	const { perSecond, achievedShare } = offered;
	return `${formatRate(perSecond)}/s offered, ${formatRate(throughput.tasksPerSecond)}/s done (${formatShare(achievedShare)})`;
}

/** How well the schedule was kept, and whose fault it was where it was not. */
export function sendingSentence(run: ReportRun): string | undefined {
	const { offered, latency } = run;
	if (offered === null) return undefined;
	const { generatorLag, backpressureLag } = latency;
	const lag = (figures: typeof generatorLag) =>
		`p50 ${percentileCell(figures, "p50Us")} p99 ${percentileCell(figures, "p99Us")} max ${formatMicros(figures.maxUs)}`;
	const parts = [
		`${formatCount(offered.due)} due, ${formatCount(offered.sent)} sent`,
		`${formatShare(offered.lateShare)} over 1 ms late`,
		`lag by the generator ${generatorLag.count > 0 ? lag(generatorLag) : "none"}`,
		backpressureLag.count > 0 ? `by backpressure ${lag(backpressureLag)}` : "none by backpressure",
	];
	if (offered.dropped > 0) parts.push(`${formatCount(offered.dropped)} dropped`);
	const { due, notOffered, notOfferedLost } = offered;
	if (notOffered > notOfferedLost) parts.push(`${formatCount(notOffered - notOfferedLost)} not offered by late agents`);
	if (notOfferedLost > 0)
		parts.push(`${formatCount(notOfferedLost)} (${formatShare(notOfferedLost / due)}) not offered by lost agents`);
	parts.push(
		`at most ${formatQuantity(offered.maxUnacknowledged, "enqueue")} unacknowledged at once`,
		`event loop ${formatShare(offered.sendingLoopUtilizationMax)} busy meanwhile`,
	);
	return parts.join(", ");
}

/** From the moment of sending instead of when it was due: what a closed measurement would have seen. */
export function uncorrectedSentence({ offered, latency }: ReportRun): string | undefined {
	if (offered === null) return undefined;
	const figures = latency.uncorrectedResponseTime;
	const cells = (["p50Us", "p95Us", "p99Us"] as const).map((name) => `${name.slice(0, 3)} ${shortTime(figures, name)}`);
	const bound = figures.clockBoundUs > 0 ? `, each ±${formatMicros(figures.clockBoundUs)} (clock),` : "";
	return `${[...cells, `max ${shortTime(figures, "maxUs")}`].join("   ")}${bound} from the sending, not to be used`;
}
