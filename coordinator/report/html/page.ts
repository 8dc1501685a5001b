import { headlineOf } from "../cells.js";
import { boundedTime } from "../clocksText.js";
import type { Section } from "../document.js";
import { formatShare } from "../format.js";
import type { Report, ReportRun } from "../schema.js";
import { sectionsOf } from "../sections.js";
import { type Chart, drawChart } from "./chart.js";
import { headlineHtml } from "./headline.js";
import { html, type Markup, trusted } from "./markup.js";
import { nextSteps } from "./nextSteps.js";
import { percentileChart } from "./percentileChart.js";
import { scalingChart } from "./scalingChart.js";
import { sectionHtml } from "./sectionHtml.js";
import { stageChart, stageParts } from "./stageChart.js";
import { STYLE } from "./style.js";
import { backlogChart, pointWidth, responseChart, throughputChart } from "./timeCharts.js";

/** The browser may load nothing and run nothing, whatever a name or an error might have smuggled in. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** `report.html`: one file that needs no network and no script. It prints what SUMMARY.md does, with charts. */
export function renderHtml(report: Report): string {
	const run = headlineOf(report);
	const sections = sectionsOf(report);
	const early = sections.filter((section) => isEarly(section, report));
	const late = sections.filter((section) => !early.includes(section));
	const steps = nextSteps(report);
	const pictures: Readonly<Record<string, readonly Markup[]>> = {
		stages: stagePictures(report, run),
		sweep: figureOf(
			scalingChart(report),
			`Throughput by size.${report.plan.repeat > 1 ? " The small points are single runs, the large ones their medians." : ""}`,
		),
	};
	const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>${report.verdict.validity}: ${report.name}</title><style>${trusted(STYLE)}</style></head>
<body><main>${headlineHtml(report, run)}
<section class="next" id="next"><h3>What to do next</h3><ol>${steps.map((step) => html`<li>${step}</li>`)}</ol></section>
<nav>${[...early, ...(run ? [{ id: "over-time", title: "Over time" }] : []), ...late].map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}</nav>
${early.map((section) => sectionHtml(section, pictures[section.id]))}${run ? overTime(report, run) : undefined}
${late.map((section) => sectionHtml(section, pictures[section.id]))}
</main></body></html>
`;
	return page.source;
}

/** Whether it comes before the charts of the run: targets where some were given. */
function isEarly({ id }: Section, { targets }: Report): boolean {
	return ["reasons", "thresholds", "sweep"].includes(id) || (id === "targets" && targets?.name !== null);
}

function overTime(report: Report, run: ReportRun): Markup {
	const each = `Each point is the mean of ${pointWidth(run)}.`;
	const parts = [
		...titled("Throughput", throughputChart(run), `${each} Throughput is ${run.throughput.basis}.`),
		...titled(
			"Backlog",
			backlogChart(run),
			"What was sent and is not finished: where it grows, the queue cannot keep up.",
		),
		...titled(
			"Response time over time",
			responseChart(run),
			"By the second in which tasks were meant to be sent; of several seconds in one point the worst.",
		),
		...titled("Response time by percentile", percentileChart(run), percentileCaption(run)),
	];
	const which = report.runs.length > 1 ? ` (${run.name})` : "";
	const empty = html`<p>Too little happened to be drawn.</p>`;
	return html`<section id="over-time"><h2>Over time${which}</h2><p class="quiet hover">Point at a chart to read its figures.</p>${parts.length > 0 ? parts : empty}</section>`;
}

function percentileCaption(run: ReportRun): string {
	const correction =
		run.latency.sendLag.maxUs > 0
			? "Corrected times count from when a task was due, uncorrected ones from when it was really sent: where the two part, a slow queue held its own load back."
			: "Every task was sent when it was due, so that corrected and uncorrected times are the same.";
	return `${correction} Drawn as far as ten values lie above.`;
}

function stagePictures(report: Report, run: ReportRun | undefined): Markup[] {
	if (run === undefined || run.latency.responseTime.count === 0) return [];
	const largest = stageParts(run).reduce((a, b) => (b.us > a.us ? b : a));
	const share = formatShare(largest.us / run.latency.responseTime.meanUs);
	const caption = `Of the mean response time of ${boundedTime(run.latency.responseTime, "meanUs")}, ${share} was: ${largest.name}. Means, since percentiles do not add up.`;
	return figureOf(stageChart(report), caption);
}

function titled(title: string, chart: Chart | undefined, caption: string): Markup[] {
	return chart ? [html`<h3>${title}</h3>`, ...figureOf(chart, caption)] : [];
}

function figureOf(chart: Chart | undefined, caption: string): Markup[] {
	return chart ? [html`<figure>${drawChart(chart)}<figcaption>${caption}</figcaption></figure>`] : [];
}
