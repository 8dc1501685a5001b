import { RunEnd } from "../../proto/gen/record.js";
import type { MergedRun } from "../merge/merged.js";
import { formatCount, formatQuantity } from "../report/format.js";
import type { Reason } from "./reason.js";
import { throughputOf } from "./throughput.js";
import { whoseTasks } from "./whoseTasks.js";

/** What became of every task (measurement.md §8). */
export function checkAccounting(run: MergedRun): Reason[] {
	return [...lost(run), ...unfinished(run), ...notSent(run), ...books(run), ...nothing(run), ...duplicates(run)];
}

/**
 * Enqueued tasks without a response time that were not seen to fail: still in a queue, held by a worker that never settled
 * them, lost, unaccounted, or completed by their records alone.
 */
export function unfinishedTasks(run: MergedRun): number {
	const { remaining, held, lost: gone, unaccounted, recordedCompleted } = run.accounting;
	return remaining + held + gone + unaccounted + recordedCompleted;
}

/** Of a run that sends a number of tasks, those it never came to send; 0 for one that its time ended as planned. */
export function tasksNotSent(run: MergedRun): number {
	return isTimeUp(run) ? 0 : tasksShort(run);
}

function tasksShort(run: MergedRun): number {
	return run.spec.load.kind === "tasks" ? Math.max(0, run.spec.load.tasks - run.accounting.issued) : 0;
}

/** Whether the run lasted to the limit that its plan sets to sending. */
function isTimeUp(run: MergedRun): boolean {
	const { load } = run.spec;
	return load.kind === "tasks" && load.limitMs !== undefined && run.endAtUs >= load.limitMs * 1000;
}

const NAMED_IN_FILE = "lost_tasks.txt names them.";

function lost(run: MergedRun): Reason[] {
	const { lost: count, lostTasks } = run.accounting;
	if (count === 0) return [];
	const named = lostTasks.slice(0, 3).map((task) => task.taskId);
	const list = named.length === 0 ? "" : ` (${named.join(", ")}${count > named.length ? ", …" : ""})`;
	return [
		{
			code: "tasks-lost",
			severity: "INVALID",
			figure: count,
			sentence: `${formatQuantity(count, "task was", "tasks were")} acknowledged by the queue and lost${list}: ${whoseTasks(run, "lost")}.`,
			advice:
				"A task that dies between being taken and being marked as processing is lost, as is one deleted or evicted in " +
				`Redis: look for a worker that crashed and for others that use the key prefix. ${NAMED_IN_FILE}`,
		},
	];
}

function unfinished(run: MergedRun): Reason[] {
	const { remaining, held } = run.accounting;
	const stopped = run.end === RunEnd.ABORTED || run.end === RunEnd.UNDRAINED;
	const reasons: Reason[] = [];
	if (remaining > 0) {
		reasons.push({
			code: "tasks-remaining",
			severity: stopped ? "DEGRADED" : "INVALID",
			figure: remaining,
			sentence: `${formatQuantity(remaining, "task was", "tasks were")} still in the queue when the run ended: ${whoseTasks(run, "remaining")}.`,
			advice: stopped
				? "The run was stopped; its figures cover the tasks that were done."
				: "The workers did not get through the load: give more workers, or a longer --drain-timeout.",
		});
	}
	if (held > 0) {
		reasons.push({
			code: "tasks-held",
			severity: stopped ? "DEGRADED" : "INVALID",
			figure: held,
			sentence: `${formatQuantity(held, "task was", "tasks were")} taken by a worker and never settled: ${whoseTasks(run, "held")}.`,
			advice: `Spool does not recover what a dead or hanging worker holds: look for the worker that stopped. ${NAMED_IN_FILE}`,
		});
	}
	return reasons;
}

function notSent(run: MergedRun): Reason[] {
	const missing = tasksShort(run);
	if (missing === 0 || run.spec.load.kind !== "tasks") return [];
	if (isTimeUp(run)) {
		return [
			{
				code: "time-limit-reached",
				severity: "NOTE",
				figure: missing,
				sentence: `The time limit ended sending with ${formatCount(missing)} of the ${formatCount(run.spec.load.tasks)} tasks not sent.`,
				advice: "As planned: tasks or time, whichever comes first.",
			},
		];
	}
	return [
		{
			code: "tasks-not-sent",
			severity: run.end === RunEnd.ABORTED ? "DEGRADED" : "INVALID",
			figure: missing,
			sentence: `${formatCount(missing)} of the ${formatCount(run.spec.load.tasks)} planned tasks were never sent.`,
			advice: "The run is smaller than its plan: compare it with no whole one.",
		},
	];
}

