import { z } from "zod";
import { type Parsed, parsed } from "./quantities.js";
import { suggest } from "./suggest.js";
import { parseThreshold, type Threshold } from "./threshold.js";

const text = z.string();
// Keys that do not belong here are told by name, below.
const detailed = z
	.looseObject({
		threshold: text,
		abortOnFail: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
		delayAbortEval: text.optional(),
	})
	.meta({ additionalProperties: false });
const condition = z.union([text, detailed]);
const byMetric = z.record(text, z.union([condition, z.array(condition)]));
const OPTIONS = ["abortOnFail", "delayAbortEval"] as const;
const SHAPE =
	"expected thresholds such as 'throughput: rate>2500', as a list, or as a mapping of metrics to conditions";

interface Found {
	readonly path: readonly (string | number)[];
	/** A threshold as a flag would have it, or what is wrong with how it was written. */
	readonly text: Parsed<string>;
}

/**
 * Thresholds: texts with semicolons between them, a list of texts or mappings, or a mapping of metrics to conditions. A
 * condition may be a mapping `{threshold, abortOnFail, delayAbortEval}`, as in k6.
 */
export function thresholds(description: string) {
	return z
		.union([text, z.array(z.union([condition, byMetric])), byMetric], { error: SHAPE })
		.transform((written, context) => {
			const all: Threshold[] = [];
			for (const { path, text } of findAll(written)) {
				const result = text.ok ? parseThreshold(text.value) : text;
				if (result.ok) all.push(result.value);
				else {
					const message = text.ok ? `${result.expected}, in ${JSON.stringify(text.value)}` : result.expected;
					context.addIssue({ code: "custom", message, path: [...path], params: { isWhole: true } });
				}
			}
			return all.length === 0 && context.issues.length > 0 ? z.NEVER : all;
		})
		.meta({ description });
}

type Written = string | readonly (z.output<typeof condition> | z.output<typeof byMetric>)[] | z.output<typeof byMetric>;

function findAll(written: Written): Found[] {
	if (typeof written === "string") return splitTexts(written).map((each) => ({ path: [], text: parsed(each) }));
	if (!Array.isArray(written)) return ofMetrics(written as z.output<typeof byMetric>, []);
	return written.flatMap((item, index): Found[] =>
		typeof item === "string" || "threshold" in item
			? [{ path: [index], text: textOf(item) }]
			: ofMetrics(item, [index]),
	);
}

/** Several in one text, as flags and the environment give them. */
function splitTexts(written: string): string[] {
	return written
		.split(/[;\n]/)
		.map((each) => each.trim())
		.filter((each) => each !== "");
}

function ofMetrics(metrics: z.output<typeof byMetric>, path: Found["path"]): Found[] {
	return Object.entries(metrics).flatMap(([metric, conditions]) =>
		(Array.isArray(conditions) ? conditions : [conditions]).map((each) => {
			const text = textOf(each);
			return { path: [...path, metric], text: text.ok ? parsed(`${metric}: ${text.value}`) : text };
		}),
	);
}

/** As a flag would have it: the options after commas. */
function textOf(each: string | Readonly<Record<string, unknown>>): Parsed<string> {
	if (typeof each === "string") return parsed(each);
	const { threshold, ...options } = each;
	const unknown = Object.keys(options).find((key) => !OPTIONS.some((option) => option === key));
	if (typeof threshold !== "string" || unknown !== undefined) {
		const near = unknown === undefined ? undefined : suggest(unknown, OPTIONS);
		const hint = near === undefined ? `expected threshold, ${OPTIONS.join(" or ")}` : `did you mean ${near}?`;
		return { ok: false, expected: `unknown key ${JSON.stringify(unknown ?? "")} of a threshold; ${hint}` };
	}
	return parsed([threshold, ...Object.entries(options).map(([key, value]) => `${key}=${String(value)}`)].join(", "));
}
