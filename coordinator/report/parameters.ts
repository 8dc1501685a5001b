import type { RunSpec } from "../plan/plan.js";
import type { ReportRun } from "./schema.js";

/** A run's parameters with nothing left undefined, since JSON has no such thing. */
export function parametersOf(spec: RunSpec): ReportRun["parameters"] {
	const { load } = spec;
	return { ...spec, load: load.kind === "timed" ? load : { ...load, limitMs: load.limitMs ?? null } };
}
