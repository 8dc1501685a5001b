import { steadyCell } from "../cells.js";
import { boundedTime } from "../clocksText.js";
import { formatCount, formatQuantity, formatRate, formatShare } from "../format.js";
import { ITEM_DOT, qualityItems } from "../qualityText.js";
import type { Report, ReportRun } from "../schema.js";
import { accountingSentence, headlineChoice, loadSentence, outcomeSentence } from "../sentences.js";
import { html, type Markup } from "./markup.js";

const MEANINGS = {
	VALID: { sign: "✓", text: "The figures hold." },
	DEGRADED: { sign: "!", text: "The figures hold with the reservations listed." },
	INVALID: { sign: "✗", text: "Something is wrong that voids the figures: do not use them." },
} as const;

/** Name, verdict, and the few figures that matter most. */
export function headlineHtml(report: Report, run: ReportRun | undefined): Markup {
	const { validity, reasons } = report.verdict;
	const { sign, text } = MEANINGS[validity];
	const counted =
		reasons.length === 0 ? undefined : html`<a href="#reasons">${formatQuantity(reasons.length, "finding")}</a>`;
	return html`<header><h1>${report.name}</h1><p class="quiet">${run ? `${loadSentence(run)} (${run.loop} loop)` : "No run took place."} · ${report.startedAt.slice(0, 16).replace("T", " ")} UTC</p></header>
<div class="verdict ${validity}" role="status"><b>${sign} ${validity}</b><span>${text}</span>${counted}${failedThresholds(report)}</div>${run ? [quality(report, run), tiles(report, run)] : undefined}`;
}

function quality(report: Report, run: ReportRun): Markup {
	const items = qualityItems(report, run).map((item, index) => [index > 0 ? ITEM_DOT : "", html`<span>${item}</span>`]);
	return html`<p class="quality"><b>Quality</b> ${items}</p>
`;
}

function failedThresholds({ thresholds }: Report): Markup | undefined {
	const failed = thresholds.filter(({ passed }) => !passed).length;
	if (thresholds.length === 0) return undefined;
	return html`<a href="#thresholds">${failed === 0 ? "all thresholds passed" : `${formatQuantity(failed, "threshold")} failed`}</a>`;
}

function tiles(report: Report, run: ReportRun): Markup {
	const { throughput, latency, tasks } = run;
	const response = latency.responseTime;
	const choice = report.runs.length > 1 ? headlineChoice(report, run) : undefined;
	const steady =
		throughput.steadyTasksPerSecond === null
			? `steady rate withheld: ${throughput.steadyWithheld ?? "not known"}`
			: `steady ${steadyCell(run)} tasks/s over the middle 80%`;
	return html`<div class="tiles"><div class="tile"><h3>Throughput</h3><strong>${formatRate(throughput.tasksPerSecond)} tasks/s</strong><p>${steady}</p>${choice === undefined ? undefined : html`<p>${choice}</p>`}</div>
<div class="tile"><h3>Median response time</h3><strong>${boundedTime(response, "p50Us")}</strong><p>p95 ${boundedTime(response, "p95Us")} · max ${boundedTime(response, "maxUs")}</p></div>
<div class="tile"><h3>99 in 100 respond within</h3><strong>${boundedTime(response, "p99Us")}</strong><p>p99.9 ${boundedTime(response, "p999Us")}</p></div>
<div class="tile"><h3>Errors</h3><strong>${formatShare(run.errorRate)}</strong><p>${formatCount(tasks.lost)} lost, ${formatQuantity(tasks.duplicates, "duplicate")}</p></div></div>
<p>${outcomeSentence(run)}. ${accountingSentence(run)}.</p>`;
}
