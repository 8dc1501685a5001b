import { expect, it } from "vitest";
import { figure, markdownTable, terminalTable, text } from "./table.js";

const COLUMNS = [text("name"), figure("n")];
const ROWS = [
	["a|b", "1"],
	["a longer one", "12,345"],
];

it("aligns words left and figures right", () => {
	expect(terminalTable(COLUMNS, ROWS)).toEqual([
		"name               n",
		"a|b                1",
		"a longer one  12,345",
	]);
});

it("writes Markdown that is aligned in its source too, and cells that stay cells", () => {
	expect(markdownTable(COLUMNS, ROWS)).toEqual([
		"| name         |      n |",
		"| ------------ | -----: |",
		"| a\\|b         |      1 |",
		"| a longer one | 12,345 |",
	]);
});
