import type { Block, Section } from "./document.js";
import { markdownTable } from "./table.js";

/** A text as Markdown shows it: names and errors come from elsewhere and must not become headings, links or HTML. */
export function prose(value: string): string {
	return value.replace(/[\\`<[\]*_#]/g, "\\$&");
}

/** A section's lines. */
export function markdownSection({ title, blocks }: Section): string[] {
	return [`## ${prose(title)}`, ...blocks.flatMap((block) => ["", ...markdownBlock(block)])];
}

function markdownBlock(block: Block): string[] {
	switch (block.kind) {
		case "paragraph":
			return [prose(block.text)];
		case "list":
			return block.items.map(({ label, text }) => `- ${label === "" ? "" : `**${prose(label)}** `}${prose(text)}`);
		case "facts":
			return block.facts.map(([name, text]) => `- ${prose(name)}: ${prose(text)}`);
		case "table":
			return markdownTable(
				block.columns,
				block.rows.map((row) => row.map(prose)),
			);
		case "command":
			return ["```", block.text, "```"];
		case "drawing":
			return ["```", ...block.lines, "```"];
	}
}
