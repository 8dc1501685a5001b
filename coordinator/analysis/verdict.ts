import type { MergedRun } from "../merge/merged.js";
import { formatQuantity } from "../report/format.js";
import { checkAccounting } from "./checkAccounting.js";
import { checkClocks } from "./checkClocks.js";
import { checkFaults } from "./checkFaults.js";
import { checkFleet } from "./checkFleet.js";
import { checkLeftovers } from "./checkLeftovers.js";
import { checkLittlesLaw } from "./checkLittlesLaw.js";
import { checkLoad } from "./checkLoad.js";
import { checkMeasurement } from "./checkMeasurement.js";
import { checkOutages } from "./checkOutages.js";
import { checkSteadiness } from "./checkSteadiness.js";
import { checkTarget } from "./checkTarget.js";
import { checkThrottling } from "./checkThrottling.js";
import { type Reason, type Verdict, verdictFrom } from "./reason.js";

/** Whether a run's figures can be believed, and every reason why not, the gravest first. */
export function verdictOf(run: MergedRun): Verdict {
	const checks = [
		checkFaults,
		checkAccounting,
		checkFleet,
		checkThrottling,
		checkLoad,
		checkTarget,
		checkOutages,
		checkClocks,
		checkMeasurement,
		checkSteadiness,
		checkLittlesLaw,
		checkLeftovers,
	];
	return verdictFrom(checks.flatMap((check) => check(run)));
}

/** What is known of a whole execution beside its runs. */
export interface Execution {
	readonly runsPlanned: number;
	readonly runsDone: number;
	/** Why it was ended early; empty: it was not. */
	readonly aborted: string;
	readonly insecure: boolean;
}

/** What concerns the execution and none of its runs. */
export function checkExecution(execution: Execution): Reason[] {
	const reasons: Reason[] = [];
	const missing = execution.runsPlanned - execution.runsDone;
	if (missing > 0) {
		reasons.push({
			code: "runs-missing",
			severity: execution.aborted === "" || execution.runsDone === 0 ? "INVALID" : "DEGRADED",
			figure: missing,
			sentence: `${missing} of ${formatQuantity(execution.runsPlanned, "planned run")} did not take place${
				execution.aborted === "" ? "" : `: ${execution.aborted}`
			}.`,
			advice: "Run it again to the end; what is here is not the whole.",
		});
	}
	if (execution.insecure) {
		reasons.push({
			code: "insecure",
			severity: "NOTE",
			figure: null,
			sentence: "Agents were allowed to join over an unencrypted network (--insecure).",
			advice: "Use certificates wherever others share the network.",
		});
	}
	return reasons;
}
