import type { ReportRun } from "../report/schema.js";
import { changeOf, changesOf, gainOf, gainOfDelta } from "./gain.js";
import { type Evidence, judge, noiseFloor, variance } from "./judgement.js";
import type { Metric } from "./metrics.js";
import type { ComparedMetric } from "./schema.js";
import { metricSentence } from "./sentences.js";
import { median, pairedShift, unpairedShift } from "./shift.js";

export type RunPair = readonly [baseline: ReportRun, candidate: ReportRun];

/** The runs of one point on both sides. */
export type Sample =
	| {
			readonly kind: "paired";
			readonly pairs: readonly RunPair[];
			/** A/A pairs: the baseline against itself. */
			readonly noise: readonly RunPair[];
			/** The plans ask for the same, of the same programs: there is nothing that could be better. */
			readonly isSame: boolean;
	  }
	| { readonly kind: "unpaired"; readonly baseline: readonly ReportRun[]; readonly candidate: readonly ReportRun[] };

export const FEWEST_PAIRS = 6;
export const FEWEST_RUNS = 4;

/** Compares one metric. The unit is the run: its value counts once, however many tasks it is made of. */
export function compareMetric(metric: Metric, sample: Sample): ComparedMetric {
	const { before, after } = valuesOf(metric, sample);
	const evidence = evidenceOf(metric, sample, before, after);
	const floor = sample.kind === "paired" ? floorOf(metric, sample.noise, sample.pairs.length) : undefined;
	const delta = Math.max(gainOfDelta(metric, metric.delta), floor ?? 0);
	const judged = evidence && metric.better && judge({ ...evidence, delta });
	const compared = {
		key: metric.key,
		title: metric.title,
		better: metric.better ?? null,
		headline: metric.headline,
		scale: metric.scale,
		baseline: { median: before.length > 0 ? median(before) : null, values: before },
		candidate: { median: after.length > 0 ? median(after) : null, values: after },
		change: evidence === undefined ? null : changeOf(metric, evidence.shift.estimate),
		interval: evidence?.shift.interval === undefined ? null : changesOf(metric, evidence.shift.interval),
		pValue: evidence?.shift.interval === undefined ? null : evidence.shift.pValue,
		delta: metric.better === undefined ? null : deltaAsChange(metric, delta),
		noiseFloor: floor === undefined ? null : deltaAsChange(metric, floor),
		outcome: (evidence !== undefined && evidence.count > 1 && judged?.outcome) || null,
		runsNeeded: (evidence !== undefined && evidence.count > 1 && judged?.countNeeded) || null,
	};
	return { ...compared, sentence: metricSentence(metric, compared, sample.kind) };
}

function valuesOf(metric: Metric, sample: Sample): { before: number[]; after: number[] } {
	const known = (value: number | undefined) => value !== undefined;
	if (sample.kind === "unpaired") {
		return {
			before: sample.baseline.map(metric.read).filter(known),
			after: sample.candidate.map(metric.read).filter(known),
		};
	}
	const values = sample.pairs.flatMap(([baseline, candidate]) => {
		const [before, after] = [metric.read(baseline), metric.read(candidate)];
		return before === undefined || after === undefined ? [] : [{ before, after }];
	});
	return { before: values.map(({ before }) => before), after: values.map(({ after }) => after) };
}

/** Undefined where there is nothing to compare, or a ratio of what may be 0. */
function evidenceOf(
	metric: Metric,
	sample: Sample,
	before: readonly number[],
	after: readonly number[],
): Omit<Evidence, "delta"> | undefined {
	if (before.length === 0 || after.length === 0) return undefined;
	if (sample.kind === "paired") {
		const gains = gainsOf(metric, before, after);
		if (gains.length < before.length) return undefined;
		return {
			shift: pairedShift(gains),
			variance: variance(gains),
			count: gains.length,
			fewest: FEWEST_PAIRS,
			isSame: sample.isSame,
		};
	}
	// A gain over a common point of reference, here 1 or 0, makes gains of the sides whose differences are gains.
	const reference = metric.scale === "ratio" ? 1 : 0;
	const sides = [before, after].map((values) => values.map((value) => gainOf(metric, reference, value)));
	const [first = [], second = []] = sides.map((gains) => gains.filter((gain) => gain !== undefined));
	if (first.length < before.length || second.length < after.length) return undefined;
	return {
		shift: unpairedShift(first, second),
		variance: variance(first) + variance(second),
		count: Math.min(first.length, second.length),
		fewest: FEWEST_RUNS,
		isSame: false,
	};
}

function gainsOf(metric: Metric, before: readonly number[], after: readonly number[]): number[] {
	return before.flatMap((value, index) => gainOf(metric, value, after[index] ?? 0) ?? []);
}

function floorOf(metric: Metric, noise: readonly RunPair[], pairs: number): number | undefined {
	const { before, after } = valuesOf(metric, { kind: "paired", pairs: noise, noise: [], isSame: true });
	const gains = gainsOf(metric, before, after);
	return gains.length === 0 ? undefined : noiseFloor(gains, pairs);
}

/** As a rise, whichever side is better. */
function deltaAsChange(metric: Metric, delta: number): number {
	return changeOf({ ...metric, better: "higher" }, delta);
}
