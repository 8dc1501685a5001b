/** A value at a place, such as a rate at a time. */
export interface Point {
	readonly x: number;
	readonly y: number;
}

/** z beyond which a two-sided test on the standard normal distribution finds p < .01. */
export const Z_TWO_SIDED_1_PERCENT = 2.576;
/** z beyond which a one-sided test finds p < .01. */
export const Z_ONE_SIDED_1_PERCENT = 2.326;

/**
 * The test statistic of Mann (1945) and Kendall, standard normal where there is no trend: the standardised sum of the signs
 * of all differences, with the correction for ties. Quadratic in time; `pooled` bounds it.
 */
export function mannKendallZ(values: readonly number[]): number {
	const count = values.length;
	let sum = 0;
	for (let later = 1; later < count; later++) {
		for (let earlier = 0; earlier < later; earlier++) {
			sum += Math.sign((values[later] ?? 0) - (values[earlier] ?? 0));
		}
	}
	const ties = new Map<number, number>();
	for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
	const term = (size: number) => size * (size - 1) * (2 * size + 5);
	const variance = (term(count) - [...ties.values()].reduce((total, size) => total + term(size), 0)) / 18;
	return variance > 0 ? (sum - Math.sign(sum)) / Math.sqrt(variance) : 0;
}

/** The slope of Theil (1950) and Sen (1968): the median of the slopes between all pairs of different x; 0 without one. */
export function theilSenSlope(points: readonly Point[]): number {
	const slopes: number[] = [];
	for (const [index, later] of points.entries()) {
		for (let before = 0; before < index; before++) {
			const earlier = points[before] as Point;
			if (later.x !== earlier.x) slopes.push((later.y - earlier.y) / (later.x - earlier.x));
		}
	}
	const sorted = Float64Array.from(slopes).sort();
	const middle = (sorted.length - 1) / 2;
	return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

/** So many points are as good as more, and cost a few milliseconds. */
const POINTS_MAX = 600;

/** The means of at most `most` groups of neighbours of (nearly) one size; the points themselves where they are few enough. */
export function pooled(points: readonly Point[], most = POINTS_MAX): readonly Point[] {
	if (points.length <= most) return points;
	const at = (group: number) => Math.floor((group * points.length) / most);
	return Array.from({ length: most }, (_, group) => {
		const members = points.slice(at(group), at(group + 1));
		const mean = (read: (point: Point) => number) =>
			members.reduce((sum, point) => sum + read(point), 0) / members.length;
		return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
	});
}
