import type { RateSegment } from "../../proto/gen/slice.js";
import { LIMITS } from "../../proto/slicecheck.js";
import { expected, formatDuration, type Parsed, parseDuration, parsed } from "./quantities.js";

/** How the offered rate goes over the measured time, in tasks a second of the whole fleet. */
export type RateSpec =
	| { readonly shape: "constant"; readonly perSecond: number }
	| { readonly shape: "ramp"; readonly from: number; readonly to: number }
	/** Steps of equal length. */
	| { readonly shape: "step"; readonly steps: readonly number[] }
	| {
			readonly shape: "spike";
			readonly base: number;
			readonly peak: number;
			readonly atMs: number;
			readonly forMs: number;
	  }
	| { readonly shape: "sine"; readonly low: number; readonly high: number; readonly periodMs: number };

export const RATE_EXAMPLES = [
	"5000",
	"ramp:1000-5000",
	"step:1000-2000-4000",
	"spike:1000-8000@10s+2s",
	"sine:1000-5000/20s",
];

const MOST_STEPS = 100;

/** What the text says, as `RATE_EXAMPLES` do. */
export function parseRate(text: string): Parsed<RateSpec> {
	const [, shape, parameter = ""] = /^([a-z]+):(.*)$/.exec(text) ?? [];
	switch (shape) {
		case undefined: {
			const perSecond = perSecondOf(text);
			if (perSecond === undefined || perSecond === 0) return refused();
			return parsed({ shape: "constant", perSecond });
		}
		case "ramp": {
			const [from, to, ...more] = ratesOf(parameter);
			if (from === undefined || to === undefined || more.length > 0) return refused("a ramp such as ramp:1000-5000");
			return parsed({ shape, from, to });
		}
		case "step": {
			const steps = ratesOf(parameter);
			if (steps.length < 2 || steps.length > MOST_STEPS) return refused("steps such as step:1000-2000-4000");
			return parsed({ shape, steps });
		}
		case "spike":
			return parseSpike(parameter);
		case "sine":
			return parseSine(parameter);
		default:
			return refused();
	}
}

function parseSpike(text: string): Parsed<RateSpec> {
	const [, rates = "", at = "", length = ""] = /^([^@]*)@([^+]*)\+(.*)$/.exec(text) ?? [];
	const [base, peak, ...more] = ratesOf(rates);
	const [atMs, forMs] = [timeOf(at), timeOf(length)];
	const isWhole = base !== undefined && peak !== undefined && more.length === 0;
	if (!isWhole || atMs === undefined || forMs === undefined || forMs === 0) {
		return refused("a spike with when it begins and how long it lasts, such as spike:1000-8000@10s+2s");
	}
	return parsed({ shape: "spike", base, peak, atMs, forMs });
}

function parseSine(text: string): Parsed<RateSpec> {
	const [, rates = "", period = ""] = /^([^/]*)\/(.*)$/.exec(text) ?? [];
	const [low, high, ...more] = ratesOf(rates);
	const periodMs = timeOf(period);
	const isWhole = low !== undefined && high !== undefined && more.length === 0 && low <= high;
	if (!isWhole || periodMs === undefined || periodMs === 0) {
		return refused("a sine with its lowest and highest rate and its period, such as sine:1000-5000/20s");
	}
	return parsed({ shape: "sine", low, high, periodMs });
}

function refused(what = `tasks a second such as ${RATE_EXAMPLES.slice(0, -1).join(", ")} or ${RATE_EXAMPLES.at(-1)}`) {
	return expected(what);
}

/** Rates with dashes between them; none where one is no rate, or where all are 0. */
function ratesOf(text: string): number[] {
	const rates = text.split("-").map(perSecondOf);
	const known = rates.filter((rate) => rate !== undefined);
	return known.length === rates.length && known.some((rate) => rate > 0) ? known : [];
}

function perSecondOf(text: string): number | undefined {
	const match = /^(\d+(?:_\d{3})*(?:\.\d{1,6})?)(k?)$/.exec(text);
	if (!match) return undefined;
	const rate = Number(match[1]?.replaceAll("_", "")) * (match[2] === "k" ? 1_000 : 1);
	return rate <= LIMITS.ratePerSecond ? rate : undefined;
}

function timeOf(text: string): number | undefined {
	const time = parseDuration(text);
	return time.ok && time.value <= LIMITS.durationMs ? time.value : undefined;
}

