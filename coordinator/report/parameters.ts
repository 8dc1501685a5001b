import { formatPayload, formatPriorities } from "../plan/mix.js";
import type { RunSpec } from "../plan/plan.js";
import { formatArrivals, formatRateSpec } from "../plan/rate.js";
import type { ReportRun } from "./schema.js";

/** A run's parameters with nothing left undefined, since JSON has no such thing. */
export function parametersOf(spec: RunSpec): ReportRun["parameters"] {
	const { type, payload, priorities, maxRetries, timeoutMs } = spec.task;
	return {
		...spec,
		load: loadParameters(spec.load),
		task: {
			type,
			payload: formatPayload(payload),
			priority: formatPriorities(priorities),
			maxRetries,
			timeoutMs,
		},
	};
}

function loadParameters(load: RunSpec["load"]): ReportRun["parameters"]["load"] {
	if (load.kind === "tasks") return { ...load, limitMs: load.limitMs ?? null };
	if (load.kind === "timed") return load;
	return { ...load, rate: formatRateSpec(load.rate), arrivals: formatArrivals(load.arrivals) };
}
