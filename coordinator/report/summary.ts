import {
	exactCell,
	headlineOf,
	percentileCell,
	percentileLegend,
	rateOrNone,
	STAGE_TITLES,
	shareOrNone,
	shownStages,
	speedupCell,
	steadyCell,
} from "./cells.js";
import { formatBytes, formatCount, formatMicros, formatRate, formatShare } from "./format.js";
import { targetsMarkdown, thresholdsMarkdown } from "./judgementText.js";
import { prose } from "./markdown.js";
import type { Report, ReportRun } from "./schema.js";
import {
	handlerOf,
	namespaceSentence,
	reasonSentence,
	redisSentence,
	resourcesSentence,
	workSentence,
} from "./sentences.js";
import { summaryHeadline } from "./summaryHeadline.js";
import { sweepMarkdown } from "./sweepText.js";
import { figure, markdownTable, text } from "./table.js";

/**
 * `SUMMARY.md`. The lines of its first code block are for programs too: their names, order and units stay, so that two
 * summaries can be diffed and `grep "Tasks/Second" SUMMARY.md | awk '{print $2}'` gives one plain number.
 */
export function renderSummary(report: Report): string {
	const run = headlineOf(report);
	const sections = [
		[`# ${report.verdict.validity}: ${prose(report.name)}`],
		run === undefined ? ["No run took place."] : summaryHeadline(report, run),
		reasons(report),
		thresholdsMarkdown(report),
		targetsMarkdown(report),
		...(run === undefined
			? []
			: [sweep(report), runTable(report), stages(report, run), accounting(report), details(report, run)]),
		run === undefined || run.agents < 2 ? [] : agents(run),
		errors(report),
		environment(report),
		again(report),
	];
	return `${sections
		.filter((lines) => lines.length > 0)
		.map((lines) => lines.join("\n"))
		.join("\n\n")}\n`;
}

function reasons(report: Report): string[] {
	const { validity, reasons: found } = report.verdict;
	if (found.length === 0) return [];
	return [
		`## Why ${validity}`,
		"",
		...found.map(
			(reason) => `- **${reason.severity}** ${prose(reasonSentence(report, reason))} ${prose(reason.advice)}`,
		),
	];
}

function sweep(report: Report): string[] {
	return report.sweep === null ? [] : sweepMarkdown(report.sweep);
}

function runTable(report: Report): string[] {
	if (report.runs.length < 2) return [];
	const columns = [
		text("run"),
		text("verdict"),
		figure("workers"),
		figure("tasks/s"),
		figure("steady"),
		figure("p50"),
		figure("p99"),
		figure("speed-up"),
		figure("efficiency"),
		figure("errors"),
	];
	const rows = report.runs.map((run, index) => {
		const point = report.scalability?.[index];
		return [
			prose(run.name),
			run.verdict.validity,
			String(run.workers),
			formatRate(run.throughput.tasksPerSecond),
			steadyCell(run),
			percentileCell(run.latency.responseTime, "p50Us"),
			percentileCell(run.latency.responseTime, "p99Us"),
			speedupCell(point?.speedup ?? null),
			shareOrNone(point?.efficiency ?? null),
			formatShare(run.errorRate),
		];
	});
	return ["## Runs", "", ...markdownTable(columns, rows), ...legend(rows.flat())];
}

function stages(report: Report, run: ReportRun): string[] {
	const names = shownStages(run);
	const columns = [text("stage"), ...["count", "mean", "p50", "p95", "p99", "p99.9", "min", "max"].map(figure)];
	const rows = names.map((name) => {
		const figures = run.latency[name];
		return [
			STAGE_TITLES[name],
			formatCount(figures.count),
			exactCell(figures, "meanUs"),
			percentileCell(figures, "p50Us"),
			percentileCell(figures, "p95Us"),
			percentileCell(figures, "p99Us"),
			percentileCell(figures, "p999Us"),
			exactCell(figures, "minUs"),
			exactCell(figures, "maxUs"),
		];
	});
	const described = names.map((name) => `${STAGE_TITLES[name]}: ${report.stages[name].description}`);
	return [
		`## Stages${ofRun(report, run)}`,
		"",
		...markdownTable(columns, rows),
		...legend(rows.flat()),
		"",
		`${described.join("; ")}.`,
	];
}

