import type { Column } from "./table.js";

/** A part of a section. Texts are plain: each renderer escapes them as its form needs. */
export type Block =
	| { readonly kind: "paragraph"; readonly text: string }
	| { readonly kind: "list"; readonly items: readonly Item[] }
	| { readonly kind: "table"; readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] }
	| { readonly kind: "facts"; readonly facts: readonly Fact[] }
	| { readonly kind: "command"; readonly text: string }
	/** A picture made of characters, for where there are no others. */
	| { readonly kind: "drawing"; readonly lines: readonly string[] };

export interface Item {
	/** What the eye is to find; empty: nothing. */
	readonly label: string;
	readonly text: string;
}

/** What it is about, and what there is to say of it. */
export type Fact = readonly [name: string, text: string];

/** One heading and what stands below it, the same in every form of the report. */
export interface Section {
	/** Stable, for links. */
	readonly id: string;
	readonly title: string;
	readonly blocks: readonly Block[];
}

export const paragraph = (text: string): Block => ({ kind: "paragraph", text });

/** Nothing where there is no text. */
export const paragraphs = (...texts: readonly (string | undefined)[]): Block[] =>
	texts.flatMap((text) => (text === undefined ? [] : [paragraph(text)]));

export const list = (items: readonly Item[]): Block => ({ kind: "list", items });

export const facts = (...all: readonly Fact[]): Block => ({ kind: "facts", facts: all });

export const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): Block => ({
	kind: "table",
	columns,
	rows,
});
