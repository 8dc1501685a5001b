import {
	type Census,
	type Counters,
	type LedgerPage,
	Outcome,
	type ProducerProgress,
} from "../../proto/gen/measurement.js";
import { LedgerPages } from "../../proto/ledger.js";
import { makeTaskId } from "../../proto/taskid.js";
import type { Accounting, TaskName } from "./merged.js";
import { emptyTally, firstHeld, firstMissing, lastSequence, type Tally, tallyOf } from "./tally.js";

/** How many lost, and how many held tasks are named. */
export const LISTED_TASKS = 1_000;

/** One agent's part of the ledger. */
export interface AgentLedger {
	readonly counters: Counters;
	readonly pages: readonly LedgerPage[];
	readonly producers: readonly ProducerProgress[];
	/** It did not hand in its result: it may have issued more than it said and, where it had workers, settled more. */
	readonly lost: boolean;
	readonly workers: number;
}

/**
 * Balances the ledger (measurement.md §8) by set operations on the tasks' bitmaps. Where nobody can say that a missing task
 * was not settled (no census, or an agent with workers was lost before it had told everything), or that it was enqueued (its
 * producer's agent was lost), it is unaccounted; else it is lost.
 */
export function accountFor(runTag: number, agents: readonly AgentLedger[], census: Census | undefined): Accounting {
	const ledger = new LedgerPages();
	let settledByAgents = 0;
	let countersAgree = true;
	for (const agent of agents) {
		const own = new LedgerPages();
		own.or(agent.pages);
		ledger.or(agent.pages);
		settledByAgents += own.popcount(Outcome.COMPLETED) + own.popcount(Outcome.DEAD_LETTERED);
		countersAgree &&= agreesWithItself(agent, own);
	}
	ledger.or(census?.pages ?? []);

	const progress = progressOf(agents, ledger);
	const someSettledUntold = !census || agents.some(({ lost, workers }) => lost && workers > 0);
	const sum = emptyTally();
	const lostTasks: TaskName[] = [];
	const heldTasks: TaskName[] = [];
	let lost = 0;
	for (const [producer, { issued, told }] of progress) {
		const tally = tallyOf(ledger, producer, issued);
		for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += tally[name];
		const name = (sequence: number) => ({ producer, sequence, taskId: makeTaskId(runTag, producer, sequence) });
		if (told && !someSettledUntold) {
			lost += tally.missing;
			const unlisted = tally.missing > 0 ? LISTED_TASKS - lostTasks.length : 0;
			lostTasks.push(...firstMissing(ledger, producer, issued, unlisted).map(name));
		}
		const unlisted = tally.held > 0 ? LISTED_TASKS - heldTasks.length : 0;
		heldTasks.push(...firstHeld(ledger, producer, issued, unlisted).map(name));
	}

	const { missing, settled, ...counts } = sum;
	const acknowledged = counts.issued - counts.rejected - counts.unknown;
	const unaccounted = missing - lost;
	const crossAgentDuplicates = settledByAgents - settled;
	const found = counts.completed + counts.deadLettered + counts.remaining + counts.held;
	return {
		...counts,
		acknowledged,
		lost,
		unaccounted,
		duplicates: agents.reduce((total, { counters }) => total + counters.duplicates, crossAgentDuplicates),
		crossAgentDuplicates,
		balanced:
			census !== undefined &&
			countersAgree &&
			counts.notIssued === 0 &&
			acknowledged + counts.unknownObserved === found + lost + unaccounted,
		lostTasks,
		heldTasks,
	};
}

/** An agent counts events and keeps the ledger separately; both tell the same, unless it was cut off between two events. */
function agreesWithItself({ counters, producers, lost }: AgentLedger, own: LedgerPages): boolean {
	const issued = producers.reduce((sum, progress) => sum + progress.issued, 0);
	const decided = counters.enqueued + counters.rejected + counters.unknown;
	const settled = own.popcount(Outcome.COMPLETED) + own.popcount(Outcome.DEAD_LETTERED);
	return (
		counters.sent === issued &&
		(lost ? decided <= issued : decided === issued) &&
		counters.rejected === own.popcount(Outcome.REJECTED) &&
		counters.unknown === own.popcount(Outcome.UNKNOWN) &&
		counters.completed + counters.deadLettered - counters.duplicates === settled
	);
}

/**
 * How many tasks each producer issued, and whether its agent told everything. One whose agent was lost issued at least up to
 * the last of its tasks that anybody has seen.
 */
function progressOf(
	agents: readonly AgentLedger[],
	ledger: LedgerPages,
): ReadonlyMap<number, { readonly issued: number; readonly told: boolean }> {
	const progress = new Map<number, { issued: number; told: boolean }>();
	for (const { producers, lost } of agents) {
		for (const { producer, issued } of producers) progress.set(producer, { issued, told: !lost });
	}
	const someLost = agents.some(({ lost }) => lost);
	for (const producer of ledger.producers()) {
		const said = progress.get(producer) ?? { issued: 0, told: !someLost };
		const issued = said.told ? said.issued : Math.max(said.issued, lastSequence(ledger, producer) + 1);
		progress.set(producer, { issued, told: said.told });
	}
	return progress;
}
