import type { SizePoint } from "./usl.js";

/** As many times the rate of one, up to a cap: `X(N) = min(λN, C)`. */
export interface CapLaw {
	/** Tasks a second of one. */
	readonly lambda: number;
	readonly cap: number;
}

export function capLawAt({ lambda, cap }: CapLaw, n: number): number {
	return Math.min(lambda * n, cap);
}

/**
 * Least squares of the throughput. The best law either leaves its bend between two sizes, and then each side is fitted by
 * itself, or has it at a size; so all of them are tried. Undefined where nothing was done.
 */
export function fitCapLaw(points: readonly SizePoint[]): CapLaw | undefined {
	const sizes = [...new Set(points.map(({ n }) => n))].sort((a, b) => a - b);
	const laws = sizes.flatMap((bend) => {
		const below = points.filter(({ n }) => n <= bend);
		const above = points.filter(({ n }) => n > bend);
		const lambda = throughOrigin(below, ({ n }) => n);
		const cap = above.length > 0 ? mean(above) : Number.POSITIVE_INFINITY;
		const bent = throughOrigin(points, ({ n }) => Math.min(n, bend));
		return [
			{ lambda, cap },
			{ lambda: bent, cap: bent * bend },
		];
	});
	const best = laws.reduce<CapLaw | undefined>(
		(least, law) => (least === undefined || squares(points, law) < squares(points, least) ? law : least),
		undefined,
	);
	if (best === undefined || !(best.lambda > 0)) return undefined;
	// A cap that no size reaches is none; the last size is then as far as the line is known.
	return { ...best, cap: Math.min(best.cap, best.lambda * (sizes.at(-1) ?? 0)) };
}

function throughOrigin(points: readonly SizePoint[], size: (point: SizePoint) => number): number {
	const products = points.reduce((sum, point) => sum + size(point) * point.tasksPerSecond, 0);
	return products / points.reduce((sum, point) => sum + size(point) ** 2, 0);
}

function mean(points: readonly SizePoint[]): number {
	return points.reduce((sum, { tasksPerSecond }) => sum + tasksPerSecond, 0) / points.length;
}

function squares(points: readonly SizePoint[], law: CapLaw): number {
	return points.reduce((sum, { n, tasksPerSecond }) => sum + (tasksPerSecond - capLawAt(law, n)) ** 2, 0);
}
