/** HTML that may stand in the page as it is. Only `html` and `trusted` make one. */
export class Markup {
	constructor(readonly source: string) {}
}

export type Content = Markup | string | number | undefined | readonly Content[];

/** A piece of HTML. What is put into it is escaped, unless it is Markup itself; undefined leaves nothing. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
	return new Markup(strings.reduce((text, next, index) => text + sourceOf(contents[index - 1]) + next));
}

/** For texts that this program alone has written, such as a style sheet or a drawn chart. */
export function trusted(source: string): Markup {
	return new Markup(source);
}

function sourceOf(content: Content): string {
	if (content === undefined) return "";
	if (content instanceof Markup) return content.source;
	if (typeof content === "object") return content.map(sourceOf).join("");
	return escapeHtml(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
};

/** Fit to stand between tags and in a quoted attribute. */
export function escapeHtml(text: string): string {
	return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
