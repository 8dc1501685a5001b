import { z } from "zod";
import { accountingSchema } from "./schemaAccounting.js";
import { clocksSchema, startSchema } from "./schemaClocks.js";
import { byStage, latencySchema, parametersSchema, processSchema, verdictSchema } from "./schemaParts.js";
import { percentileCurveSchema } from "./schemaPercentileCurve.js";
import { qualitySchema } from "./schemaQuality.js";
import { secondsSchema, statisticsSchema } from "./schemaStatistics.js";

const count = z.int().min(0);
const atMs = z.number().nullable().describe("Milliseconds since the run's epoch; null where it did not happen.");

const tasksSchema = z.object({
	planned: count.nullable().describe("Tasks that the plan asks for; null where it asks for a time."),
	issued: count.describe("Distinct tasks whose enqueue was begun."),
	enqueued: count.describe("Enqueues that took effect: acknowledged, or without an answer but seen again."),
	completed: count.describe("Distinct tasks completed, by the word of an agent."),
	failed: count.describe(
		"Tasks that came to a bad end, or to none: deadLettered + recordedDeadLettered + rejected + unknownAbsent + lost + offered.dropped.",
	),
	deadLettered: count,
	recordedCompleted: count.describe("By their records alone: the agent that completed them was lost before it told."),
	recordedDeadLettered: count,
	rejected: count.describe("Refused by Redis, certainly not in the queue."),
	unknownAbsent: count.describe("Enqueues without an answer whose task never turned up."),
	remaining: count.describe("Still in a queue after the run."),
	held: count.describe("Taken by a worker that never settled them."),
	lost: count.describe("Acknowledged by the queue, and nowhere after the run."),
	unaccounted: count.describe("Nobody can say what became of them: an agent was lost."),
	duplicates: count.describe("Settlements beyond the first of a task. Delivery is at least once."),
});

const throughputSchema = z.object({
	tasksPerSecond: z.number(),
	basis: z.string().describe("What was divided by what."),
	completions: count.describe("What was divided."),
	fromMs: z.number().describe("The measured time, since the run's epoch."),
	toMs: z.number(),
	steadyTasksPerSecond: z.number().nullable().describe("Over the middle 80 % of the completions; null where withheld."),
	steadyWithheld: z.string().nullable().describe("Why it is withheld."),
	enqueuesPerSecond: z.number().describe("Acknowledged enqueues from the first send to the last acknowledgement."),
});

const agentSchema = processSchema.extend({
	index: count,
	agentId: z.string(),
	hostname: z.string(),
	pid: count,
	workers: count,
	producers: count,
	enqueued: count,
	completed: count.describe("Completion events."),
	deadLettered: count,
	tasksPerSecond: z
		.number()
		.describe(
			"Completion events ÷ the run's measured time; in a timed run those of warm-up, kept-up load and drain are among them.",
		),
	startLatenessUs: z.number().describe("How long after the epoch it began."),
	clockBoundUs: z.number().describe("± of its clock against the common timebase."),
	maxInFlight: count.describe("The most tasks in its workers' hands at once."),
	lost: z
		.object({
			atMs: z.number().describe("When its loss was noticed, since the epoch."),
			coveredToMs: z.number().describe("Its figures reach to here."),
			reason: z.string(),
		})
		.nullable(),
});

const redisSchema = z.object({
	busyShare: z.number().nullable().describe("CPU time of Redis's main thread ÷ time; null where Redis does not tell."),
	commandsPerTask: z.number().nullable().describe("Of all clients, polls included, by completed task."),
	peakMemoryBytes: z.number().nullable().describe("Of the samples."),
	peakBacklog: count.nullable().describe("Of the samples; null where there are fewer than two."),
	evictedKeys: count,
	samples: z.array(
		z.object({
			atMs: z.number(),
			backlog: z.array(z.number()).describe("By priority, low to critical."),
			usedMemoryBytes: z.number(),
			connectedClients: z.number(),
		}),
	),
});

const offeredSchema = z
	.object({
		perSecond: z.number().describe("Tasks a second by the plan, over the time that throughput is measured over."),
		achievedShare: z.number().describe("throughput.tasksPerSecond ÷ perSecond."),
		due: count.describe(
			"Arrivals that fell due in the whole run, warm-up and kept-up load with it; of a lost agent, after its last report, by the plan.",
		),
		sent: count,
		sentRatio: z.number().describe("sent ÷ due."),
		lateShare: z.number().describe("Of those sent, more than 1 ms after they were due."),
		heldBack: count.describe("Late because too many enqueues had no answer."),
		notOffered: count.describe("Due before a late agent had begun, or notOfferedLost."),
		notOfferedLost: count.describe("Of a lost agent's share, and not sent by its last report."),
		dropped: count.describe("Due, and never sent: sending ended first. Each counts as an error."),
		droppedHeldBack: count.describe("Those of them that waited because too many enqueues had no answer."),
		maxUnacknowledged: count.describe(
			"The most enqueues without an answer at once, each agent's added up. Not the tasks in workers' hands: resources.maxInFlight.",
		),
		sendingLoopUtilizationMax: z
			.number()
			.describe("Of the busiest agent's event loop, from the start until sending ended: 0 to 1."),
	})
	.nullable()
	.describe("What an open loop was to offer, and did; null for a closed loop.");

