import { markdownTable } from "../report/table.js";
import {
	COLUMNS,
	designSentence,
	headlineSentences,
	isDetail,
	metricRows,
	sideSentence,
	TABLE_LEGEND,
} from "./cells.js";
import type { ComparedPoint, Comparison } from "./schema.js";

/** The comparison as a comment on a pull request: the verdict first, details folded. */
export function renderComparisonMarkdown(comparison: Comparison): string {
	const { verdict, regressions, obstacles, notes, points, aborted } = comparison;
	const lines = [
		`## Benchmark: ${verdict.outcome ?? "no verdict"}`,
		"",
		`**${escaped(verdict.sentence)}**`,
		"",
		...(aborted === null ? [] : [`**Aborted**: ${escaped(aborted)}.`, ""]),
		...regressionLines(regressions),
		...listed(
			obstacles.map(({ kind, sentence }) => `**${kind === "invalid" ? "Invalid" : "Unlike"}**: ${escaped(sentence)}`),
		),
		...points.flatMap((point) => pointLines(point, points.length > 1)),
		TABLE_LEGEND,
		"",
		...listed([
			`Baseline: ${escaped(sideSentence(comparison.baseline))}`,
			`Candidate: ${escaped(sideSentence(comparison.candidate))}`,
			`${designSentence(comparison)}.`,
			...notes.map(escaped),
		]),
	];
	return `${lines.join("\n").trimEnd()}\n`;
}

function regressionLines(regressions: Comparison["regressions"]): string[] {
	if (regressions === null) return [];
	if (regressions.found.length === 0) return [`✅ No regression beyond ${regressions.limits}.`, ""];
	return [`❌ Regression beyond ${regressions.limits}:`, "", ...listed(regressions.found.map(escaped))];
}

function pointLines(point: ComparedPoint, named: boolean): string[] {
	const details = metricRows(point.metrics.filter(isDetail));
	return [
		...(named ? [`### ${escaped(point.name)}`, ""] : []),
		...listed(headlineSentences(point).map(escaped)),
		...(point.differences.length > 0 ? [`What differs: ${point.differences.map(code).join(", ")}.`, ""] : []),
		...markdownTable(COLUMNS, metricRows(point.metrics.filter((metric) => !isDetail(metric)))),
		"",
		...(details.length > 0
			? ["<details><summary>By stage</summary>", "", ...markdownTable(COLUMNS, details), "", "</details>", ""]
			: []),
	];
}

function listed(items: readonly string[]): string[] {
	return items.length === 0 ? [] : [...items.map((item) => `- ${item}`), ""];
}

function escaped(text: string): string {
	return text.replace(/[\\`*_<>|]/g, "\\$&");
}

function code(text: string): string {
	return `\`${text.replaceAll("`", "'")}\``;
}
