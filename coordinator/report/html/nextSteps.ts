import type { Report } from "../schema.js";
import { shownReasons } from "../sentences.js";

const MOST_STEPS = 4;
const REPEATS_ADVISED = 3;

/** What to do now, the most pressing first: what stands against the figures, then what limits them, then how to be surer. */
export function nextSteps(report: Report): string[] {
	const against = shownReasons(report)
		.filter(({ severity }) => severity !== "NOTE")
		.map(({ advice }) => advice);
	const failed = report.thresholds
		.filter(({ passed }) => !passed)
		.map(({ threshold }) => `The threshold ${threshold} failed: the charts below show when and in which stage.`);
	const limits = report.verdict.validity === "INVALID" ? [] : limitsOf(report);
	const surer =
		report.plan.repeat < REPEATS_ADVISED
			? ["One run says little about the next: repeat it with --repeat 5, or let coordinator compare judge a change."]
			: ["To judge a change, let coordinator compare run both sides by turns."];
	return [...new Set([...against, ...failed, ...limits, ...surer])].filter(Boolean).slice(0, MOST_STEPS);
}

function limitsOf(report: Report): string[] {
	const scaling = report.sweep?.scaling?.verdict;
	if (scaling) return [`${scaling.sentence} ${scaling.cause}`];
	return report.diagnosis === null ? [] : [`${report.diagnosis.sentence} ${report.diagnosis.advice}`];
}
