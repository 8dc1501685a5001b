import type { Block, Section } from "../document.js";
import { html, type Markup } from "./markup.js";

/** Longer tables open when asked to. */
const OPEN_ROWS = 40;

/** A section of the report as HTML. @param pictures stand between its title and its texts */
export function sectionHtml({ id, title, blocks }: Section, pictures: readonly Markup[] = []): Markup {
	return html`<section id="${id}"><h2>${title}</h2>${pictures}${blocks.map(blockHtml)}</section>`;
}

function blockHtml(block: Block): Markup {
	switch (block.kind) {
		case "paragraph":
			return html`<p>${block.text}</p>`;
		case "list":
			return html`<ul class="reasons">${block.items.map(
				({ label, text }) =>
					html`<li>${label === "" ? undefined : html`<span class="tag ${label}">${label}</span>`}${text}</li>`,
			)}</ul>`;
		case "facts":
			return html`<dl>${block.facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>`;
		case "table":
			return tableHtml(block);
		case "command":
			return html`<pre>${block.text}</pre>`;
		case "drawing":
			// The page has the same as a chart.
			return html``;
	}
}

function tableHtml({ columns, rows }: Extract<Block, { kind: "table" }>): Markup {
	const isFigure = columns.map(({ align }) => align === "right");
	const head = columns.map(({ title }, at) => (isFigure[at] ? html`<th class="r">${title}` : html`<th>${title}`));
	const body = rows.map(
		(row) => html`<tr>${row.map((cell, at) => (isFigure[at] ? html`<td class="r">${cell}` : html`<td>${cell}`))}`,
	);
	const whole = html`<div class="scroll" tabindex="0"><table><thead><tr>${head}</thead><tbody>${body}</tbody></table></div>`;
	return rows.length <= OPEN_ROWS ? whole : html`<details><summary>All ${rows.length} rows</summary>${whole}</details>`;
}
