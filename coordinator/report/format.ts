import type { Unit } from "../plan/metrics.js";

/** What is printed where there is no figure to print. */
export const NO_FIGURE = "—";

/** 1,234,567. */
export function formatCount(value: number): string {
	return Math.round(value)
		.toString()
		.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Events a second: whole from 1,000 on, one decimal from 100 on, else two. */
export function formatRate(perSecond: number): string {
	if (perSecond >= 999.95) return formatCount(perSecond);
	return perSecond >= 99.995 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

/** A duration in µs as `850 ns`, `12.3 µs`, `1.20 ms` or `2.61 s`: three significant digits. */
export function formatMicros(us: number): string {
	const magnitude = Math.abs(us);
	if (magnitude === 0) return "0 µs";
	if (magnitude < 0.9995) return `${significant(us * 1e3)} ns`;
	if (magnitude < 999.5) return `${significant(us)} µs`;
	if (magnitude < 999.5e3) return `${significant(us / 1e3)} ms`;
	return `${significant(us / 1e6)} s`;
}

/** A span of time for people, in whole seconds: `4s`, `1m 05s`, `2h 03m`. */
export function formatClock(ms: number): string {
	const seconds = Math.max(0, Math.round(ms / 1000));
	const two = (value: number) => String(value).padStart(2, "0");
	if (seconds < 60) return `${seconds}s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
	return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
}

const SIZES = ["B", "KB", "MB", "GB", "TB"] as const;

/** Bytes in powers of 1,024: `512 B`, `95.2 MB`. */
export function formatBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (Math.abs(value) >= 999.5 && unit < SIZES.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${unit === 0 ? Math.round(value) : significant(value)} ${SIZES[unit]}`;
}

/** A share of 1 (0 or more) as `12.5%`. What is not 0 does not print as 0, and what is below 1 not as 100%. */
export function formatShare(share: number): string {
	const percent = share * 100;
	if (percent > 0 && percent < 0.001) return "<0.001%";
	if (percent > 0 && percent < 0.995) return `${Number(percent.toPrecision(2))}%`;
	if (percent >= 99.95 && percent < 100) return percent >= 99.995 ? ">99.99%" : `${percent.toFixed(2)}%`;
	return `${Number(percent.toFixed(1))}%`;
}

/** A figure with its unit; a time is in µs. */
export function formatMeasured(value: number, unit: Unit): string {
	switch (unit) {
		case "duration":
			return formatMicros(value);
		case "bytes":
			return formatBytes(value);
		case "share":
			return formatShare(value);
		case "rate":
			return `${formatRate(value)} tasks/s`;
		case "count":
			return formatCount(value);
		case "number":
			return value.toFixed(2);
	}
}

/** `1 task`, `2 tasks`. */
export function formatQuantity(count: number, singular: string, plural = `${singular}s`): string {
	return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** Nothing measured is smaller than that. */
const MAX_DECIMALS = 6;

/** Three significant digits without an exponent. */
function significant(value: number): string {
	const rounded = Number(value.toPrecision(3));
	const decimals = Math.min(MAX_DECIMALS, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded)))));
	return rounded.toFixed(decimals);
}

/** Without characters that would move a cursor or break a line: names and errors come from other machines. */
export function printable(text: string): string {
	return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** Breaks a sentence into lines of at most `width` characters, a longer word excepted. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line !== "" && line.length + 1 + word.length > width) {
			lines.push(line);
			line = word;
		} else {
			line = line === "" ? word : `${line} ${word}`;
		}
	}
	return line === "" ? lines : [...lines, line];
}

/** Puts items into lines of at most `width` characters, a longer item excepted. None is broken. */
export function wrapItems(items: readonly string[], separator: string, width: number): string[] {
	const lines: string[] = [];
	let line = "";
	for (const item of items) {
		const joined = line === "" ? item : line + separator + item;
		if (line !== "" && joined.length + separator.trimEnd().length > width) {
			lines.push((line + separator).trimEnd());
			line = item;
		} else {
			line = joined;
		}
	}
	return line === "" ? lines : [...lines, line];
}

/** At most `width` characters, the last one an ellipsis where something was cut. */
export function shorten(text: string, width: number): string {
	return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
