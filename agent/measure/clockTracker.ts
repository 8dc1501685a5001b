import type { ClockQuality } from "../../proto/gen/measurement.js";
import { FASTEST_DRIFT_PPM, type OffsetInterval } from "./clockBurst.js";
import { type Drift, DriftFit } from "./clockDrift.js";

/** How fast two hosts' clocks drift apart before anything is known of them: 50 µs a second. */
export const ASSUMED_DRIFT_PPM = 50;
/** How far a fitted slope may be off, at the least. */
const FITTED_DRIFT_PPM = 10;
/** A slope is followed once it was fitted over this long. */
const FIT_SPAN_US = 30e6;
/** A drift is told once its standard error is below this. */
const KNOWN_ERROR_PPM = 10;
/** Standard errors on either side of a fit. */
const CERTAIN = 3;

/** An offset and what it may be off by; both change with the time since. */
interface Estimate {
	readonly atUs: number;
	readonly offsetUs: number;
	readonly boundUs: number;
	readonly slopePpm: number;
	/** How far the slope may be off. */
	readonly marginPpm: number;
	/** When the burst that it rests on was taken, and what it was off by then. */
	readonly burst: { readonly atUs: number; readonly boundUs: number };
}

/** How an estimate was used, for the bound that is reported: what was learnt of the drift since may have widened it. */
interface Use {
	readonly boundUs: number;
	readonly burstBoundUs: number;
	readonly ageUs: number;
	readonly slopePpm: number;
}

/**
 * Follows the offset of Redis's clock from this host's by the bursts of a run (measurement.md §1). Offsets are relative to the
 * one at which the run was armed, so that `offsetUs` is the correction of this host's times since the epoch.
 *
 * The estimate is the middle of a burst's interval, carried on with the fitted slope; its bound is half the width and what the
 * drift may add with time. A burst that is wider than what the estimate has become is not taken over: Redis stood still. One
 * that lies apart from the estimate by more than any drift tells that Redis's clock stepped. One that lies apart by less tells
 * of a drift beyond the assumed one: then the margin is what the fit says.
 */
export class ClockTracker {
	#estimate: Estimate;
	readonly #fit = new DriftFit();
	#uses: Use[] = [];
	#bursts = 0;
	#failedBursts = 0;
	#steps = 0;
	#firstStepAtUs = 0;
	#largestStepUs = 0;
	#isTorn = false;

