import type { JudgedRun, Measured } from "../analysis/metricValue.js";
import { judgeTargets, type ScalingFinding } from "../analysis/targets.js";
import { judgeThresholds, type RunResult, type ThresholdResult } from "../analysis/thresholds.js";
import type { Unit } from "../plan/metrics.js";
import type { Plan } from "../plan/plan.js";
import { SPOOL_TARGETS } from "../plan/targets.js";
import { withClockBound } from "./clocksText.js";
import { clean, rounded } from "./figures.js";
import { formatMeasured, formatMicros, formatQuantity } from "./format.js";
import type { Report } from "./schema.js";

type ThresholdFigures = Report["thresholds"][number];

/** Every threshold of the plan, judged. @param failed the text of the one that ended the execution; empty: none did */
export function buildThresholds(plan: Plan, runs: readonly JudgedRun[], failed: string): ThresholdFigures[] {
	const nameOf = (ordinal: number) => runs.find(({ figures }) => figures.ordinal === ordinal)?.figures.name ?? "";
	return judgeThresholds(plan.thresholds, runs, failed).map((result) => ({
		threshold: clean(result.threshold.text),
		passed: result.passed,
		abortOnFail: result.threshold.abortOnFail,
		aborted: result.aborted,
		limit: result.threshold.limit,
		runs: result.runs.map((run) => ({
			run: nameOf(run.ordinal),
			ordinal: run.ordinal,
			measured: run.value !== undefined && Number.isFinite(run.value) ? rounded(run.value, 6) : null,
			text: textOf(run, result.threshold.unit),
			passed: run.passed,
		})),
		sentence: sentenceOf(result, nameOf),
	}));
}

function textOf({ value, note, clockBoundUs }: Measured, unit: Unit): string {
	if (value === undefined || !Number.isFinite(value)) return note;
	const text = withClockBound(formatMeasured(value, unit), value, { clockBoundUs });
	return `${text}${note === "" ? "" : ` (${note})`}`;
}

const NAMED_RUNS = 3;

function sentenceOf({ threshold, runs, aborted }: ThresholdResult, nameOf: (ordinal: number) => string): string {
	const text = (run: RunResult) => textOf(run, threshold.unit);
	const ended = aborted ? "it ended the run; in the end " : "";
	const [first] = runs;
	if (first === undefined) return "no run came to it";
	if (runs.length === 1) return ended + text(first);
	const failed = runs.filter(({ passed }) => !passed);
	if (failed.length > 0) {
		const named = failed.slice(0, NAMED_RUNS).map((run) => `${text(run)} in ${nameOf(run.ordinal)}`);
		const more = failed.length > NAMED_RUNS ? ` and ${formatQuantity(failed.length - NAMED_RUNS, "more run")}` : "";
		return `${ended}${named.join(", ")}${more}`;
	}
	const values = runs.map(({ value = 0 }) => value);
	const range = [Math.min(...values), Math.max(...values)].map((value) => formatMeasured(value, threshold.unit));
	const boundUs = Math.max(...runs.map(({ clockBoundUs }) => clockBoundUs));
	const bound = boundUs > 0 ? ` ±${formatMicros(boundUs)} (clock)` : "";
	return `${ended}${range[0] === range[1] ? range[0] : range.join(" to ")}${bound} in ${formatQuantity(runs.length, "run")}`;
}

/** Measured beside target, of the run that the report heads with. Null where there is no run. */
export function buildTargets(plan: Plan, run: JudgedRun | undefined, sweep: Report["sweep"]): Report["targets"] {
	if (run === undefined) return null;
	const rows = judgeTargets(plan.targets ?? SPOOL_TARGETS, run, scalingOf(sweep), textOf);
	const isGiven = plan.targets !== undefined;
	return {
		name: isGiven ? clean(plan.targets.name) : null,
		run: run.figures.name,
		rows: rows.map(({ title, measured, target, status }) => ({
			title: clean(title),
			measured,
			target: isGiven ? clean(target) : null,
			status: isGiven ? status : null,
		})),
	};
}

function scalingOf(sweep: Report["sweep"]): ScalingFinding | undefined {
	const scaling = sweep?.scaling;
	return scaling?.verdict ? { ...scaling.verdict, dimension: scaling.dimension } : undefined;
}
