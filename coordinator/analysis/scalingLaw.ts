import { type CapLaw, capLawAt, fitCapLaw } from "./capLaw.js";
import { fitUsl, type SizePoint, type Usl, uslAt, uslPeak } from "./usl.js";

/** Fewer sizes than these bend to any law. */
export const SIZES_TO_FIT = 4;
/** A law that misses a point by more than this share of it does not describe the points (measurement.md §9). */
const RESIDUAL_MAX = 0.1;

/** A law as it was fitted. */
export interface Fitted<Law> {
	readonly law: Law;
	/** The corrected information criterion: of two laws the one with less. Infinite with too few points. */
	readonly aicc: number;
	/** The worst miss at a size, as a share of what was measured there. */
	readonly worstResidual: number;
	readonly isRejected: boolean;
	readonly at: (n: number) => number;
}

export type Peak =
	| { readonly kind: "at"; readonly n: number }
	| { readonly kind: "beyond" }
	| { readonly kind: "none" };

export interface ScalingFit {
	readonly usl: Fitted<Usl> | undefined;
	readonly cap: Fitted<CapLaw> | undefined;
	/** Undefined where neither describes the points. */
	readonly chosen: "usl" | "cap" | undefined;
	/** Of the universal scalability law. */
	readonly peak: Peak;
	/** The largest size that was measured. */
	readonly largest: number;
}

/**
 * Fits both laws to the runs and chooses between them by AICc (measurement.md §9). A law's misses are judged at the medians.
 *
 * @param runs each run by itself
 * @param medians one for each size
 * @returns undefined with fewer than `SIZES_TO_FIT` sizes, or where one of them did nothing
 */
export function fitScaling(runs: readonly SizePoint[], medians: readonly SizePoint[]): ScalingFit | undefined {
	if (medians.length < SIZES_TO_FIT || medians.some(({ tasksPerSecond }) => tasksPerSecond <= 0)) return undefined;
	const largest = Math.max(...medians.map(({ n }) => n));
	const uslLaw = fitUsl(runs);
	const capLaw = fitCapLaw(runs);
	const usl = uslLaw && fitted(uslLaw, (n) => uslAt(uslLaw, n), uslParameters(uslLaw), runs, medians);
	const cap = capLaw && fitted(capLaw, (n) => capLawAt(capLaw, n), capParameters(capLaw, largest), runs, medians);
	return { usl, cap, chosen: better(usl, cap), peak: peakOf(uslLaw, largest), largest };
}

/** What a fit could move: a coefficient held at 0 is no parameter. */
function uslParameters({ sigma, kappa }: Usl): number {
	return 1 + (sigma > 0 ? 1 : 0) + (kappa > 0 ? 1 : 0);
}

function capParameters({ lambda, cap }: CapLaw, largest: number): number {
	return cap < lambda * largest ? 2 : 1;
}

function fitted<Law>(
	law: Law,
	at: (n: number) => number,
	parameters: number,
	runs: readonly SizePoint[],
	medians: readonly SizePoint[],
): Fitted<Law> {
	const worstResidual = Math.max(
		...medians.map(({ n, tasksPerSecond }) => Math.abs(at(n) - tasksPerSecond) / tasksPerSecond),
	);
	return { law, at, worstResidual, isRejected: worstResidual > RESIDUAL_MAX, aicc: aiccOf(runs, at, parameters) };
}

/** Rounding, where a law meets the points exactly. */
const LEAST_VARIANCE_SHARE = 1e-16;

/**
 * Akaike's criterion for least squares with the correction for few points: `n ln(RSS/n) + 2k + 2k(k+1)/(n−k−1)`
 * (Burnham and Anderson, Model Selection and Multimodel Inference, 2002, §2.4).
 */
function aiccOf(runs: readonly SizePoint[], at: (n: number) => number, parameters: number): number {
	const count = runs.length;
	const spare = count - parameters - 1;
	if (spare <= 0) return Number.POSITIVE_INFINITY;
	const residual = runs.reduce((sum, { n, tasksPerSecond }) => sum + (tasksPerSecond - at(n)) ** 2, 0);
	const total = runs.reduce((sum, { tasksPerSecond }) => sum + tasksPerSecond ** 2, 0);
	const variance = Math.max(residual, total * LEAST_VARIANCE_SHARE) / count;
	return count * Math.log(variance) + 2 * parameters + (2 * parameters * (parameters + 1)) / spare;
}

/** Of two that are as good, the cap: it says less. */
function better(usl: Fitted<Usl> | undefined, cap: Fitted<CapLaw> | undefined): ScalingFit["chosen"] {
	const uslHolds = usl !== undefined && !usl.isRejected;
	const capHolds = cap !== undefined && !cap.isRejected;
	if (uslHolds && capHolds) return usl.aicc < cap.aicc ? "usl" : "cap";
	if (uslHolds) return "usl";
	return capHolds ? "cap" : undefined;
}

function peakOf(law: Usl | undefined, largest: number): Peak {
	const n = law && uslPeak(law);
	if (n === undefined) return { kind: "none" };
	return n > 2 * largest ? { kind: "beyond" } : { kind: "at", n };
}
