import { headlineOf } from "./cells.js";
import { markdownSection, prose } from "./markdown.js";
import { ITEM_DOT, qualityItems } from "./qualityText.js";
import type { Report } from "./schema.js";
import { sectionsOf } from "./sections.js";
import { summaryHeadline } from "./summaryHeadline.js";

/**
 * `SUMMARY.md`. The lines of its first code block are for programs too: their names, order and units stay, so that two
 * summaries can be diffed and `grep "Tasks/Second" SUMMARY.md | awk '{print $2}'` gives one plain number.
 */
export function renderSummary(report: Report): string {
	const run = headlineOf(report);
	const sections = [
		[`# ${report.verdict.validity}: ${prose(report.name)}`],
		...(run === undefined ? [] : [[`Quality: ${prose(qualityItems(report, run).join(ITEM_DOT))}`]]),
		run === undefined ? ["No run took place."] : summaryHeadline(report, run),
		...sectionsOf(report).map(markdownSection),
	];
	return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
