import { accountingSection } from "./accountingSection.js";
import {
	headlineOf,
	percentileLegend,
	rateOrNone,
	STAGE_TITLES,
	shareOrNone,
	shownStages,
	speedupCell,
	steadyCell,
} from "./cells.js";
import { clockColumn, clockLegend, clocksSentence, shortTime } from "./clocksText.js";
import { type Block, type Fact, facts, list, paragraph, paragraphs, type Section, table } from "./document.js";
import { formatBytes, formatCount, formatMicros, formatRate, formatShare } from "./format.js";
import { targetsSection, thresholdsSection } from "./judgementText.js";
import { offeredSentence, sendingSentence, uncorrectedSentence } from "./loadText.js";
import { PROFILE_TITLES, profileFiles, profileSentence, topRows } from "./profileText.js";
import type { Report, ReportRun } from "./schema.js";
import {
	handlerOf,
	namespaceSentence,
	redisSentence,
	resourcesSentence,
	shownReasons,
	workSentence,
} from "./sentences.js";
import { intervalSentence, littlesLawSentence, steadinessSentence } from "./statisticsText.js";
import { sweepSection } from "./sweepText.js";
import { figure, text } from "./table.js";

/** All that a report says below its headline, in order; SUMMARY.md and the HTML report both print these. */
export function sectionsOf(report: Report): Section[] {
	const run = headlineOf(report);
	const sections = [
		reasons(report),
		thresholdsSection(report),
		targetsSection(report),
		...(run === undefined
			? []
			: [
					sweepSection(report),
					diagnosis(report, run),
					runTable(report),
					stages(report, run),
					accountingSection(report, run),
					details(report, run),
				]),
		run === undefined || run.agents < 2 ? undefined : agents(run),
		errors(report),
		...report.profiles.map(profileSection),
		environment(report),
		again(report),
	];
	return sections.filter((section) => section !== undefined);
}

function reasons(report: Report): Section | undefined {
	const { validity } = report.verdict;
	const found = shownReasons(report);
	if (found.length === 0) return undefined;
	const items = found.map(({ severity, sentence, advice }) => ({ label: severity, text: `${sentence} ${advice}` }));
	return { id: "reasons", title: `Why ${validity}`, blocks: [list(items)] };
}

function runTable(report: Report): Section | undefined {
	if (report.runs.length < 2) return undefined;
	const clock = clockColumn(report.runs.map((run) => run.latency.responseTime));
	const columns = [
		text("run"),
		text("verdict"),
		figure("workers"),
		figure("tasks/s"),
		figure("steady"),
		figure("p50"),
		figure("p99"),
		...(clock ? [figure(clock.title)] : []),
		figure("speed-up"),
		figure("efficiency"),
		figure("errors"),
	];
	const rows = report.runs.map((run, index) => {
		const point = report.scalability?.[index];
		return [
			run.name,
			run.verdict.validity,
			String(run.workers),
			formatRate(run.throughput.tasksPerSecond),
			steadyCell(run),
			shortTime(run.latency.responseTime, "p50Us"),
			shortTime(run.latency.responseTime, "p99Us"),
			...(clock ? [clock.cells[index] ?? ""] : []),
			speedupCell(point?.speedup ?? null),
			shareOrNone(point?.efficiency ?? null),
			formatShare(run.errorRate),
		];
	});
	return { id: "runs", title: "Runs", blocks: [table(columns, rows), ...legend(rows.flat())] };
}

function stages(report: Report, run: ReportRun): Section | undefined {
	const names = shownStages(run);
	const clock = clockColumn(names.map((name) => run.latency[name]));
	const headings = ["count", "mean", "p50", "p95", "p99", "p99.9", "min", "max", ...(clock ? [clock.title] : [])];
	const columns = [text("stage"), ...headings.map(figure)];
	const rows = names.map((name, row) => {
		const figures = run.latency[name];
		return [
			STAGE_TITLES[name],
			formatCount(figures.count),
			shortTime(figures, "meanUs"),
			shortTime(figures, "p50Us"),
			shortTime(figures, "p95Us"),
			shortTime(figures, "p99Us"),
			shortTime(figures, "p999Us"),
			shortTime(figures, "minUs"),
			shortTime(figures, "maxUs"),
			...(clock ? [clock.cells[row] ?? ""] : []),
		];
	});
	const described = names.map((name) => `${STAGE_TITLES[name]}: ${report.stages[name].description}`);
	return {
		id: "stages",
		title: `Stages${ofRun(report, run)}`,
		blocks: [table(columns, rows), ...legend(rows.flat()), paragraph(`${described.join("; ")}.`)],
	};
}

function diagnosis(report: Report, run: ReportRun): Section | undefined {
	if (report.diagnosis === null) return undefined;
	const { sentence, advice } = report.diagnosis;
	return { id: "diagnosis", title: `What limits it${ofRun(report, run)}`, blocks: paragraphs(sentence, advice) };
}

