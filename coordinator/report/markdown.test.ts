import { expect, test } from "vitest";
import { table } from "./document.js";
import { markdownSection } from "./markdown.js";
import { text } from "./table.js";

test.each([
	["<150 µs", "\\<150 µs"],
	["p(95)<50ms", "p(95)\\<50ms"],
	["workers-1#2", "workers-1\\#2"],
	["a|b", "a\\|b"],
	["a\\|b", "a\\\\\\|b"],
])("in a table %s is escaped once, so that it is shown as it is", (cell, escaped) => {
	const lines = markdownSection({ id: "t", title: "T", blocks: [table([text("cell")], [[cell]])] });
	expect(lines.at(-1)).toBe(`| ${escaped} |`);
});
