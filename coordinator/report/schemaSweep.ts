import { z } from "zod";
import { confidenceSchema } from "./schemaParts.js";
import { medianIntervalSchema } from "./schemaStatistics.js";

const count = z.int().min(0);
const spread = z.object({ median: z.number(), min: z.number(), max: z.number() });

const pointSchema = z.object({
	point: z.string().describe("Its runs carry it as parameters.point."),
	values: z.record(z.string(), z.string()).describe("What it has for each of the dimensions."),
	runs: z.array(count).describe("Ordinals of its runs."),
	invalidRuns: count.describe("Left out of the figures, unless all are invalid."),
	cleanStart: z.boolean().describe("Each of its runs began with no key under its prefix."),
	tasksPerSecond: spread.describe("Over its runs."),
	p50Us: z.number().describe("Median over its runs, of the response time; so for p99Us."),
	p99Us: z.number(),
	clockBoundUs: z.number().describe("± on both, by the clocks, of its run that has most; 0 within one host."),
	confidence: z.object({ p50Us: confidenceSchema, p99Us: confidenceSchema }).describe("The least of its runs."),
	errorRate: z.number().describe("Median over its runs."),
	intervals: z
		.object({ tasksPerSecond: medianIntervalSchema, p50Us: medianIntervalSchema, p99Us: medianIntervalSchema })
		.describe("Of the medians over its runs, by order statistics."),
	speedup: z.number().nullable().describe("Times the rate of the smallest size; null where there is no scaling."),
	efficiency: z.number().nullable().describe("Speed-up ÷ growth in size; 1 is linear."),
});

const fittedSchema = z.object({
	aiccAboveBest: z
		.number()
		.nullable()
		.describe("Akaike's criterion, corrected, above that of the better law; null with too few points for it."),
	worstResidual: z.number().describe("The worst miss of a point's median, as a share of it."),
	rejected: z.boolean().describe("It misses a point by more than a tenth."),
});

const fitSchema = z.object({
	chosen: z.enum(["usl", "cap"]).nullable().describe("The law that describes the points better; null: neither does."),
	usl: fittedSchema
		.extend({
			lambda: z.number().describe("Tasks a second of one."),
			sigma: z.number().describe("Contention."),
			kappa: z.number().describe("Coherence."),
			peak: z.enum(["at", "beyond", "none"]).describe("Whether it has a peak within twice the measured range."),
			peakAt: z.number().nullable().describe("Where, if it is at."),
		})
		.nullable()
		.describe("X(N) = λN / (1 + σ(N−1) + κN(N−1))."),
	cap: fittedSchema
		.extend({
			lambda: z.number().describe("Tasks a second of one."),
			cap: z.number().nullable().describe("Tasks a second; null: not reached."),
		})
		.nullable()
		.describe("X(N) = min(λN, C)."),
	sentence: z.string(),
});

const scalingSchema = z.object({
	dimension: z.enum(["workers", "agents"]),
	verdict: z
		.object({
			kind: z.enum(["linear", "knee", "plateau", "retrograde"]),
			from: count.describe("The size at which it bends; of a linear curve the largest size."),
			sentence: z.string(),
			cause: z.string(),
		})
		.nullable()
		.describe("By the medians alone, no law assumed; null where they say nothing."),
	fit: fitSchema.nullable().describe("Null where it was not made."),
	fitWithheld: z.string().nullable().describe("Why not."),
	curve: z
		.array(z.object({ n: count, measured: z.number(), fitted: z.number().nullable(), ideal: z.number() }))
		.describe("Tasks a second by size: the median, by the chosen law, and in proportion to the smallest size."),
});

export const sweepSchema = z.object({
	dimensions: z.array(z.string()).describe("The settings that vary."),
	repeat: count.describe("Planned runs of each point."),
	seed: z.int().nullable().describe("What the random order was drawn with; null: runs in the plan's order."),
	points: z.array(pointSchema),
	scaling: scalingSchema.nullable().describe("Of a sweep over workers alone, or agents alone."),
	notes: z.array(z.string()),
});
