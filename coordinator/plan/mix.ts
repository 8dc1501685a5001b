import { LIMITS } from "../../proto/slicecheck.js";
import { expected, formatCount, formatSize, type Parsed, parsed, parseSize } from "./quantities.js";

/** From the one taken last to the one taken first, as Spool numbers them. */
export const PRIORITIES = ["low", "normal", "high", "critical"] as const;

/** The weights of `PRIORITIES` among the tasks, not all 0. */
export type PriorityMix = readonly [low: number, normal: number, high: number, critical: number];

export const PRIORITY_EXAMPLES = ["normal", "low=1,normal=7,high=2"];

/** `normal`, or weights: `low=1,normal=7,high=2`. */
export function parsePriorities(text: string): Parsed<PriorityMix> {
	const only = placeOf(text);
	const parts = only >= 0 ? [{ what: text, weight: 1 }] : text.split(",").map(weighted);
	const mix: [number, number, number, number] = [0, 0, 0, 0];
	for (const { what, weight } of parts) {
		const place = placeOf(what);
		if (place < 0 || weight === undefined || mix[place] !== 0) return expected(PRIORITY_EXPECTATION);
		mix[place] = weight;
	}
	return parsed(mix);
}

function placeOf(word: string): number {
	const names: readonly string[] = PRIORITIES;
	return names.indexOf(word);
}

const PRIORITY_EXPECTATION = "low, normal, high or critical, or weights of them such as low=1,normal=7,high=2";

/** The text that `parsePriorities` reads as this mix. */
export function formatPriorities(mix: PriorityMix): string {
	const some = PRIORITIES.flatMap((name, place) => ((mix[place] ?? 0) > 0 ? [{ name, weight: mix[place] }] : []));
	if (some.length === 1) return some[0]?.name ?? "";
	return some.map(({ name, weight }) => `${name}=${weight}`).join(",");
}

/** Lengths of the payload's filler: `leastBytes`, or uniform between the two. */
export interface PayloadShare {
	readonly weight: number;
	readonly leastBytes: number;
	readonly mostBytes: number;
}

export const PAYLOAD_EXAMPLES = ["1KB", "100B-10KB", "1KB=9+64KB=1"];

const MOST_SHARES = 100;

/** `1KB`, a range `100B-10KB`, or weights of such with plus signs between them: a comma makes a sweep. */
export function parsePayload(text: string): Parsed<readonly PayloadShare[]> {
	const parts = text.split("+");
	const shares: PayloadShare[] = [];
	for (const part of parts) {
		const { what, weight } = parts.length === 1 && !part.includes("=") ? { what: part, weight: 1 } : weighted(part);
		const range = rangeOf(what);
		if (weight === undefined || !range.ok || parts.length > MOST_SHARES) {
			const fault = !range.ok && parts.length === 1 ? range : undefined;
			return fault ?? expected(`a size, a range or weights of them, such as ${PAYLOAD_EXAMPLES.join(", ")}`);
		}
		shares.push({ weight, ...range.value });
	}
	const [only] = shares;
	return parsed(shares.length === 1 && only ? [{ ...only, weight: 1 }] : shares);
}

/** The text that `parsePayload` reads as these lengths. */
export function formatPayload(shares: readonly PayloadShare[]): string {
	const range = ({ leastBytes, mostBytes }: PayloadShare) =>
		leastBytes === mostBytes ? formatSize(leastBytes) : `${formatSize(leastBytes)}-${formatSize(mostBytes)}`;
	const [only] = shares;
	if (shares.length === 1 && only) return range(only);
	return shares.map((share) => `${range(share)}=${share.weight}`).join("+");
}

/** The length that tasks have on average. */
export function meanPayloadBytes(shares: readonly PayloadShare[]): number {
	const whole = shares.reduce((sum, { weight }) => sum + weight, 0);
	return shares.reduce(
		(sum, { weight, leastBytes, mostBytes }) => sum + (weight / whole) * ((leastBytes + mostBytes) / 2),
		0,
	);
}

function rangeOf(text: string): Parsed<{ leastBytes: number; mostBytes: number }> {
	const [first = "", second, ...more] = text.split("-");
	const least = parseSize(first);
	const most = second === undefined ? least : parseSize(second);
	if (!least.ok) return least;
	if (!most.ok) return most;
	if (most.value > LIMITS.payloadBytes) {
		return expected(`a size of at most ${formatSize(LIMITS.payloadBytes)} (${formatCount(LIMITS.payloadBytes)} bytes)`);
	}
	if (more.length > 0 || least.value > most.value) return expected("a range such as 100B-10KB");
	return parsed({ leastBytes: least.value, mostBytes: most.value });
}

/** `what=weight`; without a weight that is one, undefined. */
function weighted(text: string): { readonly what: string; readonly weight: number | undefined } {
	const match = /^\s*(.*?)\s*=\s*(\d{1,9}(?:\.\d{1,9})?)\s*$/.exec(text);
	const weight = Number(match?.[2]);
	return { what: match?.[1] ?? text.trim(), weight: weight > 0 && weight <= 1e9 ? weight : undefined };
}
