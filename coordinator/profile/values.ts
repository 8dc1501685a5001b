import { formatBytes, formatCount, formatMicros } from "../report/format.js";

/** A value in its unit, as people read it: `12.3 ms`, `4.10 MB`, `1,234`. */
export function formatValue(value: number, unit: string): string {
	if (unit === "nanoseconds") return value === 0 ? "0" : formatMicros(value / 1_000);
	if (unit === "bytes") return value === 0 ? "0" : formatBytes(value);
	return formatCount(value);
}

/** With its sign: `+1.20 ms`. */
export function formatChange(value: number, unit: string): string {
	const sign = value > 0 ? "+" : value < 0 ? "−" : "";
	return `${sign}${formatValue(Math.abs(value), unit)}`;
}

/** What a value is called in a sentence. */
export function valueTitle(type: string): string {
	return TITLES.get(type) ?? type;
}

const TITLES: ReadonlyMap<string, string> = new Map([
	["cpu", "CPU time"],
	["wall", "wall time"],
	["alloc_space", "allocated memory"],
	["inuse_space", "memory in use"],
	["sample", "samples"],
	["samples", "samples"],
]);
