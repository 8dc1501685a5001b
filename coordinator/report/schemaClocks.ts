import { z } from "zod";

const count = z.int().min(0);

/** Undefined fields of one host's clock are null: nobody knows them. */
const hostSchema = z.object({
	hostnames: z.array(z.string()),
	agents: z.array(count),
	boundUs: z.number().describe("± of its clock against Redis's, the widest at any time of the run."),
	driftPpm: z.number().nullable().describe("Above 0: its clock runs fast. Null where the run was too short to tell."),
	bursts: count.describe("Comparisons with Redis's clock that counted."),
	failedBursts: count,
	steps: count.describe("Times that Redis's clock was set."),
	firstStepAtMs: z.number().nullable(),
	largestStepUs: z.number().describe("Negative: back."),
});

export const clocksSchema = z
	.object({
		hosts: z.array(hostSchema),
		boundUs: z.number().describe("± on a time between two hosts: the two widest together."),
		withinHost: z.object({ count, p50Us: z.number().nullable() }).describe("Response times of tasks that stayed."),
		betweenHosts: z.object({ count, p50Us: z.number().nullable() }).describe("And of those that crossed."),
		belowZero: z.object({ count, mostUs: z.number() }).describe("Response times that came out negative."),
	})
	.nullable()
	.describe("Null where all agents read one clock.");

export const startSchema = z
	.object({
		skewUs: z.number().describe("From the first agent's start to the last one's."),
		boundUs: z.number().describe("± by the clocks; 0 on one host."),
		firstAgent: count,
		lastAgent: count,
	})
	.nullable()
	.describe("Null with fewer than two agents that send.");
