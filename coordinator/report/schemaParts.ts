import { z } from "zod";

const count = z.int().min(0);

export const reasonSchema = z.object({
	code: z.string().describe("Stable name of the finding, such as tasks-lost or agent-busy."),
	severity: z.enum(["INVALID", "DEGRADED", "NOTE"]).describe("A NOTE leaves the verdict as it is."),
	run: z.string().nullable().describe("The run it is about; null: the whole execution."),
	figure: z
		.number()
		.nullable()
		.describe("The figure that gave rise to it, in the unit that the sentence names (times: µs; shares: of 1)."),
	sentence: z.string(),
	advice: z.string(),
});

export const verdictSchema = z.object({
	validity: z
		.enum(["VALID", "DEGRADED", "INVALID"])
		.describe("VALID: the figures hold. DEGRADED: they hold with the reservations listed. INVALID: do not use them."),
	reasons: z.array(reasonSchema).describe("Every finding, the gravest first."),
});

export const confidenceSchema = z
	.enum(["ok", "low", "withheld"])
	.describe(
		"withheld: fewer than 10 values lie above the percentile, or it lies above the share of tasks that finished; low: fewer than 100 values.",
	);

export const latencySchema = z
	.object({
		count: count.describe("Values recorded; the figures are 0 where it is 0."),
		unfinished: count.describe(
			"Tasks without a value, which count as slower than all others: a percentile that lies among them is the least that it can be, by the finished ones and by what these had waited when the run ended.",
		),
		meanUs: z.number(),
		p50Us: z.number(),
		p95Us: z.number(),
		p99Us: z.number(),
		p999Us: z.number(),
		minUs: z.number().describe("Exact."),
		maxUs: z.number().describe("Exact."),
		overflow: count.describe("Values above an hour; they count as the top of the range, the maximum stays exact."),
		negative: count.describe("Values below zero, counted as zero: the clocks disagreed."),
		clockBoundUs: z.number().describe("± on each figure, by the clocks; 0 where none of the tasks crossed hosts."),
		confidence: z.object({
			p50Us: confidenceSchema,
			p95Us: confidenceSchema,
			p99Us: confidenceSchema,
			p999Us: confidenceSchema,
		}),
	})
	.describe("Microseconds, three significant digits.");

/** Each value is of one stage of a task's life. */
export const byStage = <T extends z.ZodType>(value: T) =>
	z.object({
		responseTime: value,
		uncorrectedResponseTime: value,
		sendLag: value,
		enqueueTime: value,
		queueWait: value,
		dequeueTime: value,
		serviceTime: value,
		ackTime: value,
		generatorLag: value,
		backpressureLag: value,
	});

export const parametersSchema = z.object({
	name: z.string(),
	point: z.string().describe("Runs of one point of a sweep are repeats of each other."),
	agents: count.describe("Agents that took part."),
	engine: z.string(),
	workers: count,
	producers: count,
	pollIntervalMs: z.number().describe("0: workers poll back to back, or are woken."),
	concurrency: count.describe("Handlers at once for each worker."),
	batch: count.describe("The most tasks in one round trip."),
	load: z.discriminatedUnion("kind", [
		z.object({
			kind: z.literal("tasks"),
			tasks: count,
			limitMs: z.number().nullable().describe("Sending ended then, if not before; null: no limit."),
		}),
		z.object({
			kind: z.literal("timed"),
			warmupMs: z.number(),
			durationMs: z.number().describe("The measured time, after the warm-up."),
			inFlight: count,
		}),
		z.object({
			kind: z.literal("open"),
			rate: z.string().describe("Tasks a second of the whole fleet, as a plan writes it."),
			arrivals: z.string().describe("As a plan writes it."),
			warmupMs: z.number(),
			durationMs: z.number().describe("The measured time, after the warm-up."),
			maxUnacknowledged: count.describe("Beyond so many enqueues without an answer arrivals waited."),
			spin: z.boolean(),
		}),
	]),
	task: z.object({
		type: z.string(),
		payload: z.string().describe("Length of the filler, as a plan writes it."),
		priority: z.string().describe("As a plan writes it."),
		maxRetries: count,
		timeoutMs: z.number(),
	}),
	handler: z.discriminatedUnion("kind", [
		z.object({ kind: z.literal("benchmark") }),
		z.object({ kind: z.literal("noop") }),
		z.object({ kind: z.literal("sleep"), meanMs: z.number(), exponential: z.boolean() }),
		z.object({ kind: z.literal("cpu"), durationMs: z.number() }),
		z.object({ kind: z.literal("fail"), probability: z.number() }),
		z.object({ kind: z.literal("hang") }),
	]),
	drainTimeoutMs: z.number(),
	seed: z.int().min(0).describe("What all that was random was drawn from."),
});

export const processSchema = z.object({
	cpuUserMs: z.number(),
	cpuSystemMs: z.number(),
	cpuShare: z.number().describe("CPU time ÷ wall time: 1 is one core."),
	peakRssBytes: z.number(),
	peakHeapBytes: z.number(),
	allocatedBytes: z.number().nullable().describe("In total; null where Node does not tell."),
	loopDelayP50Us: z.number(),
	loopDelayP99Us: z.number(),
	loopDelayMaxUs: z.number(),
	loopUtilization: z.number().describe("0 to 1."),
	throttling: z
		.object({
			quotaCpus: z.number().nullable().describe("Cores that the quota is worth; null: there is none."),
			periods: count.describe("Periods of the quota in which the process wanted to run."),
			throttledPeriods: count.describe("Of those, in which it was stopped until the next."),
			throttledMs: z.number().describe("For how long, summed over CPUs."),
		})
		.nullable()
		.describe("What the CPU quota of the process's cgroup did; null where no cgroup tells."),
});

export const hostSchema = z.object({
	hostname: z.string(),
	cpus: count.describe("Cores that a process may use."),
	memoryBytes: z.number(),
	cpuModel: z.string(),
	kernel: z.string(),
	nodeVersion: z.string(),
	agents: z.array(count).describe("Indexes of the agents that ran there."),
	coordinator: z.boolean().describe("Whether the coordinator ran there."),
});

export const redisServerSchema = z.object({
	serverName: z.string(),
	version: z.string(),
	mode: z.string(),
	os: z.string(),
	maxMemoryBytes: z.number().describe("0: no limit."),
	evictionPolicy: z.string(),
	persistence: z.string(),
	private: z.boolean().describe("A throw-away server that the coordinator started."),
});

export const scalabilityPointSchema = z.object({
	run: z.string(),
	workers: count,
	tasksPerSecond: z.number(),
	speedup: z.number().nullable().describe("Times the rate of the run with the fewest workers."),
	efficiency: z.number().nullable().describe("Speed-up ÷ growth in workers; 1 is linear."),
});
