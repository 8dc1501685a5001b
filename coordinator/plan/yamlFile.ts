import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { found, type Problem } from "./problem.js";

/** A YAML or JSON file as it was written, with the place of everything in it. */
export interface YamlFile {
	/** Mappings, lists and texts; an empty mapping for an empty file. */
	readonly written: unknown;
	/** Why it cannot be read; none when it can. */
	readonly syntax: readonly Problem[];
	has(keys: readonly PropertyKey[]): boolean;
	/** `plan.yaml:7:3`, of the key at this path. */
	placeOf(keys: readonly PropertyKey[]): string;
	/** In the order of the file. */
	problemsOf(faults: readonly Fault[]): Problem[];
}

/** Something wrong at a path. */
export interface Fault {
	readonly keys: readonly PropertyKey[];
	readonly message: string;
}

export function readYaml(path: string, text: string): YamlFile {
	const lines = new LineCounter();
	// In the failsafe schema every scalar stays the text that the user wrote: `4`, `1_000` and `30s` have one grammar each,
	// the same as in flags.
	const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false });
	const place = (offset: number): string => {
		const { line, col } = lines.linePos(offset);
		return `${path}:${line}:${col}`;
	};
	const syntax = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
		where: place(pos[0]),
		message: code === "BLOCK_AS_IMPLICIT_KEY" ? `${message}; quote a value that ends with a colon: "spool:"` : message,
	}));
	const alias = firstAlias(document);
	if (alias) syntax.push({ where: place(alias.range?.[0] ?? 0), message: "expected no aliases" });
	return {
		written: syntax.length > 0 ? {} : (document.toJS() ?? {}),
		syntax,
		has: (keys) => document.hasIn(keys),
		placeOf: (keys) => place(offsetOf(document, keys)),
		problemsOf: (faults) =>
			faults
				.map(({ keys, message }) => ({ keys, message, offset: offsetOf(document, keys) }))
				.sort((a, b) => a.offset - b.offset)
				.map(({ keys, message, offset }) => ({ where: `${place(offset)} ${keys.join(".")}`.trimEnd(), message })),
	};
}

/** @param unknownKey what to say of a key that the schema does not know */
export function faultsOf(
	issue: z.core.$ZodIssue,
	written: unknown,
	unknownKey: (parents: readonly PropertyKey[], key: string) => string,
): Fault[] {
	if (issue.code === "unrecognized_keys") {
		return issue.keys.map((key) => ({ keys: [...issue.path, key], message: unknownKey(issue.path, key) }));
	}
	if (isWhole(issue)) return [{ keys: issue.path, message: issue.message }];
	const value = issue.path.reduce<unknown>((parent, key) => (parent as Record<PropertyKey, unknown>)[key], written);
	const message = issue.code === "invalid_type" ? "expected a mapping of keys to values" : issue.message;
	return [{ keys: issue.path, message: `${message}, ${found(value)}` }];
}

/** Whether the message says by itself what was found. */
export function isWhole(issue: z.core.$ZodIssue): boolean {
	return issue.code === "custom" && issue.params?.isWhole === true;
}

/**
 * A copy of a mapping without the keys at these paths; of a list the key that holds it, since its other items would move.
 * Empty when the root itself is among them.
 */
export function without(written: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
	if (paths.some((path) => path.length === 0)) return {};
	const copy = structuredClone(written) as Record<PropertyKey, unknown>;
	for (const path of paths) {
		const list = path.findIndex((key) => typeof key === "number");
		const keys = list < 0 ? path : path.slice(0, list);
		const parent = keys
			.slice(0, -1)
			.reduce<Record<PropertyKey, unknown> | undefined>(
				(object, key) => object?.[key] as Record<PropertyKey, unknown> | undefined,
				copy,
			);
		delete parent?.[keys.at(-1) ?? ""];
	}
	return copy;
}

/** Of the key or the item at this path, or of the nearest one above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
	let node: unknown = document.contents;
	let offset = document.contents?.range?.[0] ?? 0;
	for (const key of path) {
		if (isMap(node)) {
			const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(key));
			if (!pair) break;
			if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
			node = pair.value;
		} else if (isSeq(node)) {
			node = node.items[Number(key)];
			if (isNode(node)) offset = node.range?.[0] ?? offset;
		}
	}
	return offset;
}

function firstAlias(document: Document): Node | undefined {
	let first: Node | undefined;
	visit(document, {
		Alias(_, alias) {
			first = alias;
			return visit.BREAK;
		},
	});
	return first;
}
