import type { Targets } from "../plan/targets.js";
import { holds } from "../plan/threshold.js";
import type { ReportRun } from "../report/schema.js";
import { type JudgedRun, type Measured, measuredIn } from "./metricValue.js";
import { type Dimension, sizeText } from "./scalingVerdict.js";

/** ✅ met · ❌ missed · ⚠️ missed by so much that it calls for a look · — not known. */
export type TargetStatus = "met" | "missed" | "warning" | "unknown";

export interface TargetRow {
	readonly title: string;
	readonly measured: string;
	readonly target: string;
	readonly status: TargetStatus;
}

/** What a sweep says of scaling, where there is one. */
export interface ScalingFinding {
	readonly kind: "linear" | "knee" | "plateau" | "retrograde";
	readonly from: number;
	readonly dimension: Dimension;
}

/** The targets beside what was measured, and what Spool's guide to its benchmark has one look at besides. */
export function judgeTargets(
	targets: Targets,
	run: JudgedRun,
	scaling: ScalingFinding | undefined,
	format: (measured: Measured, unit: Targets["rows"][number]["target"]["unit"]) => string,
): TargetRow[] {
	const rows = targets.rows.map(({ title, target, warning }): TargetRow => {
		const found = measuredIn(run, target.metric, target.aggregation);
		const { value, note } = found;
		const text = target.text.replace(/^[^:]*:\s*/, "");
		if (value === undefined) return { title, measured: note, target: text, status: "unknown" };
		const isMet = Number.isFinite(value) && holds(value, target.operator, target.limit);
		const warned = warning && measuredIn(run, warning.metric, warning.aggregation).value;
		const isWarning =
			!isMet && warning !== undefined && warned !== undefined && holds(warned, warning.operator, warning.limit);
		return {
			title,
			measured: format(found, target.unit),
			target: text,
			status: isMet ? "met" : isWarning ? "warning" : "missed",
		};
	});
	return [...rows, ...(scaling ? [scalingRow(scaling)] : []), memoryRow(run.figures.resources.memoryTrend)];
}

function scalingRow({ kind, from, dimension }: ScalingFinding): TargetRow {
	const measured = {
		linear: `linear to ${sizeText(from, dimension)}`,
		knee: `less than linear beyond ${sizeText(from, dimension)}`,
		plateau: `plateau from ${sizeText(from, dimension)}`,
		retrograde: `falls beyond ${sizeText(from, dimension)}`,
	}[kind];
	return { title: "Scaling", measured, target: "linear", status: kind === "linear" ? "met" : "warning" };
}

function memoryRow({ kind, sentence }: ReportRun["resources"]["memoryTrend"]): TargetRow {
	const status = kind === "stable" ? "met" : kind === "growing" ? "warning" : "unknown";
	return { title: "Memory trend", measured: sentence, target: "stable", status };
}
