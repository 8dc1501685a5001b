import {
	type Aggregation,
	isLive,
	isStage,
	METRIC_NAMES,
	METRICS,
	type MetricName,
	type Unit,
	unitOf,
} from "./metrics.js";
import { expected, type Parsed, parseDuration, parsed, parseSize } from "./quantities.js";
import { suggest } from "./suggest.js";
import { SWEEP_KEYS, type SweepKey } from "./sweepKeys.js";

/** A condition on a figure that a run must meet: `responseTime: p(99)<50ms`. */
export interface Threshold {
	/** As it was written, without options; it names the threshold everywhere. */
	readonly text: string;
	readonly metric: MetricName;
	/** The runs of a sweep that it is about, `{workers:16}`; every run where it is empty. */
	readonly where: Readonly<Partial<Record<SweepKey, string>>>;
	readonly aggregation: Aggregation;
	readonly unit: Unit;
	readonly operator: Operator;
	/** In µs, bytes, tasks a second, or as a share of 1. */
	readonly limit: number;
	/** End the run as soon as it fails. */
	readonly abortOnFail: boolean;
	/** Not before this time since the run's epoch. */
	readonly delayAbortEvalMs: number;
}

export const OPERATORS = ["<", "<=", ">", ">=", "==", "!="] as const;
export type Operator = (typeof OPERATORS)[number];

/** Whether a measured figure meets the condition; one that is not a number meets none. */
export function holds(measured: number, operator: Operator, limit: number): boolean {
	switch (operator) {
		case "<":
			return measured < limit;
		case "<=":
			return measured <= limit;
		case ">":
			return measured > limit;
		case ">=":
			return measured >= limit;
		case "==":
			return measured === limit;
		case "!=":
			return !Number.isNaN(measured) && measured !== limit;
	}
}

/**
 * Reads `metric: figure operator limit`, k6's grammar, with options after commas: `errors: rate<1%, abortOnFail,
 * delayAbortEval=10s`. A metric of a sweep may name the runs that it is about: `throughput{workers:16}: rate>2500`.
 */
export function parseThreshold(text: string): Parsed<Threshold> {
	const [condition = "", ...options] = text.split(/,(?![^{]*\})/).map((part) => part.trim());
	const parts = /^([^:{]*)(\{[^}]*\})?\s*:(.*)$/s.exec(condition);
	if (!parts) return expected("a metric, a colon and a condition, such as 'responseTime: p(99)<50ms'");
	const [, name = "", selector = "", written = ""] = parts;
	const metric = parseMetric(name.trim());
	if (!metric.ok) return metric;
	const where = parseSelector(selector);
	if (!where.ok) return where;
	const read = parseCondition(metric.value, written.trim());
	if (!read.ok) return read;
	const { aggregation, unit, operator, limit } = read.value;
	const abort = parseOptions(options);
	if (!abort.ok) return abort;
	if (abort.value.abortOnFail && !isLive(metric.value, aggregation)) {
		return fault(
			`${metric.value} is known only after the run, so it cannot end it: abortOnFail goes with stages, throughput: rate and errors`,
		);
	}
	return parsed({
		text: `${metric.value}${selector}: ${written.trim().replace(/\s+/g, " ")}`,
		metric: metric.value,
		where: where.value,
		aggregation,
		unit,
		operator,
		limit,
		...abort.value,
	});
}

/** A sentence that does not begin with what was expected. */
const fault = (sentence: string): Parsed<never> => ({ ok: false, expected: sentence });

function parseMetric(name: string): Parsed<MetricName> {
	const metric = METRIC_NAMES.find((candidate) => candidate === name);
	if (metric !== undefined) return parsed(metric);
	const near = suggest(name, METRIC_NAMES);
	return fault(
		near === undefined
			? `unknown metric ${JSON.stringify(name)}; expected one of ${METRIC_NAMES.join(", ")}`
			: `unknown metric ${JSON.stringify(name)}; did you mean ${near}?`,
	);
}

function parseSelector(text: string): Parsed<Threshold["where"]> {
	const where: Partial<Record<SweepKey, string>> = {};
	for (const part of text === "" ? [] : text.slice(1, -1).split(",")) {
		const [, name = "", value = ""] = /^\s*([^:]*?)\s*:\s*(.*?)\s*$/.exec(part) ?? [];
		const key = SWEEP_KEYS.find((candidate) => candidate === name);
		if (key === undefined)
			return fault(`unknown dimension ${JSON.stringify(name || part)}; expected one of ${SWEEP_KEYS.join(", ")}`);
		if (value === "") return expected(`a value for ${key}, such as {workers:16}`);
		where[key] = value;
	}
	return parsed(where);
}

