import { z } from "zod";

export const thresholdSchema = z.object({
	threshold: z.string().describe("As it was written, such as 'responseTime: p(99)<50ms'."),
	passed: z.boolean().describe("It holds in every run that it is about, and there is one."),
	abortOnFail: z.boolean(),
	aborted: z.boolean().describe("It ended the execution."),
	limit: z.number().describe("Times in µs, sizes in bytes, shares of 1, rates in tasks a second."),
	runs: z.array(
		z.object({
			run: z.string(),
			ordinal: z.int().min(0),
			measured: z.number().nullable().describe("In the unit of limit; null where there is no figure."),
			text: z.string().describe("The same for people, with what there is to know about it."),
			passed: z.boolean(),
		}),
	),
	sentence: z.string().describe("What was measured: of several runs the failed ones, or the range."),
});

export const targetsSchema = z.object({
	name: z.string().nullable().describe("spool, or the file; null: none were given, and nothing is judged."),
	run: z.string().describe("The run that is judged: that of headlineRun."),
	rows: z.array(
		z.object({
			title: z.string(),
			measured: z.string(),
			target: z.string().nullable(),
			status: z
				.enum(["met", "missed", "warning", "unknown"])
				.nullable()
				.describe("warning: calls for a look; unknown: not measured, or the run was too short to tell."),
		}),
	),
});
