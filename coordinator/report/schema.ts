import { z } from "zod";
import { targetsSchema, thresholdSchema } from "./schemaJudgement.js";
import {
	byStage,
	hostSchema,
	parametersSchema,
	processSchema,
	redisServerSchema,
	scalabilityPointSchema,
	verdictSchema,
} from "./schemaParts.js";
import { profileSchema } from "./schemaProfile.js";
import { runSchema } from "./schemaRun.js";
import { sweepSchema } from "./schemaSweep.js";

export const REPORT_SCHEMA = "spool-bench/report/1";

/**
 * `report.json`. Fields are added within `spool-bench/report/1`, none is taken away or changes its meaning; every unit is in
 * a name. Published as `docs/report.schema.json`.
 */
export const reportSchema = z.object({
	schema: z.literal(REPORT_SCHEMA),
	softwareVersion: z.string(),
	name: z.string(),
	type: z.string(),
	verdict: verdictSchema.describe("Of the whole execution: that of its worst run."),
	startedAt: z.iso.datetime(),
	finishedAt: z.iso.datetime(),
	command: z.string().describe("What ran it, passwords hidden."),
	aborted: z.string().nullable().describe("Why it was ended early; null: it was not."),
	headlineRun: z
		.int()
		.nullable()
		.describe(
			"Ordinal of the run that summaries head with: the fastest that is not INVALID (of all, where all are); with repeats the median run of the fastest point.",
		),
	stages: byStage(z.object({ description: z.string() })).describe("What the stages of runs[].latency mean."),
	runs: z.array(runSchema),
	sweep: sweepSchema.nullable().describe("The runs by the points of the sweep; null for a plan of one run."),
	diagnosis: z
		.object({
			run: z.int().describe("Ordinal of the run that it is of: the headline run."),
			limit: z.enum([
				"generator",
				"host-cpu",
				"redis",
				"redis-evicting",
				"agent",
				"handlers",
				"polling",
				"poll-wait",
				"round-trips",
				"none",
			]),
			sentence: z.string(),
			advice: z.string().describe("What to try next, and what it should gain."),
		})
		.nullable()
		.describe("What limited throughput or response time; null where the run is INVALID, or none took place."),
	thresholds: z.array(thresholdSchema),
	targets: targetsSchema.nullable().describe("Measured beside target; null where no run took place."),
	scalability: z.array(scalabilityPointSchema).nullable().describe("Of a sweep over workers; else null."),
	profiles: z.array(profileSchema).describe("What the profiles that were asked for say; empty: none were."),
	plan: z.object({
		name: z.string(),
		type: z.string(),
		agents: z.int(),
		redisUrl: z.string().nullable().describe("Passwords hidden; null: a private server."),
		keyPrefix: z.string(),
		purge: z.boolean(),
		repeat: z.int().describe("Runs of each point."),
		thresholds: z.array(z.string()),
		targets: z.string().nullable(),
		cpuprofile: z.string().nullable().describe("File of the CPU profile; null: none was asked for."),
		memprofile: z.string().nullable().describe("The same of what was allocated."),
		seed: z.int().describe("Where repeat is above 1, the order of the runs was drawn with it."),
		runs: z.array(parametersSchema),
	}),
	environment: z.object({
		hosts: z.array(hostSchema),
		redis: redisServerSchema.nullable(),
		insecure: z.boolean().describe("Agents were allowed to join over an unencrypted network."),
	}),
	coordinator: processSchema.nullable(),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportRun = Report["runs"][number];
export type ReportReason = Report["verdict"]["reasons"][number];
export type StageName = keyof ReportRun["latency"];
export type LatencyFigures = ReportRun["latency"][StageName];

/** The JSON Schema of `report.json`, draft 2020-12. */
export function reportJsonSchema(): unknown {
	return { title: "Spool Bench report", ...z.toJSONSchema(reportSchema) };
}