function accounting(report: Report): string[] {
	const rows = report.runs.map((run) => [
		prose(run.name),
		...[
			run.tasks.issued,
			run.tasks.enqueued,
			run.tasks.completed,
			run.tasks.deadLettered,
			run.tasks.remaining,
			run.tasks.held,
			run.tasks.lost,
			run.tasks.unaccounted,
			run.tasks.duplicates,
		].map(formatCount),
		run.accounting.balanced ? "yes" : run.accounting.censusTaken ? "NO" : "not proven",
	]);
	const columns = [
		text("run"),
		...[
			"issued",
			"enqueued",
			"completed",
			"dead letters",
			"remaining",
			"held",
			"lost",
			"unaccounted",
			"duplicates",
		].map(figure),
		text("balanced"),
	];
	return ["## Accounting", "", ...markdownTable(columns, rows)];
}

function details(report: Report, run: ReportRun): string[] {
	const rows = [
		["work", workSentence(run)],
		["agents", resourcesSentence(run)],
		["Redis", redisSentence(report, run)],
		["keys", namespaceSentence(run)],
		["enqueueing", `${rateOrNone(run.throughput.enqueuesPerSecond)} tasks/s`],
		["handler", handlerOf(run)],
	];
	return [
		`## Details${ofRun(report, run)}`,
		"",
		...rows.map(([name, sentence]) => `- ${name}: ${prose(sentence ?? "")}`),
	];
}

function agents(run: ReportRun): string[] {
	const columns = [
		text("agent"),
		text("host"),
		figure("pid"),
		...["workers", "enqueued", "completed", "tasks/s", "CPU", "peak RSS", "loop busy", "delay p99", "late"].map(figure),
		text("lost"),
	];
	const rows = run.perAgent.map((agent) => [
		String(agent.index),
		prose(agent.hostname),
		String(agent.pid),
		String(agent.workers),
		formatCount(agent.enqueued),
		formatCount(agent.completed),
		formatRate(agent.tasksPerSecond),
		formatShare(agent.cpuShare),
		formatBytes(agent.peakRssBytes),
		formatShare(agent.loopUtilization),
		formatMicros(agent.loopDelayP99Us),
		formatMicros(agent.startLatenessUs),
		agent.lost === null ? "no" : `at ${formatMicros(agent.lost.atMs * 1000)}`,
	]);
	return ["## Agents", "", ...markdownTable(columns, rows)];
}

function errors(report: Report): string[] {
	const rows = report.runs.flatMap((run) =>
		Object.entries(run.errors).map(([kind, count]) => [prose(run.name), prose(kind), formatCount(count)]),
	);
	if (rows.length === 0) return [];
	return ["## Errors", "", ...markdownTable([text("run"), text("kind"), figure("count")], rows)];
}

function environment(report: Report): string[] {
	const { hosts, redis, insecure } = report.environment;
	const rows = hosts.map((host) => [
		host.hostname,
		[
			...(host.coordinator ? ["the coordinator"] : []),
			...(host.agents.length > 0 ? [agentList(host.agents)] : []),
		].join(" and "),
		`${host.cpus} × ${host.cpuModel}`,
		formatBytes(host.memoryBytes),
		host.kernel,
		host.nodeVersion,
	]);
	const columns = [text("host"), text("runs"), text("CPU"), figure("memory"), text("kernel"), text("Node")];
	const cells = rows.map((row) => row.map(prose));
	const server =
		redis === null
			? "Redis: not known"
			: `Redis: ${redis.serverName} ${redis.version}, ${redis.mode}, ${redis.private ? "a private throw-away server" : (report.plan.redisUrl ?? "")}, ` +
				`maxmemory ${redis.maxMemoryBytes === 0 ? "unlimited" : formatBytes(redis.maxMemoryBytes)} with ${redis.evictionPolicy}, persistence ${redis.persistence}`;
	return [
		"## Environment",
		"",
		...markdownTable(columns, cells),
		"",
		`- ${prose(server)}`,
		`- network: ${insecure ? "UNENCRYPTED beyond loopback (--insecure)" : "encrypted, or loopback only"}`,
		`- Spool Bench ${prose(report.softwareVersion)}, ${report.startedAt} to ${report.finishedAt}`,
	];
}

function agentList(indexes: readonly number[]): string {
	const [first] = indexes;
	if (indexes.length === 1) return `agent ${first}`;
	return indexes.length <= 4 ? `agents ${indexes.join(", ")}` : `${indexes.length} agents`;
}

function again(report: Report): string[] {
	return ["## Run it again", "", "```", `npx ${report.command}`, "```"];
}

function legend(cells: readonly string[]): string[] {
	const marks = percentileLegend(cells);
	return marks === undefined ? [] : ["", `${prose(marks)}.`];
}

function ofRun(report: Report, run: ReportRun): string {
	return report.runs.length > 1 ? ` (${prose(run.name)})` : "";
}