/** The text that `parseRate` reads as this rate. */
export function formatRateSpec(rate: RateSpec): string {
	switch (rate.shape) {
		case "constant":
			return String(rate.perSecond);
		case "ramp":
			return `ramp:${rate.from}-${rate.to}`;
		case "step":
			return `step:${rate.steps.join("-")}`;
		case "spike":
			return `spike:${rate.base}-${rate.peak}@${formatDuration(rate.atMs)}+${formatDuration(rate.forMs)}`;
		case "sine":
			return `sine:${rate.low}-${rate.high}/${formatDuration(rate.periodMs)}`;
	}
}

/** How long the fleet offers a rate, in three phases (measurement.md §4). */
export interface RatePhases {
	readonly warmupMs: number;
	readonly durationMs: number;
	/** The most that the rate is kept up after the measured time. */
	readonly keepMs: number;
}

/**
 * The rate from the epoch on: the measured time between a warm-up at the rate that it begins with, and the rate that it ends
 * with, kept up.
 */
export function rateSegments(rate: RateSpec, { warmupMs, durationMs, keepMs }: RatePhases): RateSegment[] {
	const measured = measuredSegments(rate, durationMs).filter((segment) => segment.durationMs > 0);
	const first = measured[0];
	const last = measured.at(-1);
	const segments = [
		line(warmupMs, rateAtBegin(first), rateAtBegin(first)),
		...measured,
		line(keepMs, rateAtEnd(last), rateAtEnd(last)),
	];
	return segments.filter((segment) => segment.durationMs > 0);
}

function measuredSegments(rate: RateSpec, durationMs: number): RateSegment[] {
	switch (rate.shape) {
		case "constant":
			return [line(durationMs, rate.perSecond, rate.perSecond)];
		case "ramp":
			return [line(durationMs, rate.from, rate.to)];
		case "step":
			return rate.steps.map((perSecond) => line(durationMs / rate.steps.length, perSecond, perSecond));
		case "spike": {
			const { base, peak, atMs, forMs } = rate;
			return [line(atMs, base, base), line(forMs, peak, peak), line(durationMs - atMs - forMs, base, base)];
		}
		case "sine": {
			const mean = (rate.low + rate.high) / 2;
			// Not more than the mean: a rate below 0 by the last bit of a double would be refused.
			const sinePerSecond = Math.min(mean, (rate.high - rate.low) / 2);
			return [{ ...line(durationMs, mean, mean), sinePerSecond, sinePeriodMs: rate.periodMs }];
		}
	}
}

function line(durationMs: number, fromPerSecond: number, toPerSecond: number): RateSegment {
	return { durationMs, fromPerSecond, toPerSecond, sinePerSecond: 0, sinePeriodMs: 0 };
}

function rateAtBegin(segment: RateSegment | undefined): number {
	return segment?.fromPerSecond ?? 0;
}

function rateAtEnd(segment: RateSegment | undefined): number {
	if (!segment) return 0;
	const { toPerSecond, sinePerSecond, sinePeriodMs, durationMs } = segment;
	if (sinePerSecond === 0) return toPerSecond;
	return Math.max(0, toPerSecond + sinePerSecond * Math.sin((2 * Math.PI * durationMs) / sinePeriodMs));
}

/** The highest rate that a profile asks for. */
export function peakRate(rate: RateSpec): number {
	switch (rate.shape) {
		case "constant":
			return rate.perSecond;
		case "ramp":
			return Math.max(rate.from, rate.to);
		case "step":
			return Math.max(...rate.steps);
		case "spike":
			return Math.max(rate.base, rate.peak);
		case "sine":
			return rate.high;
	}
}

/** How arrivals fall around the rate. */
export type ArrivalSpec =
	| { readonly process: "uniform" }
	| { readonly process: "poisson" }
	| { readonly process: "burst"; readonly size: number };

export const ARRIVAL_EXAMPLES = ["uniform", "poisson", "burst:50"];

export function parseArrivals(text: string): Parsed<ArrivalSpec> {
	if (text === "uniform" || text === "poisson") return parsed({ process: text });
	const size = Number(/^burst:(\d{1,7})$/.exec(text)?.[1]);
	if (size >= 1 && size <= LIMITS.burst) return parsed({ process: "burst", size });
	return expected("uniform, poisson, or burst with how many arrive at once, such as burst:50");
}

/** The text that `parseArrivals` reads as this process. */
export function formatArrivals(arrivals: ArrivalSpec): string {
	return arrivals.process === "burst" ? `burst:${arrivals.size}` : arrivals.process;
}
