import { html, type Markup, trusted } from "../report/html/markup.js";
import { sectionHtml } from "../report/html/sectionHtml.js";
import { STYLE } from "../report/html/style.js";
import { type SuiteReport, suiteSections, suiteVerdict } from "./suiteReport.js";

/** As of a run's page: the browser loads and runs nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'";

/** `report.html` of a suite: what SUMMARY.md says, and the way to each part's own page with its charts. */
export function renderSuiteHtml(suite: SuiteReport): string {
	const verdict = suiteVerdict(suite);
	const sections = suiteSections(suite);
	return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>${verdict}: benchmark suite</title><style>${trusted(STYLE)}</style></head>
<body><main><header><h1>Benchmark suite</h1><p class="quiet">${suite.startedAt.slice(0, 16).replace("T", " ")} UTC</p></header>
<div class="verdict ${verdict === "INCOMPLETE" ? "INVALID" : verdict}" role="status"><b>${verdict}</b><span>${MEANINGS[verdict]}</span></div>
<nav>${partLinks(suite)}</nav>
${sections.map((section) => sectionHtml(section))}
</main></body></html>
`.source;
}

const MEANINGS: Readonly<Record<string, string>> = {
	VALID: "All parts' figures hold.",
	DEGRADED: "The figures hold with the reservations listed.",
	INVALID: "The figures of some part do not hold.",
	INCOMPLETE: "Some part did not come to its end.",
};

function partLinks({ parts }: SuiteReport): Markup[] {
	return parts.flatMap(({ name, report }) => [
		...(report ? [html`<a href="${name}/report.html">${name} with its charts</a>`] : []),
		...(report?.profiles ?? [])
			.filter(({ agents }) => agents > 0)
			.map(({ kind }) => html`<a href="${kind}_flame.svg">${kind === "cpu" ? "CPU" : "memory"} flame graph</a>`),
	]);
}
