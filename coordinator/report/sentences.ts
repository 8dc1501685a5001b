import { formatHandler } from "../plan/handlers.js";
import { formatDuration } from "../plan/quantities.js";
import { formatBytes, formatCount, formatMicros, formatQuantity, formatShare } from "./format.js";
import type { Report, ReportReason, ReportRun } from "./schema.js";

/** What was run: `4 workers, 1 agent, 1,000 tasks of 1KB`. */
export function loadSentence(run: ReportRun): string {
	const { load, task } = run.parameters;
	return [
		formatQuantity(run.workers, "worker"),
		formatQuantity(run.agents, "agent"),
		`${amountOf(load)} of ${task.payload}`,
		howWorkersAsk(run.parameters),
	].join(", ");
}

function amountOf(load: ReportRun["parameters"]["load"]): string {
	switch (load.kind) {
		case "tasks": {
			const limit = load.limitMs === null ? "" : `in at most ${formatDuration(load.limitMs)} `;
			return `${limit}${formatQuantity(load.tasks, "task")}`;
		}
		case "timed":
			return `${formatDuration(load.durationMs)}${afterWarmup(load)} with ${formatCount(load.inFlight)} in flight`;
		case "open":
			return `${formatDuration(load.durationMs)}${afterWarmup(load)} at ${load.rate} a second (${load.arrivals})`;
	}
}

function afterWarmup({ warmupMs }: { readonly warmupMs: number }): string {
	return warmupMs > 0 ? ` after ${formatDuration(warmupMs)} of warm-up` : "";
}

function howWorkersAsk({ engine, pollIntervalMs, concurrency, batch }: ReportRun["parameters"]): string {
	if (engine === "fused") {
		return `fused: ${formatCount(concurrency)} at once each, up to ${formatCount(batch)} a round trip`;
	}
	return pollIntervalMs === 0 ? "polling back to back" : `polling each ${formatDuration(pollIntervalMs)}`;
}

/** Which of several runs the report heads with. */
export function headlineChoice(report: Report, run: ReportRun): string {
	return report.plan.repeat > 1
		? `the median run of the best point: ${run.name}`
		: `the best of ${report.runs.length} runs: ${run.name}`;
}

/** What came of it: `1,000 of 1,000 tasks completed in 2.60 s, error rate 0%`. */
export function outcomeSentence(run: ReportRun): string {
	const { tasks, throughput } = run;
	const lasted = (throughput.toMs - throughput.fromMs) * 1000;
	const time = lasted > 0 ? ` in ${formatMicros(lasted)}` : "";
	const done =
		tasks.planned === null
			? formatQuantity(throughput.completions, "task")
			: `${formatCount(throughput.completions)} of ${formatQuantity(tasks.planned, "task")}`;
	return `${done} completed${time}, error rate ${formatShare(run.errorRate)}`;
}

/** Both sides of the balance (measurement.md §8); what is 0 is left out, except lost and duplicates. */
export function accountingSentence(run: ReportRun): string {
	const { tasks, accounting } = run;
	const where: [number, string][] = [
		[tasks.recordedCompleted, "completed by their records"],
		[tasks.deadLettered, "dead-lettered"],
		[tasks.recordedDeadLettered, "dead-lettered by their records"],
		[tasks.remaining, "remaining"],
		[tasks.held, "held"],
		[tasks.unaccounted, "unaccounted"],
	];
	const terms = [
		`${formatCount(tasks.completed)} completed`,
		...where.filter(([count]) => count > 0).map(([count, name]) => `${formatCount(count)} ${name}`),
		`${formatCount(tasks.lost)} lost`,
	];
	const balance = accounting.balanced ? "balanced" : accounting.censusTaken ? "NOT BALANCED" : "not proven";
	return `${formatCount(tasks.enqueued)} enqueued = ${terms.join(" + ")} (${balance}); ${formatQuantity(tasks.duplicates, "duplicate")}`;
}

type Balance = Omit<ReportRun["accounting"]["byAgent"][number], "agent">;

const BALANCE_TERMS = [
	"acknowledged",
	"unknownObserved",
	"completed",
	"recordedCompleted",
	"deadLettered",
	"recordedDeadLettered",
	"remaining",
	"held",
	"lost",
	"unaccounted",
] as const satisfies readonly (keyof Balance)[];

/** The balance by priority where tasks had several: `low 100 = 98 completed + 2 lost; normal 900 = 900 completed`. */
export function prioritySentence({ accounting }: ReportRun): string | undefined {
	const groups = accounting.byPriority ?? [];
	if (groups.length < 2) return undefined;
	return groups.map((group) => `${group.priority} ${balanceTerms(group)}`).join("; ");
}

/** Up to so many agents each have their balance told; of more only those with tasks that are not settled. */
const AGENTS_TOLD = 6;

/** The balance by the agent that sent the tasks, where there are several: `sent by agent 0: 500 = 498 completed + 2 lost`, and so on. */
export function agentBalances({ accounting: { byAgent } }: ReportRun): string[] {
	if (byAgent.length < 2) return [];
	const told = byAgent.length <= AGENTS_TOLD ? byAgent : byAgent.filter(isUnsettled).slice(0, AGENTS_TOLD);
	if (told.length === 0) return [`all tasks of each of ${formatQuantity(byAgent.length, "agent")} settled`];
	const rest = byAgent.filter((group) => !told.includes(group));
	const others =
		rest.length > 0 ? [`by the other ${formatQuantity(rest.length, "agent")}: ${balanceTerms(sumOf(rest))}`] : [];
	const [first = "", ...more] = told.map((group) => `by agent ${group.agent}: ${balanceTerms(group)}`);
	return [`sent ${first}`, ...more, ...others];
}