/** @returns the reason in a few words */
function whyUnaccounted({ census, agents }: MergedRun): string {
	if (census === undefined) return "nobody was left to count what is in Redis";
	return agents.some(({ loss }) => loss !== undefined)
		? "the agent that could tell was lost"
		: "the agents' reports do not say";
}

/** Above this share of the tasks without a trace a run says too little about the load that it was asked to be. */
const UNACCOUNTED_SHARE_MAX = 0.01;

function books(run: MergedRun): Reason[] {
	const { accounting, census } = run;
	const reasons: Reason[] = [];
	if (accounting.unaccounted > 0) {
		const share = accounting.unaccounted / Math.max(1, accounting.issued);
		reasons.push({
			code: "tasks-unaccounted",
			severity: share > UNACCOUNTED_SHARE_MAX ? "INVALID" : "DEGRADED",
			figure: accounting.unaccounted,
			sentence: `What became of ${formatQuantity(accounting.unaccounted, "task")} is not known: ${whyUnaccounted(run)} (${whoseTasks(run, "unaccounted")}).`,
			advice: `They may have been done or not; the run cannot prove either. ${NAMED_IN_FILE}`,
		});
	}
	const { recordedCompleted, recordedDeadLettered } = accounting;
	if (recordedCompleted + recordedDeadLettered > 0) {
		const dead = recordedDeadLettered > 0 ? ` and ${formatCount(recordedDeadLettered)} dead letters` : "";
		reasons.push({
			code: "settled-by-record",
			severity: "NOTE",
			figure: recordedCompleted + recordedDeadLettered,
			sentence: `${formatQuantity(recordedCompleted, "task was", "tasks were")} completed${dead} by their records in Redis alone: the agent that did it was lost before it told.`,
			advice: "They are neither lost nor in the rate, and their response times are not known.",
		});
	}
	if (accounting.notIssued > 0) {
		reasons.push({
			code: "tasks-not-issued",
			severity: "INVALID",
			figure: accounting.notIssued,
			sentence: `${formatQuantity(accounting.notIssued, "task")} turned up under this run's mark that no producer sent.`,
			advice: "Something else writes tasks of this run, or an agent's report is wrong.",
		});
	}
	if (census === undefined) {
		reasons.push({
			code: "no-census",
			severity: "DEGRADED",
			figure: null,
			sentence: "Nobody counted what the run left in Redis, so the accounting is not proven.",
			advice: "No agent was left to count; the keys under the prefix may still be there.",
		});
	} else if (!accounting.balanced) {
		reasons.push({
			code: "not-balanced",
			severity: "INVALID",
			figure: null,
			sentence: "The accounting does not balance: tasks taken in and tasks accounted for differ.",
			advice: "Something else worked on this queue, or a figure here is wrong.",
		});
	}
	return reasons;
}

function nothing(run: MergedRun): Reason[] {
	if (run.accounting.completed > 0) return [];
	return [
		{
			code: "nothing-completed",
			severity: "INVALID",
			figure: 0,
			sentence: "No task was completed, so there is nothing to measure.",
			advice: "Look at the errors by kind below and at the run's log.",
		},
	];
}

function duplicates(run: MergedRun): Reason[] {
	const { duplicates: count, crossAgentDuplicates } = run.accounting;
	if (count === 0) return [];
	const across = crossAgentDuplicates > 0 ? `, ${formatCount(crossAgentDuplicates)} of them by two agents` : "";
	const counted = throughputOf(run).isDistinct
		? "once in the accounting and the rate, and once for each of these agents in the steady rate, the response times and the series"
		: "once in the accounting, and once for each of these agents in the rates, the response times and the series";
	return [
		{
			code: "duplicates",
			severity: "NOTE",
			figure: count,
			sentence: `${formatQuantity(count, "task was", "tasks were")} settled more than once${across}.`,
			advice: `Delivery is at least once, so this is no fault. ${
				crossAgentDuplicates > 0
					? `A task that two agents settled counts ${counted}.`
					: "Each of these tasks counts once in the accounting, the rates, the response times and the series."
			}`,
		},
	];
}
