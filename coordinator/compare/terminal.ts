import { wrap } from "../report/format.js";
import type { Palette } from "../report/palette.js";
import { terminalTable } from "../report/table.js";
import { COLUMNS, designSentence, headlineSentences, metricRows, sideSentence, TABLE_LEGEND } from "./cells.js";
import type { ComparedPoint, Comparison } from "./schema.js";

const WIDTH = 80;
const NAME_WIDTH = 12;

/** The comparison for a terminal of 80 columns or more, the verdict first. */
export function renderComparisonTerminal(comparison: Comparison, palette: Palette): string {
	const { verdict, aborted, obstacles, notes, regressions, points } = comparison;
	const paint = paintOf(palette, verdict.outcome);
	const blocks = [
		[
			`  ${palette.bold(paint((verdict.outcome ?? "no verdict").toUpperCase()))}`,
			...wrap(verdict.sentence, WIDTH - 2).map((line) => `  ${line}`),
			...(aborted === null ? [] : [labelled("aborted", aborted, palette.yellow)]),
			...(regressions?.found ?? []).map((sentence) => labelled("regression", sentence, palette.red)),
			...(regressions?.found.length === 0
				? [labelled("regression", `none beyond ${regressions.limits}`, palette.green)]
				: []),
			...obstacles.map(({ kind, sentence }) =>
				labelled(kind === "invalid" ? "invalid" : "unlike", sentence, palette.red),
			),
		],
		...points.map((point) => pointLines(point, points.length > 1, palette)),
		[
			labelled("baseline", sideSentence(comparison.baseline), palette.dim),
			labelled("candidate", sideSentence(comparison.candidate), palette.dim),
			labelled("design", designSentence(comparison), palette.dim),
			...notes.map((note) => labelled("note", note, palette.dim)),
			...(points.length > 0 ? [labelled("figures", TABLE_LEGEND, palette.dim)] : []),
		],
	];
	return `\n${blocks.map((block) => block.join("\n")).join("\n\n")}\n\n`;
}

function pointLines(point: ComparedPoint, named: boolean, palette: Palette): string[] {
	const [head = "", ...body] = terminalTable(COLUMNS, metricRows(point.metrics));
	return [
		...(named ? [`  ${palette.bold(point.name)}`] : []),
		...headlineSentences(point).flatMap((sentence) => wrap(sentence, WIDTH - 2).map((line) => `  ${line}`)),
		...(point.differences.length > 0 ? [labelled("differs", point.differences.join(", "), palette.dim)] : []),
		"",
		`  ${palette.dim(head)}`,
		...body.map((line) => `  ${line}`),
	];
}

function paintOf(palette: Palette, outcome: Comparison["verdict"]["outcome"]): (text: string) => string {
	switch (outcome) {
		case "better":
			return palette.green;
		case "worse":
		case "mixed":
			return palette.red;
		case "equivalent":
			return palette.cyan;
		case "inconclusive":
		case null:
			return palette.yellow;
	}
}

function labelled(label: string, sentence: string, paint: (text: string) => string): string {
	const [first = "", ...more] = wrap(sentence, WIDTH - NAME_WIDTH - 2);
	const margin = " ".repeat(NAME_WIDTH + 2);
	return [`  ${paint(label.padEnd(NAME_WIDTH))}${first}`, ...more.map((line) => margin + line)].join("\n");
}
