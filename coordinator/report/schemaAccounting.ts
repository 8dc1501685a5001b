import { z } from "zod";

const count = z.int().min(0);

const taskName = z.object({
	producer: count,
	sequence: count,
	taskId: z.string(),
	priority: z.enum(["low", "normal", "high", "critical"]),
	agent: count.nullable().describe("The agent that sent it; null where nobody knows."),
	known: z.string().describe("What is known of it."),
});

/** Both sides of the balance, of all tasks or some. */
const balance = {
	issued: count,
	acknowledged: count,
	rejected: count,
	unknown: count.describe("Enqueues without an answer."),
	unknownObserved: count.describe("Those of them whose task was seen again."),
	completed: count,
	deadLettered: count,
	recordedCompleted: count.describe("By their records alone: the agent that completed them was lost before it told."),
	recordedDeadLettered: count,
	remaining: count,
	held: count,
	lost: count,
	unaccounted: count,
};

export const accountingSchema = z.object({
	balanced: z.boolean(),
	censusTaken: z.boolean().describe("Whether what was left in Redis was counted after the run."),
	recordsRead: z.boolean().describe("Whether the tasks' records were read too, as is done where an agent was lost."),
	acknowledged: count,
	unknown: count.describe("Enqueues without an answer."),
	unknownObserved: count.describe("Those of them whose task was seen again."),
	recordedCompleted: count.describe("By their records alone: the agent that completed them was lost before it told."),
	recordedDeadLettered: count,
	crossAgentDuplicates: count.describe(
		"Of tasks.duplicates those by another agent. Completions among them are in latency, series and seconds once more, and in the throughput of a run with a duration; not in that of a number of tasks.",
	),
	notIssued: count.describe("Tasks of this run's mark that no producer sent."),
	byAgent: z.array(z.object({ agent: count, ...balance })).describe("By the agent that sent them."),
	byPriority: z
		.array(z.object({ priority: z.enum(["low", "normal", "high", "critical"]), ...balance }))
		.nullable()
		.describe("Of the priorities that tasks had; null where there are too many tasks to draw them again."),
	lostTasks: z.array(taskName).describe("The first 1,000, as of the two below; lost_tasks.txt names more."),
	heldTasks: z.array(taskName),
	unaccountedTasks: z.array(taskName),
});
