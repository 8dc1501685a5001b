import type { ReportRun } from "./schema.js";

type Figures = Pick<ReportRun, "offered" | "latency" | "clocks" | "start" | "statistics" | "accounting">;

/** The figures of the quality line (measurement.md §7). */
export function qualityOf({ offered, latency, clocks, start, statistics, accounting }: Figures): ReportRun["quality"] {
	const { responseTime, sendLag } = latency;
	const overStages = (name: "overflow" | "negative") =>
		Object.values(latency).reduce((sum, figures) => sum + figures[name], 0);
	return {
		sentRatio: offered?.sentRatio ?? null,
		sendLagP99Us: offered === null || sendLag.confidence.p99Us === "withheld" ? null : sendLag.p99Us,
		clockBoundUs: clocks?.boundUs ?? null,
		startSkewUs: start?.skewUs ?? null,
		startSkewBoundUs: start?.boundUs ?? null,
		steady: statistics.steadyState.kind,
		unfinished: responseTime.unfinished,
		overRange: overStages("overflow"),
		belowZero: overStages("negative"),
		accounting: accounting.balanced ? "balanced" : accounting.censusTaken ? "not-balanced" : "not-proven",
	};
}
