import { fitScaling, type ScalingFit, SIZES_TO_FIT } from "../analysis/scalingLaw.js";
import { judgeScaling, type ScalingPoint } from "../analysis/scalingVerdict.js";
import { rounded } from "./figures.js";
import { formatCount, formatRate, formatShare } from "./format.js";
import { hostBusy } from "./hostBusy.js";
import { median, type RunGroup } from "./runGroups.js";
import type { Report, ReportRun } from "./schema.js";

type Scaling = NonNullable<NonNullable<Report["sweep"]>["scaling"]>;

/** How throughput grows with one dimension: in words, by a law where one fits, and as a curve. */
export function buildScaling(
	dimension: Scaling["dimension"],
	groups: readonly RunGroup[],
	environment: Report["environment"],
): Scaling {
	const points = groups.map((group) => scalingPoint(group, dimension, environment));
	const runs = groups.flatMap((group) =>
		group.used.map((run) => ({ n: run.parameters[dimension], tasksPerSecond: run.throughput.tasksPerSecond })),
	);
	const pollIntervalMs = groups[0]?.parameters.pollIntervalMs ?? 0;
	const fit = fitScaling(runs, points);
	const chosen = fit?.chosen === "usl" ? fit.usl : fit?.chosen === "cap" ? fit.cap : undefined;
	const [first] = points;
	return {
		dimension,
		verdict: judgeScaling(points, { dimension, pollIntervalMs, tasksPerPoll: 1 }) ?? null,
		fit: fit ? fitFigures(fit, dimension) : null,
		fitWithheld: fit ? null : whyNoFit(points),
		curve: points.map(({ n, tasksPerSecond }) => ({
			n,
			measured: rounded(tasksPerSecond),
			fitted: chosen ? rounded(chosen.at(n)) : null,
			ideal: first ? rounded((first.tasksPerSecond / first.n) * n) : 0,
		})),
	};
}

function scalingPoint(
	{ parameters, used, median: tasksPerSecond }: RunGroup,
	dimension: Scaling["dimension"],
	environment: Report["environment"],
): ScalingPoint {
	const { engine, pollIntervalMs, workers } = parameters;
	const known = (read: (run: ReportRun) => number | null) => {
		const values = used.map(read).filter((value) => value !== null);
		return values.length > 0 ? median(values) : undefined;
	};
	return {
		n: parameters[dimension],
		tasksPerSecond,
		spread: halfRange(used.map((run) => run.throughput.tasksPerSecond)) / Math.max(1e-9, tasksPerSecond),
		pollCap: engine === "classic" && pollIntervalMs > 0 ? (workers * 1_000) / pollIntervalMs : undefined,
		loopUtilization: known((run) => run.resources.loopUtilizationMax),
		loopDelayUs: known((run) => run.resources.loopDelayP99MaxUs),
		hostBusy: known((run) => hostBusy(run, environment)),
		redisBusy: known((run) => run.redis.busyShare),
	};
}

function halfRange(values: readonly number[]): number {
	return values.length > 1 ? (Math.max(...values) - Math.min(...values)) / 2 : 0;
}

function fitFigures(fit: ScalingFit, dimension: string): NonNullable<Scaling["fit"]> {
	const { usl, cap, chosen, peak } = fit;
	const best = Math.min(usl?.aicc ?? Number.POSITIVE_INFINITY, cap?.aicc ?? Number.POSITIVE_INFINITY);
	const quality = ({ aicc, worstResidual, isRejected }: NonNullable<ScalingFit["usl"] | ScalingFit["cap"]>) => ({
		aiccAboveBest: Number.isFinite(aicc) ? rounded(aicc - best) : null,
		worstResidual: rounded(worstResidual, 6),
		rejected: isRejected,
	});
	return {
		chosen: chosen ?? null,
		usl: usl
			? {
					...quality(usl),
					lambda: rounded(usl.law.lambda),
					sigma: rounded(usl.law.sigma, 9),
					kappa: rounded(usl.law.kappa, 12),
					peak: peak.kind,
					peakAt: peak.kind === "at" ? rounded(peak.n) : null,
				}
			: null,
		cap: cap
			? { ...quality(cap), lambda: rounded(cap.law.lambda), cap: isCapped(fit) ? rounded(cap.law.cap) : null }
			: null,
		sentence: fitSentence(fit, dimension),
	};
}

/** A bend in the last few percent is no cap but noise at the end of a line. */
const CAP_BELOW = 0.95;

function isCapped({ cap, largest }: ScalingFit): boolean {
	return cap !== undefined && cap.law.cap < CAP_BELOW * cap.law.lambda * largest;
}

function fitSentence(fit: ScalingFit, dimension: string): string {
	const { usl, cap, chosen, peak } = fit;
	if (chosen === "cap" && cap !== undefined) {
		const { lambda, cap: most } = cap.law;
		const each = `${formatRate(lambda)} tasks/s each`;
		const miss = `(worst miss ${formatShare(cap.worstResidual)})`;
		return isCapped(fit)
			? `A line with a cap fits: ${each} up to ${formatRate(most)}, reached at ${(most / lambda).toFixed(1)} ${miss}.`
			: `A line fits: ${each}, with no cap in the measured range ${miss}.`;
	}
	if (chosen === "usl" && usl !== undefined) {
		const { lambda, sigma, kappa } = usl.law;
		const top = {
			at: `a peak at ${peak.kind === "at" ? formatCount(Math.floor(peak.n)) : ""} ${dimension}`,
			beyond: "a peak beyond the measured range",
			none: "no peak",
		}[peak.kind];
		return (
			`The universal scalability law fits: λ ${formatRate(lambda)} tasks/s, contention σ ${sigma < 5e-7 ? "0" : Number(sigma.toPrecision(3))}, ` +
			`coherence κ ${kappa < 5e-13 ? "0" : kappa.toExponential(2)}, ${top} (worst miss ${formatShare(usl.worstResidual)}).`
		);
	}
	const misses = [usl, cap].flatMap((law) => (law ? [formatShare(law.worstResidual)] : []));
	return `Neither the universal scalability law nor a line with a cap fits: they miss a point by ${misses.join(" and ")}.`;
}

function whyNoFit(points: readonly ScalingPoint[]): string {
	if (points.length < SIZES_TO_FIT) return `No law was fitted: ${points.length} sizes, ${SIZES_TO_FIT} are the least.`;
	return "No law was fitted: a size completed nothing.";
}
