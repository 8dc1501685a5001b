import { drawer } from "../../proto/draw.js";
import {
	type Census,
	type Counters,
	type LedgerPage,
	Outcome,
	type ProducerProgress,
} from "../../proto/gen/measurement.js";
import type { TaskShape } from "../../proto/gen/slice.js";
import { LedgerPages } from "../../proto/ledger.js";
import { makeTaskId } from "../../proto/taskid.js";
import type { Accounting, Balance, TaskName } from "./merged.js";
import { priorityGroups } from "./priorityMasks.js";
import {
	addTally,
	emptyTally,
	type Fate,
	lastSequence,
	type Progress,
	sequencesOf,
	type Tally,
	tallyOf,
} from "./tally.js";

/** How many tasks of each fate are named. */
export const NAMED_TASKS = 100_000;

/** One agent's part of the ledger. */
export interface AgentLedger {
	readonly index: number;
	readonly counters: Counters;
	readonly pages: readonly LedgerPage[];
	readonly producers: readonly ProducerProgress[];
	/** It did not hand in its result: it may have issued more than it said and, where it had workers, settled more. */
	readonly lost: boolean;
	readonly workers: number;
}

export interface AccountedRun {
	readonly runTag: number;
	readonly agents: readonly AgentLedger[];
	readonly census: Census | undefined;
	/** What tasks were drawn from. */
	readonly shape: TaskShape;
	/** A producer begins a task when the outcome of the one before is known: closed loops. */
	readonly sequential: boolean;
}

/** What is known of a producer, and whose it is. */
interface Sender extends Progress {
	readonly agent: number | undefined;
}

/**
 * Balances the ledger (measurement.md §8) by set operations on the tasks' bitmaps. A missing task is lost where it is known
 * that nobody settled it (a census was taken, and every agent with workers told everything or the tasks' records were read)
 * and that it was enqueued (its producer's agent told so, or its record and a later task of its producer do); else it is
 * unaccounted.
 */
export function accountFor({ runTag, agents, census, shape, sequential }: AccountedRun): Accounting {
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

	const senders = sendersOf(agents, ledger, census, sequential);
	const sum = emptyTally();
	const byAgent = new Map(agents.map(({ index }) => [index, emptyTally()]));
	const byPriority = new Map<number, Tally>();
	let arePrioritiesKnown = true;
	const named: Record<Fate, TaskName[]> = { lost: [], held: [], unaccounted: [] };
	for (const [producer, sender] of senders) {
		const tally = tallyOf(ledger, producer, sender);
		addTally(sum, tally);
		const ofAgent = sender.agent === undefined ? undefined : byAgent.get(sender.agent);
		if (ofAgent) addTally(ofAgent, tally);
		const groups = priorityGroups(shape, producer, sender.issued);
		arePrioritiesKnown &&= groups !== undefined;
		for (const { priority, mask } of groups ?? []) {
			const ofPriority = byPriority.get(priority) ?? emptyTally();
			byPriority.set(priority, ofPriority);
			addTally(ofPriority, mask ? tallyOf(ledger, producer, sender, mask) : tally);
		}
		for (const fate of ["lost", "held", "unaccounted"] as const) {
			const wanted = Math.min(tally[fate], NAMED_TASKS - named[fate].length);
			if (wanted === 0) continue;
			const nameOf = namer({ runTag, shape, ledger, census, producer, agent: sender.agent });
			for (const sequence of sequencesOf(fate, ledger, producer, sender, wanted)) named[fate].push(nameOf(sequence));
		}
	}

	const whole = balanceOf(sum);
	const crossAgentDuplicates = settledByAgents - sum.settled;
	const { completed, deadLettered, recordedCompleted, recordedDeadLettered, remaining, held, lost, unaccounted } =
		whole;
	const found = completed + deadLettered + recordedCompleted + recordedDeadLettered + remaining + held;
	return {
		...whole,
		byAgent: [...byAgent].map(([agent, tally]) => ({ agent, ...balanceOf(tally) })),
		byPriority: arePrioritiesKnown
			? [...byPriority].sort(([a], [b]) => a - b).map(([priority, tally]) => ({ priority, ...balanceOf(tally) }))
			: undefined,
		duplicates: agents.reduce((total, { counters }) => total + counters.duplicates, crossAgentDuplicates),
		crossAgentDuplicates,
		notIssued: sum.notIssued,
		balanced:
			census !== undefined &&
			countersAgree &&
			sum.notIssued === 0 &&
			whole.acknowledged + whole.unknownObserved === found + lost + unaccounted,
		recordsRead: census?.statesRead ?? false,
		lostTasks: named.lost,
		heldTasks: named.held,
		unaccountedTasks: named.unaccounted,
	};
}