function details(report: Report, run: ReportRun): Section {
	return {
		id: "details",
		title: `Details${ofRun(report, run)}`,
		blocks: [
			facts(
				["work", workSentence(run)],
				["agents", resourcesSentence(run)],
				...clockFacts(run),
				["Redis", redisSentence(report, run)],
				["keys", namespaceSentence(run)],
				...loadFacts(run),
				...statisticsFacts(run),
				["enqueueing", `${rateOrNone(run.throughput.enqueuesPerSecond)} tasks/s`],
				["handler", handlerOf(run)],
			),
		],
	};
}

function clockFacts(run: ReportRun): Fact[] {
	const named: [string, string | undefined][] = [["clocks", clocksSentence(run)]];
	return named.flatMap(([name, sentence]) => (sentence === undefined ? [] : [[name, sentence] as const]));
}

function statisticsFacts(run: ReportRun): Fact[] {
	const named: [string, string | undefined][] = [
		["stationary", steadinessSentence(run)],
		["intervals of the response time", intervalSentence(run)],
		["Little's law", littlesLawSentence(run)],
	];
	return named.flatMap(([name, sentence]) => (sentence === undefined ? [] : [[name, sentence] as const]));
}

function loadFacts(run: ReportRun): Fact[] {
	const named: [string, string | undefined][] = [
		["offered", offeredSentence(run)],
		["sending", sendingSentence(run)],
		["uncorrected response", uncorrectedSentence(run)],
		["stamps", `${Math.round(run.resources.metadataBytesPerTask)} bytes added to each task`],
	];
	return named.flatMap(([name, sentence]) => (sentence === undefined ? [] : [[name, sentence] as const]));
}

function agents(run: ReportRun): Section | undefined {
	const columns = [
		text("agent"),
		text("host"),
		figure("pid"),
		...["workers", "enqueued", "completed", "tasks/s", "CPU", "peak RSS", "loop busy", "delay p99", "late"].map(figure),
		text("lost"),
	];
	const rows = run.perAgent.map((agent) => [
		String(agent.index),
		agent.hostname,
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
	return { id: "agents", title: "Agents", blocks: [table(columns, rows)] };
}

function errors(report: Report): Section | undefined {
	const rows = report.runs.flatMap((run) =>
		Object.entries(run.errors).map(([kind, count]) => [run.name, kind, formatCount(count)]),
	);
	if (rows.length === 0) return undefined;
	const columns = [text("run"), text("kind"), figure("count")];
	return { id: "errors", title: "Errors", blocks: [table(columns, rows)] };
}

function profileSection(profile: Report["profiles"][number]): Section {
	const title = PROFILE_TITLES[profile.kind];
	const rows = topRows(profile);
	const columns = [text("function"), figure(title.toLowerCase()), figure("share")];
	return {
		id: `profile-${profile.kind}`,
		title,
		blocks: paragraphs(
			profileSentence(profile),
			...profile.failures.map((failure) => `No profile of ${failure}`),
		).concat(
			rows.length > 0 ? [table(columns, rows)] : [],
			paragraphs(rows.length > 0 ? `In full: ${profileFiles(profile).join(", ")}.` : undefined),
		),
	};
}

function environment(report: Report): Section | undefined {
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
	return {
		id: "environment",
		title: "Environment",
		blocks: [
			table(columns, rows),
			facts(
				["Redis", redis === null ? "not known" : serverSentence(redis, report.plan.redisUrl)],
				["network", insecure ? "UNENCRYPTED beyond loopback (--insecure)" : "encrypted, or loopback only"],
				["Spool Bench", `${report.softwareVersion}, ${report.startedAt} to ${report.finishedAt}`],
			),
		],
	};
}

function serverSentence(redis: NonNullable<Report["environment"]["redis"]>, url: string | null): string {
	const place = redis.private ? "a private throw-away server" : (url ?? "");
	const memory = redis.maxMemoryBytes === 0 ? "unlimited" : formatBytes(redis.maxMemoryBytes);
	return (
		`${redis.serverName} ${redis.version}, ${redis.mode}, ${place}, ` +
		`maxmemory ${memory} with ${redis.evictionPolicy}, persistence ${redis.persistence}`
	);
}

function agentList(indexes: readonly number[]): string {
	const [first] = indexes;
	if (indexes.length === 1) return `agent ${first}`;
	return indexes.length <= 4 ? `agents ${indexes.join(", ")}` : `${indexes.length} agents`;
}

function again(report: Report): Section {
	return { id: "again", title: "Run it again", blocks: [{ kind: "command", text: `npx ${report.command}` }] };
}

function legend(cells: readonly string[]): Block[] {
	const marks = [percentileLegend(cells) ?? [], clockLegend(cells)].flat();
	return paragraphs(marks.length === 0 ? undefined : `${marks.join("; ")}.`);
}

function ofRun(report: Report, run: ReportRun): string {
	return report.runs.length > 1 ? ` (${run.name})` : "";
}
