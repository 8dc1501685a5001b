import type { RateSegment } from "./gen/slice.js";

/** A rate over time, λ(t), and its integral, Λ(t): how many arrivals fall due until t. Times are ms since the epoch. */
export interface Profile {
	readonly durationMs: number;
	/** Λ at the end: arrivals of the whole profile. A whole number only by chance. */
	readonly arrivals: number;
	/** λ in arrivals a second; 0 outside the profile. */
	rateAt(atMs: number): number;
	/** Λ: 0 before the epoch, `arrivals` after the end. */
	arrivalsBy(atMs: number): number;
	/** Λ⁻¹: when the x-th arrival is due, the first such time where the rate is 0 for a while; infinity beyond the end. */
	timeOf(arrivals: number): number;
}

/** One segment with where it begins, in time and in arrivals. Times within are seconds since its begin. */
interface Piece {
	readonly segment: RateSegment;
	readonly beginMs: number;
	readonly beginArrivals: number;
}

/**
 * Segments one after the other from the epoch on (measurement.md §2).
 *
 * @throws RangeError where a duration is not above 0 or a rate may fall below 0
 */
export function makeProfile(segments: readonly RateSegment[]): Profile {
	const pieces: Piece[] = [];
	let beginMs = 0;
	let beginArrivals = 0;
	for (const segment of segments) {
		const fault = segmentFault(segment);
		if (fault !== undefined) throw new RangeError(fault);
		pieces.push({ segment, beginMs, beginArrivals });
		beginMs += segment.durationMs;
		beginArrivals += integral(segment, segment.durationMs / 1_000);
	}
	const durationMs = beginMs;
	const arrivals = beginArrivals;
	const pieceAt = (atMs: number) => lastNotAfter(pieces, atMs, (piece) => piece.beginMs);
	const pieceOf = (count: number) => lastNotAfter(pieces, count, (piece) => piece.beginArrivals);
	return {
		durationMs,
		arrivals,
		rateAt(atMs) {
			const piece = atMs >= 0 && atMs < durationMs ? pieces[pieceAt(atMs)] : undefined;
			return piece ? rate(piece.segment, (atMs - piece.beginMs) / 1_000) : 0;
		},
		arrivalsBy(atMs) {
			if (atMs <= 0) return 0;
			const piece = atMs < durationMs ? pieces[pieceAt(atMs)] : undefined;
			return piece ? piece.beginArrivals + integral(piece.segment, (atMs - piece.beginMs) / 1_000) : arrivals;
		},
		timeOf(count) {
			if (count <= 0) return 0;
			if (count > arrivals) return Number.POSITIVE_INFINITY;
			let index = pieceOf(count);
			// An arrival with which a piece begins falls due at the end of the last one before it that had any.
			while (index > 0 && pieces[index]?.beginArrivals === count) index--;
			const piece = pieces[index] as Piece;
			const inside = inverse(piece.segment, count - piece.beginArrivals);
			return piece.beginMs + Math.min(piece.segment.durationMs, inside * 1_000);
		},
	};
}

/** What is wrong with a segment; undefined where nothing is. The comparisons are written so that NaN fails them. */
export function segmentFault(segment: RateSegment): string | undefined {
	const { durationMs, fromPerSecond, toPerSecond, sinePerSecond, sinePeriodMs } = segment;
	if (!(durationMs > 0)) return `expected a duration above 0, got ${durationMs}`;
	const least = Math.min(fromPerSecond, toPerSecond) - Math.abs(sinePerSecond);
	if (!(least >= 0)) return `expected a rate that is never below 0, got one of ${least}/s`;
	if (sinePerSecond !== 0 && !(sinePeriodMs > 0)) return `expected a period above 0, got ${sinePeriodMs}`;
	return undefined;
}

/** The highest rate that the segment reaches, or a bound above it where a line and a sine are added. */
export function highestRate({ fromPerSecond, toPerSecond, sinePerSecond }: RateSegment): number {
	return Math.max(fromPerSecond, toPerSecond) + Math.abs(sinePerSecond);
}

/** Arrivals a second per second. */
function slope({ durationMs, fromPerSecond, toPerSecond }: RateSegment): number {
	return ((toPerSecond - fromPerSecond) / durationMs) * 1_000;
}

function rate(segment: RateSegment, atSeconds: number): number {
	const line = segment.fromPerSecond + slope(segment) * atSeconds;
	if (segment.sinePerSecond === 0) return line;
	return line + segment.sinePerSecond * Math.sin((2 * Math.PI * atSeconds * 1_000) / segment.sinePeriodMs);
}

function integral(segment: RateSegment, atSeconds: number): number {
	const line = segment.fromPerSecond * atSeconds + (slope(segment) / 2) * atSeconds * atSeconds;
	if (segment.sinePerSecond === 0) return line;
	const radiansPerSecond = (2 * Math.PI * 1_000) / segment.sinePeriodMs;
	return line + (segment.sinePerSecond / radiansPerSecond) * (1 - Math.cos(radiansPerSecond * atSeconds));
}

/** Seconds into the segment at which `arrivals` of it have fallen due. */
function inverse(segment: RateSegment, arrivals: number): number {
	if (segment.sinePerSecond !== 0) return inverseByNewton(segment, arrivals);
	const { fromPerSecond } = segment;
	// t = 2x / (r0 + √(r0² + 2ax)): for a falling ramp too, and x / r0 for a constant.
	const root = Math.sqrt(Math.max(0, fromPerSecond * fromPerSecond + 2 * slope(segment) * arrivals));
	return (2 * arrivals) / (fromPerSecond + root);
}

/** A bracket halves in 52 steps to the last bit of a double; Newton takes a handful where the rate is not near 0. */
const MOST_STEPS = 100;

/** Newton's method, kept inside a bracket that bisection narrows where Newton would leave it or creeps. */
function inverseByNewton(segment: RateSegment, arrivals: number): number {
	let low = 0;
	let high = segment.durationMs / 1_000;
	let at = (arrivals / integral(segment, high)) * high;
	for (let step = 0; step < MOST_STEPS; step++) {
		const excess = integral(segment, at) - arrivals;
		if (excess === 0) return at;
		if (excess > 0) high = at;
		else low = at;
		const newton = at - excess / rate(segment, at);
		const next = newton > low && newton < high ? newton : (low + high) / 2;
		if (next === at || high - low <= Number.EPSILON * high) return next;
		at = next;
	}
	return at;
}

/** The index of the last item whose key is at most `value`; 0 where there is none. Keys ascend. */
function lastNotAfter<T>(items: readonly T[], value: number, key: (item: T) => number): number {
	let low = 0;
	let high = items.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >>> 1;
		if (key(items[middle] as T) <= value) low = middle;
		else high = middle - 1;
	}
	return low;
}
