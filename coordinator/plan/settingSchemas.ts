import { z } from "zod";
import { expected, formatDuration, type Parsed, parseCount, parseDuration, parsed, parseList } from "./quantities.js";

interface SchemaHints {
	/** What an editor may take for right in a string, as JSON Schema says it. */
	readonly text?: { readonly pattern: string } | { readonly enum: readonly string[] };
	/** The numbers that may stand in the place of a text; none where this is missing. */
	readonly number?: z.ZodNumber;
}

/** A setting that is read from one word, by `parse`. */
export function setting<T>(parse: (text: string) => Parsed<T>, description: string, hints: SchemaHints = {}) {
	const text = z.string().meta({ ...hints.text });
	const written = z.union(hints.number ? [hints.number, text] : [text], refusal(parse));
	return read(written, parse).meta({ description });
}

type Written = string | number | readonly (string | number)[];

function read<T>(written: z.ZodType<Written>, parse: (text: string) => Parsed<T>) {
	return written.transform((value, context) => {
		const result = parse(String(value));
		if (result.ok) return result.value;
		context.addIssue({ code: "custom", message: result.expected, input: value });
		return z.NEVER;
	});
}

/** What to say of a value of another kind, such as a mapping. */
function refusal(parse: (text: string) => Parsed<unknown>): { error: string } {
	const nothing = parse("");
	return { error: nothing.ok ? "expected one value" : nothing.expected };
}

/** A grammar, and what editors should know of it. */
export interface Grammar<T> extends SchemaHints {
	readonly parse: (text: string) => Parsed<T>;
}

/** A setting of one value. */
export function one<T>({ parse, ...hints }: Grammar<T>, description: string) {
	return setting(parse, description, hints);
}

/** A setting that may be given several values, `1,2,4`: each makes a point of a sweep. */
export function several<T>(grammar: Grammar<T>, description: string) {
	const { parse, number } = grammar;
	const text = z.string();
	const item = number ? z.union([number, text]) : text;
	const written = z.union(number ? [number, text, z.array(item)] : [text, z.array(text)], refusal(parse));
	return read(written, (list) => parseList(list, parse)).meta({ description });
}

export function counts(least: number, most: number): Grammar<number> {
	return {
		parse: (text) => parseCount(text, least, most),
		number: z.int().min(least).max(most),
		text: { pattern: "^\\d+(_\\d{3})*[kM]?$" },
	};
}

export function durations(leastMs: number, mostMs: number): Grammar<number> {
	return {
		parse: (text) => {
			const result = parseDuration(text);
			if (!result.ok || (result.value >= leastMs && result.value <= mostMs)) return result;
			return expected(`a duration from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`);
		},
		text: { pattern: "^(0|(\\d+(\\.\\d+)?(h|m|s|ms|us|µs))+)$" },
		...(leastMs === 0 ? { number: z.int().min(0).max(0) } : {}),
	};
}

/** @param excuses words that one could expect here, and why they are not */
export function words<T extends string>(
	choices: readonly T[],
	excuses: Readonly<Record<string, string>> = {},
): Grammar<T> {
	const last = choices.at(-1) ?? "";
	const list = choices.length > 1 ? `${choices.slice(0, -1).join(", ")} or ${last}` : last;
	const parse = (text: string): Parsed<T> => {
		const word = choices.find((candidate) => candidate === text);
		if (word !== undefined) return parsed(word);
		const excuse = Object.hasOwn(excuses, text) ? ` (${excuses[text]})` : "";
		return expected(`${list}${excuse}`);
	};
	return { parse, text: { enum: choices } };
}

export function count(least: number, most: number, description: string) {
	return one(counts(least, most), description);
}

export function duration(leastMs: number, mostMs: number, description: string) {
	return one(durations(leastMs, mostMs), description);
}

export function choice<T extends string>(
	choices: readonly T[],
	description: string,
	excuses: Readonly<Record<string, string>>,
) {
	return one(words(choices, excuses), description);
}

export function yesOrNo(description: string) {
	return z
		.union([z.boolean(), z.enum(["true", "false"])], { error: "expected true or false" })
		.transform((written) => written === true || written === "true")
		.meta({ description });
}
