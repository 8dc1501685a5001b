import type { Report } from "./report/schema.js";

/** What Kubernetes keeps of a container's termination message. */
export const MOST_MESSAGE_BYTES = 4_096;

/**
 * An execution in a line of JSON for `status.containerStatuses[].state.terminated.message`: the verdict, what each run did, and the reasons, the gravest first. Where it would not fit, the last runs and then the last reasons are left out, and
 * `omitted` counts them.
 */
export function terminationMessage(report: Report): string {
	const runs = report.runs.map(({ parameters, throughput, latency, verdict }) => ({
		name: parameters.name,
		verdict: verdict.validity,
		tasksPerSecond: throughput.tasksPerSecond,
		responseP99Ms: Math.round(latency.responseTime.p99Us) / 1_000,
	}));
	const reasons = report.verdict.reasons.map(({ code, severity, run, sentence }) => ({
		code,
		severity,
		run,
		sentence,
	}));
	const head = { name: report.name, verdict: report.verdict.validity, aborted: report.aborted };
	let omitted = 0;
	for (;;) {
		const text = JSON.stringify({ ...head, omitted, runs, reasons });
		if (Buffer.byteLength(text) <= MOST_MESSAGE_BYTES) return text;
		if (runs.length > 1) runs.pop();
		else if (reasons.length > 0) reasons.pop();
		else return JSON.stringify({ verdict: report.verdict.validity });
		omitted++;
	}
}
