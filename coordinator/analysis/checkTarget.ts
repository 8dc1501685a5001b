import type { MergedRun } from "../merge/merged.js";
import { formatCount, formatQuantity, formatShare } from "../report/format.js";
import type { Reason } from "./reason.js";
import { redisLoadOf } from "./redisLoad.js";

/** What happened in Redis: a namespace of our own, nothing evicted, no errors. */
export function checkTarget(run: MergedRun): Reason[] {
	return [...evictions(run), ...namespaceBefore(run), ...foreigners(run), ...keysAfter(run), ...errors(run)];
}

function evictions(run: MergedRun): Reason[] {
	const { evictedKeys } = redisLoadOf(run.redisSamples, run.census?.redis);
	if (evictedKeys === 0) return [];
	return [
		{
			code: "keys-evicted",
			severity: "INVALID",
			figure: evictedKeys,
			sentence: `Redis evicted ${formatQuantity(evictedKeys, "key")} during the run (maxmemory-policy ${run.redis?.evictionPolicy || "unknown"}).`,
			advice: "Give Redis more memory, or set maxmemory-policy noeviction: a queue must not lose keys.",
		},
	];
}

function namespaceBefore(run: MergedRun): Reason[] {
	if (run.namespace === undefined) {
		return [
			{
				code: "namespace-not-checked",
				severity: "DEGRADED",
				figure: null,
				sentence: "Nobody looked whether the key prefix was empty before the run.",
				advice: "The run ended before its lead agent could tell; run it again.",
			},
		];
	}
	const { keysBeforeStart } = run.namespace;
	if (keysBeforeStart === 0) return [];
	return [
		{
			code: "namespace-not-clean",
			severity: "INVALID",
			figure: keysBeforeStart,
			sentence: `${formatQuantity(keysBeforeStart, "key was", "keys were")} under the prefix when the run started.`,
			advice: "Choose another --key-prefix, or --purge what is there.",
		},
	];
}

function foreigners(run: MergedRun): Reason[] {
	const reasons: Reason[] = [];
	const taken = run.counters.foreign;
	if (taken > 0) {
		reasons.push({
			code: "foreign-tasks-taken",
			severity: "INVALID",
			figure: taken,
			sentence: `The workers took ${formatQuantity(taken, "task")} that this run did not send.`,
			advice:
				"Another producer uses this queue: its tasks were executed by the benchmark. Choose another --key-prefix.",
		});
	}
	const found = run.census?.foreignTasks ?? 0;
	if (found > 0) {
		reasons.push({
			code: "foreign-tasks-left",
			severity: "DEGRADED",
			figure: found,
			sentence: `${formatQuantity(found, "task")} of somebody else ${found === 1 ? "was" : "were"} under the prefix after the run.`,
			advice: "Somebody else uses this prefix: choose another --key-prefix.",
		});
	}
	return reasons;
}

function keysAfter(run: MergedRun): Reason[] {
	if (run.keysLeft === 0) return [];
	return [
		{
			code: "keys-left",
			severity: "DEGRADED",
			figure: run.keysLeft,
			sentence: `${formatQuantity(run.keysLeft, "key")} under the prefix ${run.keysLeft === 1 ? "was" : "were"} not made by this run, and left alone.`,
			advice: "Somebody else wrote under this prefix while the run went on: choose another --key-prefix.",
		},
	];
}

/** One in a thousand, which moves a rate by less than runs differ. */
const ERROR_SHARE_MAX = 0.001;

function errors(run: MergedRun): Reason[] {
	const { counters, accounting } = run;
	const reasons: Reason[] = [];
	if (counters.workerErrors > 0) {
		const share = counters.workerErrors / Math.max(1, counters.dequeued);
		reasons.push({
			code: "worker-errors",
			severity: share > ERROR_SHARE_MAX ? "DEGRADED" : "NOTE",
			figure: counters.workerErrors,
			sentence: `Workers met ${formatQuantity(counters.workerErrors, "Redis error")} over ${formatQuantity(counters.dequeued, "task")} taken (${formatShare(share)}).`,
			advice: "See the errors by kind: was Redis restarted, out of memory or out of reach?",
		});
	}
	const refused = accounting.rejected + accounting.unknown;
	if (refused > 0) {
		const share = refused / Math.max(1, accounting.issued);
		const absent = accounting.unknown - accounting.unknownObserved;
		reasons.push({
			code: "enqueue-errors",
			severity: share > ERROR_SHARE_MAX ? "DEGRADED" : "NOTE",
			figure: refused,
			sentence:
				`${formatCount(refused)} of ${formatQuantity(accounting.issued, "enqueue")} (${formatShare(share)}) went wrong: ` +
				`${formatCount(accounting.rejected)} refused, ${formatCount(accounting.unknown)} without an answer ` +
				`(of which ${formatCount(absent)} never turned up).`,
			advice: "See the errors by kind: was Redis restarted, out of memory or out of reach?",
		});
	}
	return reasons;
}