export const runSchema = z.object({
	ordinal: count,
	name: z.string(),
	runId: z.string(),
	agents: count,
	workers: count,
	verdict: verdictSchema,
	quality: qualitySchema,
	end: z.enum(["drained", "stalled", "undrained", "aborted", "failed"]),
	endReason: z.string(),
	loop: z.enum(["closed", "open"]),
	loopNote: z.string(),
	parameters: parametersSchema,
	clocks: clocksSchema,
	start: startSchema,
	timing: z.object({
		startedAt: z.iso.datetime().describe("The epoch, on Redis's clock."),
		firstSentAtMs: atMs,
		lastSentAtMs: atMs,
		lastEnqueuedAtMs: atMs,
		firstCompletedAtMs: atMs,
		lastCompletedAtMs: atMs,
		endedAtMs: z.number().describe("When the workers were told to stop."),
		clockBoundUs: z.number().describe("± on times between two hosts; 0 on one host."),
	}),
	tasks: tasksSchema,
	errorRate: z.number().describe("tasks.failed ÷ (tasks.issued + offered.dropped)."),
	attempts: z.object({
		dequeued: count.describe("Tasks handed to workers, each attempt counted."),
		failed: count.describe("Handler runs that failed or timed out."),
		retried: count,
		polls: count,
		emptyPolls: count,
		workerErrors: count.describe("Redis errors in workers."),
	}),
	throughput: throughputSchema,
	offered: offeredSchema,
	latency: byStage(latencySchema),
	percentileCurve: percentileCurveSchema,
	accounting: accountingSchema,
	statistics: statisticsSchema,
	seconds: secondsSchema,
	errors: z.record(z.string(), count).describe("By kind."),
	outages: z
		.array(
			z.object({
				fromMs: z.number(),
				toMs: z.number().nullable().describe("null where it was not over when the run ended."),
				agents: z.array(count).describe("Whom it met, by index."),
				tasksPerSecondBefore: z.number().nullable().describe("Completions over the 5 s before it; null without any."),
				recoveryMs: z
					.number()
					.nullable()
					.describe("From its end to the first second with 80 % of that rate; null where that did not come about."),
			}),
		)
		.describe("When one or more agents had lost Redis."),
	namespace: z.object({
		keysBeforeStart: count.nullable().describe("Under the prefix when the run started; null where nobody looked."),
		keysPurged: count,
		keysRemoved: count.describe("Keys of this run, removed after it."),
		keysLeft: count.describe("Keys that this run did not make."),
	}),
	resources: z
		.object({
			cpuUserMs: z.number(),
			cpuSystemMs: z.number(),
			cpuShare: z.number().describe("CPU time of all agents ÷ wall time: 1 is one core."),
			cpuUsPerTask: z.number().nullable().describe("By completed task."),
			peakRssSumBytes: z.number(),
			peakRssMaxBytes: z.number().describe("Of the largest agent."),
			peakHeapSumBytes: z.number(),
			allocatedBytes: z.number().nullable().describe("In total; null where Node does not tell."),
			loopDelayP99MaxUs: z.number(),
			loopDelayMaxUs: z.number(),
			loopUtilizationMax: z.number(),
			memoryTrend: z
				.object({
					kind: z.enum(["stable", "growing", "unknown"]),
					bytesPerSecond: z
						.number()
						.nullable()
						.describe("Of the agent that grows fastest; null where it is not known."),
					sentence: z.string(),
				})
				.describe("Of the agents' resident memory, by a test of its slope."),
			maxInFlight: count.describe("The most tasks in workers' hands at once, each agent's added up."),
			metadataBytesPerTask: z.number().describe("What the benchmark's stamps added to each task sent."),
		})
		.describe("Of all agents."),
	perAgent: z.array(agentSchema),
	redis: redisSchema,
	series: z
		.object({
			slotMs: z.number(),
			sent: z.array(count),
			enqueued: z.array(count),
			completed: z.array(count),
			failed: z.array(count),
		})
		.describe("Counts in slots from the epoch on."),
});
