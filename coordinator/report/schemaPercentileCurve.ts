import { z } from "zod";

export const percentileCurveSchema = z
	.object({
		percent: z.array(z.number()),
		responseTimeUs: z.array(z.number()),
		uncorrectedResponseTimeUs: z.array(z.number()).describe("Empty where it is the response time."),
	})
	.describe(
		"Percentiles of finished and unfinished tasks, denser towards 100 %, as far as ten values or more lie above and none lies among the unfinished.",
	);