/** Whether an agent's word for the end of one of these tasks is missing. */
function isUnsettled(balance: Balance): boolean {
	const { recordedCompleted, recordedDeadLettered, remaining, held, lost, unaccounted } = balance;
	return recordedCompleted + recordedDeadLettered + remaining + held + lost + unaccounted > 0;
}

function sumOf(groups: readonly Balance[]): Balance {
	const [first, ...others] = groups.map((group) => ({ ...group }));
	if (first === undefined) throw new RangeError("no balance to add up");
	for (const other of others) {
		for (const name of BALANCE_TERMS) first[name] += other[name];
	}
	return first;
}

function balanceTerms(balance: Balance): string {
	const terms: [number, string][] = [
		[balance.completed, "completed"],
		[balance.recordedCompleted, "completed by their records"],
		[balance.deadLettered + balance.recordedDeadLettered, "dead-lettered"],
		[balance.remaining, "remaining"],
		[balance.held, "held"],
		[balance.lost, "lost"],
		[balance.unaccounted, "unaccounted"],
	];
	const shown = terms.filter(([count], index) => count > 0 || index === 0);
	const enqueued = balance.acknowledged + balance.unknownObserved;
	return `${formatCount(enqueued)} = ${shown.map(([count, name]) => `${formatCount(count)} ${name}`).join(" + ")}`;
}

/** What the workers did beside completing: polls, retries, errors. */
export function workSentence(run: ReportRun): string {
	const { polls, emptyPolls, retried, failed, workerErrors } = run.attempts;
	const empty = polls > 0 ? ` (${formatShare(emptyPolls / polls)} empty)` : "";
	const parts = [`${formatQuantity(polls, "poll")}${empty}`];
	if (failed > 0)
		parts.push(`${formatQuantity(failed, "failed attempt")}, ${formatQuantity(retried, "retry", "retries")}`);
	if (workerErrors > 0) parts.push(formatQuantity(workerErrors, "worker error"));
	return parts.join(", ");
}

export function resourcesSentence(run: ReportRun): string {
	const { resources } = run;
	const memory = `peak RSS ${formatBytes(resources.peakRssMaxBytes)}${
		run.agents > 1 ? ` an agent, ${formatBytes(resources.peakRssSumBytes)} in all` : ""
	}`;
	return [
		resources.cpuShare < 1
			? `CPU ${formatShare(resources.cpuShare)} of a core`
			: `CPU ${resources.cpuShare.toFixed(1)} cores`,
		memory,
		`event loop ${formatShare(resources.loopUtilizationMax)} busy`,
		`delay p99 ${formatMicros(resources.loopDelayP99MaxUs)}`,
		`at most ${formatQuantity(resources.maxInFlight, "task")} in workers' hands`,
	].join(", ");
}

export function redisSentence(report: Report, run: ReportRun): string {
	const server = report.environment.redis;
	const { redis } = run;
	const parts: string[] = [];
	if (server !== null) {
		const place = server.private ? "private" : (report.plan.redisUrl ?? "");
		parts.push(`${server.serverName} ${server.version} (${place})`.replace(" ()", ""));
	}
	if (redis.busyShare !== null) parts.push(`${formatShare(redis.busyShare)} busy`);
	if (redis.commandsPerTask !== null) parts.push(`${redis.commandsPerTask.toFixed(1)} commands a task`);
	if (redis.peakMemoryBytes !== null) parts.push(`peak memory ${formatBytes(redis.peakMemoryBytes)}`);
	if (redis.peakBacklog !== null) parts.push(`sampled backlog up to ${formatCount(redis.peakBacklog)}`);
	return parts.length === 0 ? "nothing known" : parts.join(", ");
}

export function namespaceSentence(run: ReportRun): string {
	const { keysBeforeStart, keysPurged, keysRemoved, keysLeft } = run.namespace;
	const before = keysBeforeStart === null ? "not looked at before" : `${formatQuantity(keysBeforeStart, "key")} before`;
	const purged = keysPurged > 0 ? ` (${formatCount(keysPurged)} purged)` : "";
	return `${before}${purged}, ${formatCount(keysRemoved)} removed after, ${formatCount(keysLeft)} left`;
}

/**
 * What is printed of the reasons: what several runs share (its code and its advice) is said once, with the first run's
 * figures and the names of the others. The JSON has each.
 */
export function shownReasons(report: Report): Pick<ReportReason, "severity" | "sentence" | "advice">[] {
	const groups = new Map<string, ReportReason[]>();
	for (const reason of report.verdict.reasons) {
		const key = reason.run === null ? reason.sentence : `${reason.severity} ${reason.code} ${reason.advice}`;
		groups.set(key, [...(groups.get(key) ?? []), reason]);
	}
	return [...groups.values()].flatMap(([first, ...others]) => {
		if (!first) return [];
		const { severity, advice, run, sentence } = first;
		const isNamed = report.plan.runs.length > 1 && run !== null;
		return [{ severity, advice, sentence: isNamed ? `${run}${andRuns(others)}: ${sentence}` : sentence }];
	});
}

const RUNS_NAMED = 3;

function andRuns(reasons: readonly ReportReason[]): string {
	if (reasons.length === 0) return "";
	const names = reasons.slice(0, RUNS_NAMED).map(({ run }) => run);
	const more = reasons.length - names.length;
	return ` (and likewise ${names.join(", ")}${more > 0 ? ` and ${formatQuantity(more, "other run")}` : ""})`;
}

export function handlerOf(run: ReportRun): string {
	return formatHandler(run.parameters.handler);
}
