import { formatMicros, formatShare } from "./format.js";
import type { ReportRun } from "./schema.js";

/** Whether the run was steady, in figures; undefined where it was too short to tell, as the quality line says. */
export function steadinessSentence({ statistics }: ReportRun): string | undefined {
	const { kind, sentence } = statistics.steadyState;
	return kind === "unknown" ? undefined : sentence;
}

/** `p50 1.35 s to 1.46 s, p99 2.3 s to 2.5 s (95%, within-run, optimistic)`; undefined where there is none to tell. */
export function intervalSentence({ statistics }: ReportRun): string | undefined {
	const { p50Us, p95Us, p99Us } = statistics.responseIntervals;
	const all: [string, typeof p50Us][] = [
		["p50", p50Us],
		["p95", p95Us],
		["p99", p99Us],
	];
	const shown = all.flatMap(([name, interval]) =>
		interval ? [`${name} ${formatMicros(interval.lowUs)} to ${formatMicros(interval.highUs)}`] : [],
	);
	return shown.length === 0 ? undefined : `${shown.join(", ")} (95%, within-run, optimistic)`;
}

/** What Little's law makes of a closed loop; undefined where it was not asked. */
export function littlesLawSentence({ statistics, parameters }: ReportRun): string | undefined {
	const law = statistics.littlesLaw;
	if (law === null || parameters.load.kind !== "timed") return undefined;
	return `rate × response time = ${law.inFlight.toFixed(1)} in flight, of ${parameters.load.inFlight} asked for (${
		law.holds ? "holds" : "does NOT hold"
	}, ${law.off < 0 ? "-" : "+"}${formatShare(Math.abs(law.off))})`;
}
