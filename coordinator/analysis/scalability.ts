import type { SizePoint } from "./usl.js";

export interface Scaling {
	/** Times the rate of the smallest size. Undefined where that one completed nothing. */
	readonly speedup: number | undefined;
	/** Speed-up ÷ growth in size: 1 is linear. */
	readonly efficiency: number | undefined;
}

/** How each point compares with the smallest size (of two such, the first). */
export function scalingOf(points: readonly SizePoint[]): Scaling[] {
	const base = points.reduce<SizePoint | undefined>(
		(least, point) => (least === undefined || point.n < least.n ? point : least),
		undefined,
	);
	return points.map((point) => {
		if (base === undefined || base.tasksPerSecond <= 0) return { speedup: undefined, efficiency: undefined };
		const speedup = point.tasksPerSecond / base.tasksPerSecond;
		return { speedup, efficiency: speedup / (point.n / base.n) };
	});
}
