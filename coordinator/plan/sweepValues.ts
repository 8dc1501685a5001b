import { formatPayload } from "./mix.js";
import type { RunSpec } from "./plan.js";
import { formatDuration } from "./quantities.js";
import { formatRateSpec } from "./rate.js";
import type { SweepKey } from "./sweepKeys.js";
import type { Threshold } from "./threshold.js";

/** What a run has for each thing that a sweep can vary, as users write it. */
export const SWEEP_VALUES: { readonly [Key in SweepKey]: (spec: RunSpec) => string } = {
	engine: ({ engine }) => engine,
	pollInterval: ({ pollIntervalMs }) => formatDuration(pollIntervalMs),
	payload: ({ task }) => formatPayload(task.payload),
	producers: ({ producers }) => String(producers),
	rate: ({ load }) => (load.kind === "open" ? formatRateSpec(load.rate) : "closed"),
	agents: ({ agents }) => String(agents),
	workers: ({ workers }) => String(workers),
};

/** Whether a run is among those that the threshold is about. */
export function appliesTo({ where }: Threshold, spec: RunSpec): boolean {
	return Object.entries(where).every(([key, value]) => SWEEP_VALUES[key as SweepKey](spec) === value);
}
