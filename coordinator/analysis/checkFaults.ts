import type { MergedRun } from "../merge/merged.js";
import type { Reason } from "./reason.js";

/** A self-test's run is never taken for a measurement. */
export function checkFaults({ faults }: MergedRun): Reason[] {
	if (faults.length === 0) return [];
	return [
		{
			code: "faults-planted",
			severity: "INVALID",
			figure: faults.length,
			sentence: `This run belongs to a self-test, which planted faults in it: ${faults.join("; ")}.`,
			advice: "Its figures show whether the instrument notices, and nothing else.",
		},
	];
}
