import { z } from "zod";

const share = z.object({ name: z.string(), value: z.number() });

/** Of a merged profile; the profile itself is a file. */
export const profileSchema = z.object({
	kind: z.enum(["cpu", "mem"]),
	file: z.string().describe("As the plan names it; a name alone lies beside the report."),
	unit: z.string().describe("Of the values: nanoseconds of CPU time, or bytes allocated."),
	total: z.number(),
	agents: z.int().describe("That handed one in, counted once for each run."),
	failures: z.array(z.string()).describe("Who has none, and why."),
	categories: z.array(share).describe("What it went to, the largest first."),
	top: z.array(share).describe("The functions that took the most themselves, the largest first."),
});
