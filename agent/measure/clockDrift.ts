/** Points kept: two minutes of a burst a second. A clock's rate changes with its temperature, in minutes. */
const MOST_POINTS = 120;
/** Below this a fit says nothing of how good it is. */
const FEWEST_POINTS = 5;

/** The rate at which an offset changes. */
export interface Drift {
	readonly ppm: number;
	/** Its standard error. */
	readonly errorPpm: number;
	/** Over so much time, and so many points. */
	readonly spanUs: number;
	readonly points: number;
}

/**
 * A line through the latest offsets by least squares, each weighted by how narrow its interval was. Redis is as near as ever
 * in the best of a burst's calls, so that a path that is slower in one direction shifts the line and leaves its slope.
 */
export class DriftFit {
	readonly #points: { readonly atUs: number; readonly offsetUs: number; readonly weight: number }[] = [];

	add(atUs: number, offsetUs: number, halfWidthUs: number): void {
		this.#points.push({ atUs, offsetUs, weight: 1 / Math.max(1, halfWidthUs) ** 2 });
		if (this.#points.length > MOST_POINTS) this.#points.shift();
	}

	clear(): void {
		this.#points.length = 0;
	}

	/** Undefined while there are too few points. */
	get drift(): Drift | undefined {
		const points = this.#points;
		const [first, last] = [points[0], points.at(-1)];
		if (!first || !last || points.length < FEWEST_POINTS) return undefined;
		const total = sum(points.map(({ weight }) => weight));
		const meanAtUs = sum(points.map(({ atUs, weight }) => (atUs - first.atUs) * weight)) / total + first.atUs;
		const meanUs = sum(points.map(({ offsetUs, weight }) => offsetUs * weight)) / total;
		const spread = sum(points.map(({ atUs, weight }) => weight * (atUs - meanAtUs) ** 2));
		if (!(spread > 0)) return undefined;
		const slope =
			sum(points.map(({ atUs, offsetUs, weight }) => weight * (atUs - meanAtUs) * (offsetUs - meanUs))) / spread;
		const residuals = sum(
			points.map(({ atUs, offsetUs, weight }) => weight * (offsetUs - meanUs - slope * (atUs - meanAtUs)) ** 2),
		);
		const error = Math.sqrt(residuals / (points.length - 2) / spread);
		return { ppm: slope * 1e6, errorPpm: error * 1e6, spanUs: last.atUs - first.atUs, points: points.length };
	}
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
