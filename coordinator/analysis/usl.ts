import { leastSquares, solve } from "./leastSquares.js";

/** Throughput at a size: of one run, or the median of several. */
export interface SizePoint {
	/** Workers or agents. */
	readonly n: number;
	readonly tasksPerSecond: number;
}

/** The universal scalability law: `X(N) = λN / (1 + σ(N−1) + κN(N−1))` (N. J. Gunther, Guerrilla Capacity Planning, 2007). */
export interface Usl {
	/** Tasks a second of one. */
	readonly lambda: number;
	/** Contention: the share of the work that only one can do at a time. */
	readonly sigma: number;
	/** Coherence: what each must agree upon with each other. */
	readonly kappa: number;
}

export function uslAt({ lambda, sigma, kappa }: Usl, n: number): number {
	return (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

/** A flatter curve than this has no peak worth a name (measurement.md §9). */
const NO_PEAK_BELOW = 1e-6;

/** Where the law has its maximum, `√((1−σ)/κ)`; undefined where it has none. */
export function uslPeak({ sigma, kappa }: Usl): number | undefined {
	return kappa < NO_PEAK_BELOW || sigma >= 1 ? undefined : Math.sqrt((1 - sigma) / kappa);
}

const REWEIGHTINGS = 20;

/**
 * Fits the law by least squares of the throughput, no coefficient below 0 (measurement.md §9): first `N/X` regressed on
 * `[1, N−1, N(N−1)]`, with weights `(X²/N)²` that make its squares those of X, reweighted by what it fits; then polished
 * by Levenberg and Marquardt's method. Undefined where the points do not determine it.
 */
export function fitUsl(points: readonly SizePoint[]): Usl | undefined {
	const usable = points.filter(({ tasksPerSecond }) => tasksPerSecond > 0);
	if (new Set(usable.map(({ n }) => n)).size < 3) return undefined;
	const candidates = FREE.flatMap((isFree) => {
		const start = regress(usable, isFree);
		return start === undefined ? [] : [polish(usable, start, isFree)];
	});
	return candidates.reduce<Usl | undefined>(
		(best, law) => (best === undefined || squares(usable, law) < squares(usable, best) ? law : best),
		undefined,
	);
}

/** Of λ, σ and κ: a coefficient that wants to be negative is held at 0, and the others are found again without it. */
const FREE: readonly (readonly boolean[])[] = [
	[true, true, true],
	[true, true, false],
	[true, false, true],
	[true, false, false],
];

function regress(points: readonly SizePoint[], isFree: readonly boolean[]): Usl | undefined {
	let law: Usl | undefined;
	for (let round = 0; round < REWEIGHTINGS; round++) {
		const rows = points.map(({ n, tasksPerSecond }) => {
			const fitted = law === undefined ? tasksPerSecond : uslAt(law, n);
			return {
				factors: [1, n - 1, n * (n - 1)],
				target: n / tasksPerSecond,
				weight: ((fitted * tasksPerSecond) / n) ** 2,
			};
		});
		const [constant = 0, contention = 0, coherence = 0] = leastSquares(rows, isFree) ?? [];
		if (constant <= 0 || contention < 0 || coherence < 0) return law;
		law = { lambda: 1 / constant, sigma: contention / constant, kappa: coherence / constant };
	}
	return law;
}

const POLISHINGS = 200;

function polish(points: readonly SizePoint[], start: Usl, isFree: readonly boolean[]): Usl {
	let law = start;
	let damping = 1e-3;
	for (let round = 0; round < POLISHINGS && damping < 1e12; round++) {
		const next = step(points, law, isFree, damping);
		if (next !== undefined && squares(points, next) < squares(points, law)) {
			law = next;
			damping /= 10;
		} else {
			damping *= 10;
		}
	}
	return law;
}

/** One step of Levenberg and Marquardt; what would fall below 0 stays at 0. */
function step(points: readonly SizePoint[], law: Usl, isFree: readonly boolean[], damping: number): Usl | undefined {
	const rows = points.map(({ n, tasksPerSecond }) => {
		const bottom = 1 + law.sigma * (n - 1) + law.kappa * n * (n - 1);
		const slope = (-law.lambda * n) / bottom ** 2;
		return {
			slopes: [n / bottom, slope * (n - 1), slope * n * (n - 1)].filter((_, index) => isFree[index]),
			residual: tasksPerSecond - uslAt(law, n),
		};
	});
	const size = isFree.filter(Boolean).length;
	const indexes = Array.from({ length: size }, (_, index) => index);
	const matrix = indexes.map((i) =>
		indexes.map((j) => {
			const sum = rows.reduce((total, { slopes }) => total + (slopes[i] ?? 0) * (slopes[j] ?? 0), 0);
			return i === j ? sum * (1 + damping) : sum;
		}),
	);
	const right = indexes.map((i) => rows.reduce((sum, { slopes, residual }) => sum + (slopes[i] ?? 0) * residual, 0));
	const change = solve(matrix, right);
	if (change === undefined) return undefined;
	const moved = [law.lambda, law.sigma, law.kappa];
	for (const [position, index] of isFree.flatMap((is, index) => (is ? [index] : [])).entries()) {
		moved[index] = Math.max(0, (moved[index] ?? 0) + (change[position] ?? 0));
	}
	const [lambda = 0, sigma = 0, kappa = 0] = moved;
	return lambda > 0 ? { lambda, sigma, kappa } : undefined;
}

function squares(points: readonly SizePoint[], law: Usl): number {
	return points.reduce((sum, { n, tasksPerSecond }) => sum + (tasksPerSecond - uslAt(law, n)) ** 2, 0);
}
