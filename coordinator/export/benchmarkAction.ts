import type { Report } from "../report/schema.js";

interface Entry {
	readonly name: string;
	readonly unit: string;
	readonly value: number;
	readonly extra: string;
}

/**
 * What github-action-benchmark takes as `customBiggerIsBetter` (throughput) or `customSmallerIsBetter` (response times, errors,
 * memory): one entry a figure of each run that holds. A percentile that the report withholds, or knows only a bound of, has none:
 * a history is better with a gap than with a figure that is none.
 */
export function exportBenchmarkAction(report: Report, better: "bigger" | "smaller"): string {
	const entries = report.runs
		.filter(({ verdict }) => verdict.validity !== "INVALID")
		.flatMap((run): Entry[] => {
			const entry = (figure: string, unit: string, value: number): Entry => ({
				name: `${run.name}: ${figure}`,
				unit,
				value,
				extra: run.verdict.validity,
			});
			if (better === "bigger") return [entry("throughput", "tasks/s", run.throughput.tasksPerSecond)];
			const { responseTime } = run.latency;
			const percentiles = (["p50Us", "p99Us"] as const).filter((name) => responseTime.confidence[name] !== "withheld");
			return [
				...percentiles.map((name) => entry(`response time ${name.slice(0, 3)}`, "ms", responseTime[name] / 1_000)),
				entry("error rate", "%", run.errorRate * 100),
				entry("agents' peak memory", "MB", run.resources.peakRssSumBytes / 1e6),
			];
		});
	return `${JSON.stringify(entries, undefined, "\t")}\n`;
}
