import { isDeepStrictEqual } from "node:util";

/** A value, or what was expected instead of the text: `expected a duration such as …`. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const expected = (expectation: string): Parsed<never> => ({ ok: false, expected: `expected ${expectation}` });

const DURATION =
	/^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?(?:(\d+)(?:us|µs))?$/;
const US_PER_UNIT = [3_600_000_000, 60_000_000, 1_000_000, 1_000, 1];
const US_PER_MS = 1_000;

/**
 * `250us`, `10ms`, `1.5s`, `1m30s`, `2h`: units from the largest to the smallest, each at most once, in whole microseconds.
 * A number without a unit is refused, except 0.
 *
 * @returns milliseconds
 */
export function parseDuration(text: string): Parsed<number> {
	if (text === "0") return parsed(0);
	const parts = DURATION.exec(text)?.slice(1);
	if (!parts?.some((part) => part !== undefined)) return expected("a duration such as 10ms, 30s or 1m30s");
	const exactUs = parts.reduce((sum, part, unit) => sum + Number(part ?? 0) * (US_PER_UNIT[unit] ?? 0), 0);
	const wholeUs = Math.round(exactUs);
	// Decimal fractions such as 0.1 are not exact in binary: what is left of a whole number by that is not the user's.
	if (Math.abs(exactUs - wholeUs) > 1e-3 || wholeUs > Number.MAX_SAFE_INTEGER) return expected("whole microseconds");
	return parsed(wholeUs / US_PER_MS);
}

/** The text that `parseDuration` reads as this number of milliseconds, rounded to whole microseconds. */
export function formatDuration(durationMs: number): string {
	const us = Math.round(durationMs * US_PER_MS);
	if (us === 0) return "0";
	if (us < 1_000) return `${us}us`;
	if (us < 1_000_000) return `${us / 1_000}ms`;
	const hours = Math.floor(us / 3_600_000_000);
	const minutes = Math.floor((us % 3_600_000_000) / 60_000_000);
	const seconds = (us % 60_000_000) / 1_000_000;
	return `${hours > 0 ? `${hours}h` : ""}${minutes > 0 ? `${minutes}m` : ""}${seconds > 0 ? `${seconds}s` : ""}`;
}

const SIZE_UNITS = [
	{ name: "GB", bytes: 1_073_741_824 },
	{ name: "MB", bytes: 1_048_576 },
	{ name: "KB", bytes: 1_024 },
	{ name: "B", bytes: 1 },
] as const;

/**
 * `100B`, `1KB`, `1.5MB`: 1 KB is 1,024 bytes, as in Spool's benchmark; `KiB` and `MiB` mean the same. A number without a
 * unit is bytes.
 *
 * @returns bytes
 */
export function parseSize(text: string): Parsed<number> {
	const match = /^(\d+(?:\.\d+)?) ?(B|[KMG]i?B)?$/i.exec(text);
	const unitName = (match?.[2] ?? "B").toUpperCase().replace("I", "");
	const unit = SIZE_UNITS.find((candidate) => candidate.name === unitName);
	const bytes = Number(match?.[1]) * (unit?.bytes ?? Number.NaN);
	return Number.isSafeInteger(bytes) ? parsed(bytes) : expected("a size such as 100B, 1KB or 1.5MB");
}

/** The text that `parseSize` reads as this number of bytes, in the largest unit that divides it. */
export function formatSize(bytes: number): string {
	const unit = SIZE_UNITS.find((candidate) => bytes >= candidate.bytes && bytes % candidate.bytes === 0);
	return unit ? `${bytes / unit.bytes}${unit.name}` : `${bytes}B`;
}

const MULTIPLIERS: Readonly<Record<string, number>> = { k: 1_000, M: 1_000_000 };

/** `1000`, `1_000`, `20k` (thousand), `2M` (million): a whole number between two limits, both included. */
export function parseCount(text: string, least: number, most: number): Parsed<number> {
	const match = /^(\d+(?:_\d{3})*)([kM])?$/.exec(text);
	const count = Number(match?.[1]?.replaceAll("_", "")) * (MULTIPLIERS[match?.[2] ?? ""] ?? 1);
	if (Number.isSafeInteger(count) && count >= least && count <= most) return parsed(count);
	return expected(`a whole number from ${formatCount(least)} to ${formatCount(most)}`);
}

/** `10,000`, for people. */
export function formatCount(count: number): string {
	return count.toLocaleString("en-US");
}

/** `4` or `1,2,4,8,16`: values of one grammar, each at most once, in the order given. */
export function parseList<T>(text: string, parse: (part: string) => Parsed<T>): Parsed<T[]> {
	const values: T[] = [];
	for (const part of text.split(",")) {
		const one = parse(part.trim());
		if (!one.ok) return one;
		if (values.some((value) => isDeepStrictEqual(value, one.value))) return expected("each value once");
		values.push(one.value);
	}
	return parsed(values);
}
