/** What a closed loop measured, held against Little's law N = X·(R+Z). */
export interface LittlesLaw {
	/** Tasks outstanding on average, by X·(R+Z). */
	readonly inFlight: number;
	/** How far that is from the N asked for, as a share of N. */
	readonly off: number;
	readonly holds: boolean;
}

/** (measurement.md §2) */
const OFF_MAX = 0.05;

/**
 * @param perSecond X, completions a second
 * @param responseUs R, the mean response time in µs
 * @param thinkUs Z, the mean time between a task's end and the next one's beginning in µs
 * @param wanted N, the tasks that the loop keeps outstanding
 */
export function littlesLaw(perSecond: number, responseUs: number, thinkUs: number, wanted: number): LittlesLaw {
	const inFlight = (perSecond * (responseUs + thinkUs)) / 1e6;
	const off = (inFlight - wanted) / wanted;
	return { inFlight, off, holds: Math.abs(off) < OFF_MAX };
}