	/**
	 * @param atUs when the run was armed, on this host's clock
	 * @param boundUs of the offset at which it was armed
	 * @param epochUs the run's epoch on this host's clock
	 */
	constructor(
		atUs: number,
		boundUs: number,
		private readonly epochUs: number,
	) {
		this.#estimate = {
			atUs,
			offsetUs: 0,
			boundUs,
			slopePpm: 0,
			marginPpm: ASSUMED_DRIFT_PPM,
			burst: { atUs, boundUs },
		};
	}

	/**
	 * @param interval relative to the offset at which the run was armed; bursts come in the order in which they were taken
	 */
	take(interval: OffsetInterval): void {
		const { atUs, lowUs, highUs } = interval;
		const offsetUs = (lowUs + highUs) / 2;
		const boundUs = (highUs - lowUs) / 2;
		this.#bursts++;
		this.#use(atUs);
		const predictedUs = this.offsetUs(atUs);
		const reachUs =
			this.#estimate.burst.boundUs + ((atUs - this.#estimate.burst.atUs) * FASTEST_DRIFT_PPM) / 1e6 + boundUs;
		const isApart = Math.abs(offsetUs - predictedUs) > this.boundUs(atUs) + boundUs;
		// The first burst has nothing to agree with: how long ago the offset at arming was measured is not known here.
		const isFirst = this.#bursts === 1;
		const isStep = this.#isTorn || (!isFirst && isApart && Math.abs(offsetUs - predictedUs) > reachUs);
		if (isStep) this.#stepped(atUs, offsetUs - predictedUs);
		this.#fit.add(atUs, offsetUs, boundUs);
		const rate = this.#rate();
		if (isStep || isFirst || isApart || boundUs <= this.boundUs(atUs)) {
			this.#estimate = { atUs, offsetUs, boundUs, ...rate, burst: { atUs, boundUs } };
		} else {
			this.#estimate = { ...this.#estimate, atUs, offsetUs: predictedUs, boundUs: this.boundUs(atUs), ...rate };
		}
	}

	/** A burst gave nothing: Redis was away. */
	failed(): void {
		this.#failedBursts++;
	}

	/** The calls of a burst did not agree: Redis's clock stepped while it was taken. */
	torn(): void {
		this.#failedBursts++;
		this.#isTorn = true;
	}

	/** Redis's clock minus this host's, relative to what it was when the run was armed. */
	offsetUs(atUs: number): number {
		const { atUs: fromUs, offsetUs, slopePpm } = this.#estimate;
		return offsetUs + ((atUs - fromUs) * slopePpm) / 1e6;
	}

	/** What `offsetUs` may be off by, as far as is known now. */
	boundUs(atUs: number): number {
		const { atUs: fromUs, boundUs, marginPpm } = this.#estimate;
		return boundUs + (Math.abs(atUs - fromUs) * marginPpm) / 1e6;
	}

	/** How well the clock was followed up to now. */
	quality(hostIndex: number, atUs: number): ClockQuality {
		const drift = this.#fit.drift;
		const uses = [...this.#uses, this.#useOf(atUs)];
		const isKnown = drift !== undefined && drift.errorPpm <= KNOWN_ERROR_PPM;
		return {
			hostIndex,
			boundUs: Math.max(...uses.map((use) => boundInHindsight(use, drift))),
			// A clock that runs fast falls behind in its offset.
			driftPpm: isKnown ? -drift.ppm : 0,
			driftKnown: isKnown,
			bursts: this.#bursts,
			failedBursts: this.#failedBursts,
			steps: this.#steps,
			firstStepAtUs: this.#firstStepAtUs,
			largestStepUs: this.#largestStepUs,
			fromHosts: [],
		};
	}

	#stepped(atUs: number, byUs: number): void {
		this.#isTorn = false;
		if (this.#steps++ === 0) this.#firstStepAtUs = atUs - this.epochUs;
		if (Math.abs(byUs) > Math.abs(this.#largestStepUs)) this.#largestStepUs = byUs;
		this.#fit.clear();
	}

	#use(atUs: number): void {
		if (atUs > this.epochUs) this.#uses = kept([...this.#uses, this.#useOf(atUs)]);
	}

	#useOf(atUs: number): Use {
		const { burst, slopePpm } = this.#estimate;
		return {
			boundUs: this.boundUs(atUs),
			burstBoundUs: burst.boundUs,
			ageUs: Math.max(0, atUs - burst.atUs),
			slopePpm,
		};
	}

	#rate(): Pick<Estimate, "slopePpm" | "marginPpm"> {
		const drift = this.#fit.drift;
		if (!drift) return { slopePpm: 0, marginPpm: ASSUMED_DRIFT_PPM };
		const uncertainPpm = CERTAIN * drift.errorPpm;
		if (drift.spanUs >= FIT_SPAN_US && uncertainPpm <= ASSUMED_DRIFT_PPM) {
			return { slopePpm: clamped(drift.ppm), marginPpm: Math.max(FITTED_DRIFT_PPM, uncertainPpm) };
		}
		const isBeyond = Math.abs(drift.ppm) - uncertainPpm > ASSUMED_DRIFT_PPM;
		const marginPpm = isBeyond ? clamped(Math.abs(drift.ppm) + uncertainPpm) : ASSUMED_DRIFT_PPM;
		return { slopePpm: 0, marginPpm };
	}
}

function clamped(ppm: number): number {
	return Math.min(FASTEST_DRIFT_PPM, Math.max(-FASTEST_DRIFT_PPM, ppm));
}

/** What an estimate may have been off by at the end of its use, with what is known of the drift by now. */
function boundInHindsight({ boundUs, burstBoundUs, ageUs, slopePpm }: Use, drift: Drift | undefined): number {
	if (!drift) return boundUs;
	const offByPpm = clamped(Math.abs(drift.ppm - slopePpm) + CERTAIN * drift.errorPpm);
	return Math.max(boundUs, burstBoundUs + (ageUs * offByPpm) / 1e6);
}

/** Uses kept at the least; of twice as many the worse half is kept. */
const KEPT_USES = 500;

/** In constant memory: which is the worst in hindsight depends on its bound and on its age, so the worst by either stay. */
function kept(uses: Use[]): Use[] {
	if (uses.length < 2 * KEPT_USES) return uses;
	const worst = (by: (use: Use) => number) => uses.toSorted((a, b) => by(b) - by(a)).slice(0, KEPT_USES / 2);
	return [...new Set([...worst(({ boundUs }) => boundUs), ...worst(({ ageUs }) => ageUs)])];
}