interface Condition {
	readonly aggregation: Aggregation;
	readonly unit: Unit;
	readonly operator: Operator;
	readonly limit: number;
}

function parseCondition(metric: MetricName, text: string): Parsed<Condition> {
	const parts = /^([^<>=!]*)(<=|>=|===|==|!=|<|>)([^<>=!]*)$/.exec(text);
	if (!parts)
		return expected(
			`a figure, one of ${OPERATORS.join(" ")} and a limit after ${metric}, found ${JSON.stringify(text)}`,
		);
	const [, figure = "", sign = "", written = ""] = parts.map((part) => part.trim());
	const aggregation = parseAggregation(metric, figure);
	if (!aggregation.ok) return aggregation;
	const unit = unitOf(metric, aggregation.value);
	const operator = OPERATORS.find((candidate) => candidate === (sign === "===" ? "==" : sign));
	if (unit === undefined || operator === undefined) throw new Error(`${metric} ${figure} ${sign} got through`);
	const limit = LIMITS_BY_UNIT[unit](written);
	if (!limit.ok) return fault(`${limit.expected} after ${sign}, found ${JSON.stringify(written)}`);
	return parsed({ aggregation: aggregation.value, unit, operator, limit: limit.value });
}

function parseAggregation(metric: MetricName, text: string): Parsed<Aggregation> {
	const figures = Object.keys(METRICS[metric]);
	const all = isStage(metric) ? ["p(99)", ...figures] : figures;
	const percentile = /^p\(\s*(\d+(?:\.\d+)?)\s*\)$/.exec(text)?.[1];
	if (percentile !== undefined && isStage(metric)) {
		const share = Number(percentile);
		return share > 0 && share <= 100
			? parsed({ percentile: share })
			: expected("a percentile above 0 and up to p(100)");
	}
	if (unitOf(metric, { name: text }) !== undefined) return parsed({ name: text });
	const near = suggest(text, figures);
	const hint = near === undefined ? `expected one of ${all.join(", ")}` : `did you mean ${near}?`;
	return fault(`${metric} has no figure ${JSON.stringify(text)}; ${hint}`);
}

const NUMBER = /^(\d+(?:_\d{3})*(?:\.\d+)?)(k|M)?$/;

function parseNumber(text: string): number {
	const [, digits = "", multiplier = ""] = NUMBER.exec(text) ?? [];
	return digits === "" ? Number.NaN : Number(digits.replaceAll("_", "")) * ({ k: 1e3, M: 1e6 }[multiplier] ?? 1);
}

const LIMITS_BY_UNIT: Readonly<Record<Unit, (text: string) => Parsed<number>>> = {
	duration: (text) => {
		const duration = parseDuration(text);
		return duration.ok ? parsed(duration.value * 1_000) : expected("a time with its unit, such as 50ms");
	},
	bytes: (text) => {
		const size = /[a-z]/i.test(text) ? parseSize(text) : expected("");
		return size.ok ? size : expected("a size with its unit, such as 500MB");
	},
	share: (text) => {
		const share = text.endsWith("%") ? parseNumber(text.slice(0, -1).trim()) / 100 : parseNumber(text);
		return share <= 1 ? parsed(share) : expected("a share from 0 to 1, or a percentage such as 0.1%");
	},
	rate: (text) => {
		const rate = parseNumber(text.replace(/\/s$/, ""));
		return rate >= 0 ? parsed(rate) : expected("tasks a second, such as 2500");
	},
	count: (text) => {
		const count = parseNumber(text);
		return Number.isSafeInteger(count) ? parsed(count) : expected("a whole number");
	},
	number: (text) => {
		const number = parseNumber(text);
		return number >= 0 ? parsed(number) : expected("a number");
	},
};

function parseOptions(options: readonly string[]): Parsed<Pick<Threshold, "abortOnFail" | "delayAbortEvalMs">> {
	let abortOnFail = false;
	let delayAbortEvalMs = 0;
	for (const option of options) {
		const [name = "", value] = option.split("=").map((part) => part.trim());
		const delay = name === "delayAbortEval" && value !== undefined ? parseDuration(value) : undefined;
		if (delay?.ok) delayAbortEvalMs = delay.value;
		else if (name === "abortOnFail" && (value === undefined || value === "true" || value === "false"))
			abortOnFail = value !== "false";
		else return expected(`abortOnFail or delayAbortEval=10s after the comma, found ${JSON.stringify(option)}`);
	}
	if (delayAbortEvalMs > 0 && !abortOnFail) return expected("abortOnFail beside delayAbortEval");
	return parsed({ abortOnFail, delayAbortEvalMs });
}