function balanceOf({ settled, notIssued, ...counts }: Tally): Balance {
	return { ...counts, acknowledged: counts.issued - counts.rejected - counts.unknown };
}

function namer(of: {
	readonly runTag: number;
	readonly shape: TaskShape;
	readonly ledger: LedgerPages;
	readonly census: Census | undefined;
	readonly producer: number;
	readonly agent: number | undefined;
}): (sequence: number) => TaskName {
	const { producer, agent, ledger } = of;
	const draw = drawer(of.shape, producer);
	const recordOf = (sequence: number) => {
		if (!of.census?.statesRead) return "unread";
		return ledger.has(producer, Outcome.RECORDED_OPEN, sequence) ? "open" : "none";
	};
	return (sequence) => ({
		producer,
		sequence,
		taskId: makeTaskId(of.runTag, producer, sequence),
		priority: draw(sequence).priority,
		agent,
		record: recordOf(sequence),
	});
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

/** Every producer that an agent or any page tells of. */
function sendersOf(
	agents: readonly AgentLedger[],
	ledger: LedgerPages,
	census: Census | undefined,
	sequential: boolean,
): ReadonlyMap<number, Sender> {
	const someSettledUntold = !census?.statesRead && agents.some(({ lost, workers }) => lost && workers > 0);
	const settlementsKnown = census !== undefined && !someSettledUntold;
	const senders = new Map<number, Sender>();
	for (const agent of agents) {
		for (const { producer, issued } of agent.producers) {
			const known = { agent: agent.index, settlementsKnown };
			senders.set(
				producer,
				agent.lost
					? { ...known, ...progressOfLost(agent, issued, lastSequence(ledger, producer), sequential) }
					: { ...known, issued, acknowledgedBelow: issued, acknowledgedByRecordBelow: issued },
			);
		}
	}
	const lost = agents.filter((agent) => agent.lost);
	for (const producer of ledger.producers()) {
		if (senders.has(producer)) continue;
		// A producer of which nobody has spoken is of an agent that was lost before it could.
		const issued = lost.length > 0 ? lastSequence(ledger, producer) + 1 : 0;
		senders.set(producer, {
			agent: lost.length === 1 ? lost[0]?.index : undefined,
			settlementsKnown,
			issued,
			acknowledgedBelow: 0,
			acknowledgedByRecordBelow: sequential ? issued - 1 : 0,
		});
	}
	return senders;
}

/**
 * A producer whose agent was lost issued at least up to the last of its tasks that anybody has seen. What was acknowledged of
 * them: by its last word all that it had begun, if no enqueue was without an answer then; in a closed loop all but the last
 * one that it had begun, and beyond its last word, since it may have been refused tasks untold, those of which a record
 * says that they were not.
 */
function progressOfLost(agent: AgentLedger, told: number, lastSeen: number, sequential: boolean) {
	const { sent, enqueued, rejected, unknown } = agent.counters;
	const issued = Math.max(told, lastSeen + 1);
	const allAnswered = enqueued + rejected + unknown === sent;
	const acknowledgedBelow = allAnswered ? told : sequential ? told - 1 : 0;
	return {
		issued,
		acknowledgedBelow,
		acknowledgedByRecordBelow: sequential ? Math.max(acknowledgedBelow, issued - 1) : acknowledgedBelow,
	};
}
