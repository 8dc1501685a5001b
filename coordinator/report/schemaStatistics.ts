import { z } from "zod";

const count = z.int().min(0);

const trend = z
	.object({
		z: z.number().describe("Of Mann and Kendall: standard normal where there is no trend."),
		perSecond: z.number().describe("Slope of Theil and Sen, in tasks a second, each second."),
		drift: z.number().describe("What that comes to over the measured time, as a share of the mean rate."),
		isTrend: z.boolean().describe("More than chance (p < .01), and enough to matter."),
	})
	.nullable();

const interval = z.object({ lowUs: z.number(), highUs: z.number() }).nullable();

/** How far a run's figures can be built on, beyond its verdict. */
export const statisticsSchema = z.object({
	steadyState: z.object({
		kind: z.enum(["steady", "unsteady", "unknown"]).describe("unknown: too short to tell."),
		warmUpSeconds: z
			.number()
			.nullable()
			.describe("What MSER-5 would leave out at the start; null where it finds no end of it, or in less than 20 s."),
		throughput: trend.describe("Of completions a second; null in less than 10 s."),
		backlog: trend.describe("Of the tasks in the queues; null for a number of tasks, and in less than 10 s."),
		sentence: z.string(),
	}),
	littlesLaw: z
		.object({
			inFlight: z.number().describe("X·R: tasks in flight on average."),
			off: z.number().describe("How far from those asked for, as a share of them."),
			holds: z.boolean().describe("By less than 5 %."),
		})
		.nullable()
		.describe("Of a closed loop that keeps a number of tasks in flight; null where it cannot be asked."),
	responseIntervals: z
		.object({
			p50Us: interval,
			p95Us: interval,
			p99Us: interval,
			withheld: z.string().nullable().describe("Why there is none."),
		})
		.describe(
			"95 % intervals of the response time from ten parts of the run (t, 9 degrees of freedom): within-run, optimistic.",
		),
});

const seconds = (what: string) => z.array(z.number().nullable()).describe(what);

export const secondsSchema = z
	.object({
		offered: seconds("By the plan's rate; null in a closed loop, which offers what the queue allows."),
		intended: z.array(count).describe("Tasks begun that were intended in the second."),
		sent: z.array(count).describe("Sent in it, like completed and failed."),
		completed: z.array(count),
		failed: z.array(count).describe("Became dead letters."),
		backlog: seconds("Tasks in the queues at the second's last sample."),
		p50Us: seconds("Of the tasks intended in the second, the unfinished counted as slower than all; 2 digits."),
		p99Us: seconds("null where it lies among the unfinished, or there are none."),
		maxUs: seconds("Of those completed."),
	})
	.describe("The run second by second, from the epoch on.");

/** Over the runs of a point: the median, and the order statistics that enclose it. */
export const medianIntervalSchema = z
	.object({
		low: z.number(),
		high: z.number(),
		confidence: z.number().describe("How surely it holds the median of all runs that there could be."),
	})
	.nullable()
	.describe("Null for fewer than 5 runs.");
