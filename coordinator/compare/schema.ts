import { z } from "zod";

export const COMPARISON_SCHEMA = "spool-bench/comparison/1";

const count = z.int().min(0);
const interval = z.object({ low: z.number(), high: z.number() });

export const OUTCOMES = ["better", "worse", "equivalent", "inconclusive"] as const;

const valuesSchema = z.object({
	median: z.number().nullable().describe("null: none of its runs tells."),
	values: z.array(z.number()).describe("By run, or by pair where the runs are paired."),
});

const metricSchema = z.object({
	key: z.string(),
	title: z.string(),
	better: z.enum(["higher", "lower"]).nullable().describe("null: neither is better, so there is no verdict on it."),
	headline: z.boolean().describe("Whether the overall verdict is made of it."),
	scale: z
		.enum(["ratio", "difference"])
		.describe(
			"ratio: changes are shares of the baseline's value (0.05: 5 % higher). difference: they are its own unit.",
		),
	baseline: valuesSchema,
	candidate: valuesSchema,
	change: z
		.number()
		.nullable()
		.describe("Of the value, not of its quality. Hodges and Lehmann's estimate where there are several runs a side."),
	interval: interval.nullable().describe("Of the change, at 95 %; null: too few runs."),
	pValue: z.number().nullable(),
	delta: z
		.number()
		.nullable()
		.describe("A change up to here counts as none, with the noise floor where that is higher."),
	noiseFloor: z.number().nullable().describe("What A/A pairs show as a change in one of twenty comparisons."),
	outcome: z.enum(OUTCOMES).nullable().describe("null: no verdict on it, see the sentence."),
	runsNeeded: count
		.nullable()
		.describe("Where it is inconclusive: pairs, or runs a side, that settle it in four of five cases."),
	sentence: z.string(),
});

const pointSchema = z.object({
	name: z.string().describe("The set of parameters that is compared."),
	differences: z.array(z.string()).describe("Parameters in which the sides differ."),
	baselineRuns: count,
	candidateRuns: count,
	metrics: z.array(metricSchema),
});

const sideSchema = z.object({
	label: z.string().describe("The folder or the plan file."),
	name: z.string(),
	softwareVersion: z.string(),
	startedAt: z.string(),
	runs: count,
});

export const designSchema = z.object({
	seed: count,
	baseline: z.object({ label: z.string(), name: z.string() }),
	candidate: z.object({ label: z.string(), name: z.string() }),
	noisePairs: count,
	pairs: count,
	order: z
		.array(z.object({ phase: z.enum(["noise", "pair"]), pair: count, side: z.enum(["baseline", "candidate"]) }))
		.describe("Of the runs, by their ordinal."),
});

/** `comparison.json`. Fields are added within `spool-bench/comparison/1`, none is taken away or changes its meaning. */
export const comparisonSchema = z.object({
	schema: z.literal(COMPARISON_SCHEMA),
	verdict: z.object({
		outcome: z
			.enum([...OUTCOMES, "mixed"])
			.nullable()
			.describe("null: there is no verdict, see the sentence."),
		sentence: z.string(),
	}),
	baseline: sideSchema,
	candidate: sideSchema,
	design: designSchema
		.nullable()
		.describe("Of a live comparison: its runs are paired and interleaved. null: of two folders."),
	aborted: z.string().nullable(),
	obstacles: z
		.array(z.object({ kind: z.enum(["plan", "environment", "invalid"]), sentence: z.string() }))
		.describe("What would have to be alike or valid and is not."),
	notes: z.array(z.string()),
	points: z.array(pointSchema),
	regressions: z
		.object({ limits: z.string(), found: z.array(z.string()) })
		.nullable()
		.describe("What --fail-on-regression found; null where it was not asked."),
});

export type Comparison = z.infer<typeof comparisonSchema>;
export type ComparedPoint = Comparison["points"][number];
export type ComparedMetric = ComparedPoint["metrics"][number];
export type Design = z.infer<typeof designSchema>;
export type Obstacle = Comparison["obstacles"][number];

/** The JSON Schema of `comparison.json`, draft 2020-12. */
export function comparisonJsonSchema(): unknown {
	return { title: "Spool Bench comparison", ...z.toJSONSchema(comparisonSchema) };
}
