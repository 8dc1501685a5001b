import type { ProfileDigest, Record } from "../../proto/gen/record.js";
import { STAGES } from "../../proto/stages.js";
import { verdictFrom } from "../analysis/reason.js";
import { scalingOf } from "../analysis/scalability.js";
import { checkExecution } from "../analysis/verdict.js";
import type { MergedRun } from "../merge/merged.js";
import type { Plan } from "../plan/plan.js";
import { parsePlan } from "../plan/planJson.js";
import { buildDiagnosis } from "./buildDiagnosis.js";
import { buildTargets, buildThresholds } from "./buildJudgement.js";
import { buildRun } from "./buildRun.js";
import { buildSweep } from "./buildSweep.js";
import { clean, isoTime, processFigures } from "./figures.js";
import { parametersOf } from "./parameters.js";
import { headlineRun } from "./runGroups.js";
import { REPORT_SCHEMA, type Report, type ReportReason, type ReportRun } from "./schema.js";

/**
 * Judges an execution and puts every figure of its report together; the renderers only print. Pure.
 *
 * @param runs `record.runs`, merged, in the same order
 * @throws Error where the record's plan cannot be read by this version
 */
export function buildReport(record: Record, runs: readonly MergedRun[]): Report {
	const plan = parsePlan(record.planJson);
	const reported = runs.map(buildRun);
	const environment = { hosts: hostsOf(record, runs), redis: redisOf(record, runs), insecure: record.insecure };
	const judged = runs.map((merged, index) => ({ merged, figures: reported[index] as ReportRun }));
	const sweep = buildSweep(plan, reported, environment);
	const headline = headlineRun(reported);
	const execution = checkExecution({
		runsPlanned: plan.runs.length,
		runsDone: runs.length,
		aborted: clean(record.aborted),
		insecure: record.insecure,
	});
	const { validity, reasons } = verdictFrom<ReportReason>([
		...execution.map((reason) => ({ ...reason, run: null })),
		...reported.flatMap((run) => run.verdict.reasons),
	]);
	return {
		schema: REPORT_SCHEMA,
		softwareVersion: record.softwareVersion,
		name: plan.name,
		type: plan.type,
		verdict: { validity, reasons: [...reasons] },
		startedAt: isoTime(record.startedAtUnixMs),
		finishedAt: isoTime(record.finishedAtUnixMs),
		command: clean(record.command),
		aborted: record.aborted === "" ? null : clean(record.aborted),
		headlineRun: headline?.ordinal ?? null,
		stages: stageDescriptions(),
		runs: reported,
		diagnosis: buildDiagnosis(headline, environment),
		scalability: scalabilityOf(reported),
		sweep,
		thresholds: buildThresholds(plan, judged, record.failedThreshold),
		targets: buildTargets(
			plan,
			judged.find(({ figures }) => figures === headline),
			sweep,
		),
		profiles: record.profiles.map(profileFigures),
		plan: planFigures(plan),
		environment,
		coordinator: record.coordinator === undefined ? null : processFigures(record.coordinator),
	};
}

function scalabilityOf(runs: readonly ReportRun[]): Report["scalability"] {
	if (new Set(runs.map((run) => run.workers)).size < 2) return null;
	const points = runs.map((run) => ({ n: run.workers, tasksPerSecond: run.throughput.tasksPerSecond }));
	const scaling = scalingOf(points);
	return runs.map((run, index) => ({
		run: run.name,
		workers: run.workers,
		tasksPerSecond: run.throughput.tasksPerSecond,
		speedup: scaling[index]?.speedup ?? null,
		efficiency: scaling[index]?.efficiency ?? null,
	}));
}

function stageDescriptions(): Report["stages"] {
	const described = Object.fromEntries(STAGES.map(({ name, description }) => [name, { description }]));
	return described as Report["stages"];
}

function profileFigures(digest: ProfileDigest): Report["profiles"][number] {
	const shares = (all: ProfileDigest["top"]) => all.map(({ name, value }) => ({ name: clean(name), value }));
	return {
		kind: digest.kind === "cpu" ? "cpu" : "mem",
		file: clean(digest.file),
		unit: clean(digest.unit),
		total: digest.total,
		agents: digest.agents,
		failures: digest.failures.map(clean),
		categories: shares(digest.categories),
		top: shares(digest.top),
	};
}

function planFigures(plan: Plan): Report["plan"] {
	const { redisUrl = null, thresholds, targets, cpuprofile = null, memprofile = null, runs } = plan;
	return {
		...plan,
		redisUrl,
		thresholds: thresholds.map(({ text }) => clean(text)),
		targets: targets === undefined ? null : clean(targets.name),
		cpuprofile: cpuprofile && clean(cpuprofile),
		memprofile: memprofile && clean(memprofile),
		runs: runs.map(parametersOf),
	};
}

function hostsOf(record: Record, runs: readonly MergedRun[]): Report["environment"]["hosts"] {
	const hosts = new Map<string, Report["environment"]["hosts"][number]>();
	const add = (host: MergedRun["agents"][number]["host"], agent: number | undefined) => {
		const known = hosts.get(host.hostname) ?? {
			hostname: clean(host.hostname),
			cpus: host.cpus,
			memoryBytes: host.memoryBytes,
			cpuModel: clean(host.cpuModel),
			kernel: clean(host.kernel),
			nodeVersion: clean(host.nodeVersion),
			agents: [],
			coordinator: false,
		};
		hosts.set(host.hostname, known);
		if (agent === undefined) known.coordinator = true;
		else if (!known.agents.includes(agent)) known.agents.push(agent);
	};
	if (record.coordinatorHost !== undefined) add(record.coordinatorHost, undefined);
	for (const run of runs) for (const agent of run.agents) add(agent.host, agent.index);
	return [...hosts.values()];
}

function redisOf(record: Record, runs: readonly MergedRun[]): Report["environment"]["redis"] {
	const server = runs.find((run) => run.redis !== undefined)?.redis;
	if (server === undefined) return null;
	return {
		serverName: clean(server.serverName),
		version: clean(server.version),
		mode: clean(server.mode),
		os: clean(server.os),
		maxMemoryBytes: server.maxMemoryBytes,
		evictionPolicy: clean(server.evictionPolicy),
		persistence: clean(server.persistence),
		private: record.privateRedis,
	};
}
