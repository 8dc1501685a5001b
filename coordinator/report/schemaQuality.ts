import { z } from "zod";

const count = z.int().min(0);

/** What every report heads with: how well the load was offered and the clocks agreed, and what is missing from the figures. */
export const qualitySchema = z
	.object({
		sentRatio: z.number().nullable().describe("Arrivals sent ÷ due; null in a closed loop, where nothing falls due."),
		sendLagP99Us: z.number().nullable().describe("null in a closed loop, and where it is withheld."),
		clockBoundUs: z
			.number()
			.nullable()
			.describe("± on a time between two hosts; null where all agents read one clock."),
		startSkewUs: z.number().nullable().describe("As start.skewUs; null with fewer than two agents that send."),
		startSkewBoundUs: z.number().nullable().describe("± on it, by the clocks."),
		steady: z.enum(["steady", "unsteady", "unknown"]).describe("As statistics.steadyState.kind."),
		unfinished: count.describe("Tasks of the measured time without a response time."),
		overRange: count.describe("Times above an hour, over all stages of runs[].latency."),
		belowZero: count.describe("Times below zero, likewise."),
		accounting: z
			.enum(["balanced", "not-balanced", "not-proven"])
			.describe("not-proven: nobody counted what was left in Redis."),
	})
	.describe("The quality line of the reports. It is a choice of figures that stand elsewhere, too.");
