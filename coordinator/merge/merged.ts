import type {
	Census,
	ClockQuality,
	Counters,
	Host,
	Namespace,
	RedisSample,
	RedisServer,
	Resources,
	Slot,
	Span,
	Stage,
} from "../../proto/gen/measurement.js";
import type { MemorySample, RunEnd } from "../../proto/gen/record.js";
import type { Distribution } from "../../proto/histogram.js";
import type { SecondOfResponses } from "../../proto/responseSecond.js";
import type { RunSpec } from "../plan/plan.js";

/** One run's facts, put together from all agents. Made by `mergeRun`; judged by `analysis`, rendered by `report`. */
export interface MergedRun {
	readonly ordinal: number;
	readonly runId: string;
	readonly spec: RunSpec;
	readonly agents: readonly MergedAgent[];
	/** Sums over agents, the lost ones' deltas included. */
	readonly counters: Counters;
	/** Every stage is present; one without values has count 0. */
	readonly stages: ReadonlyMap<Stage, Distribution>;
	/** Dense 200 ms slots from the epoch to the last one in which something happened. */
	readonly series: readonly Slot[];
	/** The seconds, in order, in which tasks were intended, and those tasks' response times. */
	readonly responseSeries: readonly SecondOfResponses[];
	/** Over all agents: the first of the firsts, the last of the lasts; -1 where nothing happened. */
	readonly span: Span;
	readonly accounting: Accounting;
	/** What went wrong, by kind. */
	readonly errors: ReadonlyMap<string, number>;
	readonly resources: FleetResources;
	readonly redisSamples: readonly RedisSample[];
	/** When Redis was out of reach of one or more agents, in order; none touches the next. */
	readonly outages: readonly FleetOutage[];
	readonly redis: RedisServer | undefined;
	readonly namespace: Namespace | undefined;
	readonly census: Census | undefined;
	readonly keysRemoved: number;
	readonly keysLeft: number;
	readonly end: RunEnd;
	readonly endReason: string;
	readonly endAtUs: number;
	readonly epochUnixMs: number;
	/** What a self-test planted in this run, in words. */
	readonly faults: readonly string[];
}

export interface FleetOutage {
	readonly fromUs: number;
	/** Undefined where it was not over when the run ended. */
	readonly toUs: number | undefined;
	/** The indexes of the agents that it met. */
	readonly agents: readonly number[];
}

export interface MergedAgent {
	readonly index: number;
	readonly agentId: string;
	readonly host: Host;
	readonly pid: number;
	readonly workers: number;
	readonly producers: number;
	/** ± of the epoch on its clock, when the run was armed. */
	readonly clockBoundUs: number;
	/** How its clock followed Redis's since; undefined on one host. */
	readonly clock: ClockQuality | undefined;
	readonly counters: Counters;
	readonly span: Span;
	readonly resources: Resources;
	/** By time; none where it was too short for a delta. */
	readonly memory: readonly MemorySample[];
	/** Set where the agent did not hand in its result: what is here is the sum of its deltas. */
	readonly loss: { readonly atUs: number; readonly reason: string; readonly coveredToUs: number } | undefined;
}

export interface FleetResources {
	readonly cpuUserUs: number;
	readonly cpuSystemUs: number;
	/** Sum and largest of the agents' peaks. */
	readonly peakRssSumBytes: number;
	readonly peakRssMaxBytes: number;
	readonly peakHeapSumBytes: number;
	/** -1 where one agent's Node does not tell. */
	readonly allocatedBytes: number;
	readonly loopDelayP99MaxUs: number;
	readonly loopDelayMaxUs: number;
	readonly loopUtilizationMax: number;
	/** While its agent sent. */
	readonly sendingLoopUtilizationMax: number;
	/** Tasks in workers' hands, and enqueues without an answer: each agent's most at once. */
	readonly maxInFlightSum: number;
	readonly maxUnacknowledgedSum: number;
}

/**
 * Both sides of the ledger's balance over distinct tasks (measurement.md §8): `acknowledged + (unknown ∩ observed) =
 * completed + deadLettered + recordedCompleted + recordedDeadLettered + remaining + held + lost + unaccounted`. Lost is a
 * set difference, never what makes the sum come out.
 */
export interface Balance {
	/** Sequence numbers begun. */
	readonly issued: number;
	readonly acknowledged: number;
	readonly rejected: number;
	readonly unknown: number;
	/** Of the unknown, those that were seen again, so that their enqueue did take effect. */
	readonly unknownObserved: number;
	readonly completed: number;
	readonly deadLettered: number;
	/** Still in a queue, by the census. */
	readonly remaining: number;
	/** Under a processing key and in no queue, by the census: taken by a worker that never settled it. */
	readonly held: number;
	/** Settled by their records in Redis, though no agent told: it was lost before it could. */
	readonly recordedCompleted: number;
	readonly recordedDeadLettered: number;
	/** Acknowledged and nowhere, with every agent's word, or every task's record, and a census to prove it. */
	readonly lost: number;
	/**
	 * Not seen again, and nobody can say that they are lost: an agent with workers died that may have settled them and no
	 * record was read, their producer's agent died that may never have had them acknowledged, or no census was taken.
	 */
	readonly unaccounted: number;
}

export interface Accounting extends Balance {
	/** By the agent that sent the tasks, in order of its index. */
	readonly byAgent: readonly (Balance & { readonly agent: number })[];
	/** Of the priorities that tasks had: 0 low … 3 critical. Undefined where there are too many tasks to draw them again. */
	readonly byPriority: readonly (Balance & { readonly priority: number })[] | undefined;
	/** Settling events beyond the first of each task, within one agent and across agents. */
	readonly duplicates: number;
	readonly crossAgentDuplicates: number;
	/** Settled or found tasks that nobody issued. */
	readonly notIssued: number;
	/** Both sides of the balance agree, and a census was taken. */
	readonly balanced: boolean;
	/** The census looked into the tasks' records too. */
	readonly recordsRead: boolean;
	/** The tasks that nobody settled, named: of each fate the first ones, at most `NAMED_TASKS`. */
	readonly lostTasks: readonly TaskName[];
	readonly heldTasks: readonly TaskName[];
	readonly unaccountedTasks: readonly TaskName[];
}

export interface TaskName {
	readonly producer: number;
	readonly sequence: number;
	readonly taskId: string;
	/** 0 low … 3 critical. */
	readonly priority: number;
	/** The index of the agent that sent it; undefined where no agent has that producer. */
	readonly agent: number | undefined;
	/** What its record in Redis says: open: not at an end. */
	readonly record: "open" | "none" | "unread";
}
