import { z } from "zod";
import { hidePasswords } from "../../proto/redisUrl.js";
import { PRIORITIES, type PriorityMix } from "./mix.js";
import type { Plan, RunSpec } from "./plan.js";
import { parseThreshold } from "./threshold.js";

/** The plan as the record keeps it: the URL's password hidden. */
export function planToJson(plan: Plan): string {
	const redisUrl = plan.redisUrl === undefined ? null : hidePasswords(plan.redisUrl);
	return JSON.stringify({ ...plan, redisUrl, targets: plan.targets ?? null });
}

/** A run as the record keeps it, for `parseRunSpec`. */
export function specToJson(spec: RunSpec): string {
	return JSON.stringify(spec);
}

// Objects that are not strict drop the fields that a newer version added.
const rate = z.discriminatedUnion("shape", [
	z.object({ shape: z.literal("constant"), perSecond: z.number() }),
	z.object({ shape: z.literal("ramp"), from: z.number(), to: z.number() }),
	z.object({ shape: z.literal("step"), steps: z.array(z.number()) }),
	z.object({
		shape: z.literal("spike"),
		base: z.number(),
		peak: z.number(),
		atMs: z.number(),
		forMs: z.number(),
	}),
	z.object({ shape: z.literal("sine"), low: z.number(), high: z.number(), periodMs: z.number() }),
]);

const arrivals = z.discriminatedUnion("process", [
	z.object({ process: z.literal("uniform") }),
	z.object({ process: z.literal("poisson") }),
	z.object({ process: z.literal("burst"), size: z.number() }),
]);

const load = z.discriminatedUnion("kind", [
	z
		.object({ kind: z.literal("tasks"), tasks: z.number(), limitMs: z.number().optional() })
		.transform((count) => ({ ...count, limitMs: count.limitMs })),
	z.object({
		kind: z.literal("timed"),
		warmupMs: z.number().default(0),
		durationMs: z.number(),
		inFlight: z.number(),
	}),
	z.object({
		kind: z.literal("open"),
		rate,
		arrivals,
		warmupMs: z.number(),
		durationMs: z.number(),
		maxUnacknowledged: z.number(),
		spin: z.boolean(),
	}),
]);

const handler = z.discriminatedUnion("kind", [
	z.object({ kind: z.literal("benchmark") }),
	z.object({ kind: z.literal("noop") }),
	z.object({ kind: z.literal("sleep"), meanMs: z.number(), exponential: z.boolean() }),
	z.object({ kind: z.literal("cpu"), durationMs: z.number() }),
	z.object({ kind: z.literal("fail"), probability: z.number() }),
	z.object({ kind: z.literal("hang") }),
]);

const anyTask = { type: z.string(), maxRetries: z.number(), timeoutMs: z.number() };

const task = z.object({
	...anyTask,
	payload: z.array(z.object({ weight: z.number(), leastBytes: z.number(), mostBytes: z.number() })),
	priorities: z.tuple([z.number(), z.number(), z.number(), z.number()]),
});

/** As records had it before tasks could differ. */
const uniformTask = z
	.object({ ...anyTask, payloadBytes: z.number(), priority: z.enum(PRIORITIES) })
	.transform(({ payloadBytes, priority, ...others }) => ({
		...others,
		payload: [{ weight: 1, leastBytes: payloadBytes, mostBytes: payloadBytes }],
		priorities: PRIORITIES.map((name) => (name === priority ? 1 : 0)) as unknown as PriorityMix,
	}));

const runSpec: z.ZodType<RunSpec> = z.object({
	name: z.string(),
	point: z.string(),
	agents: z.number(),
	engine: z.enum(["classic", "fused"]),
	workers: z.number(),
	concurrency: z.number(),
	batch: z.number(),
	producers: z.number(),
	pollIntervalMs: z.number(),
	load,
	task: z.union([task, uniformTask]),
	handler,
	drainTimeoutMs: z.number(),
	seed: z.number().default(0),
});

// What a threshold means is read from its text again, so that nothing has to be said twice.
const threshold = z
	.object({ text: z.string(), abortOnFail: z.boolean(), delayAbortEvalMs: z.number() })
	.transform(({ text, ...abort }, context) => {
		const result = parseThreshold(text);
		if (result.ok) return { ...result.value, ...abort };
		context.addIssue({ code: "custom", message: result.expected });
		return z.NEVER;
	});

const targets = z.object({
	name: z.string(),
	rows: z.array(
		z
			.object({ title: z.string(), target: threshold, warning: threshold.optional() })
			.transform((row) => ({ ...row, warning: row.warning })),
	),
});

/** Missing in the records of versions without it. */
const profileFile = z
	.string()
	.optional()
	.default("")
	.transform((file) => file || undefined);

const plan: z.ZodType<Plan> = z.object({
	name: z.string(),
	type: z.enum(["quick", "scalability", "profiled", "custom"]),
	agents: z.number(),
	redisUrl: z
		.string()
		.nullable()
		.transform((url) => url ?? undefined),
	keyPrefix: z.string(),
	purge: z.boolean(),
	repeat: z.number(),
	seed: z.number(),
	thresholds: z.array(threshold),
	targets: targets.nullable().transform((given) => given ?? undefined),
	cpuprofile: profileFile,
	memprofile: profileFile,
	runs: z.array(runSpec),
});

/** Reads what `specToJson` wrote. @throws Error that names what is missing or was not known to this version */
export function parseRunSpec(json: string): RunSpec {
	return parse(runSpec, json, "run");
}

/** Reads what `planToJson` wrote; a password stays hidden. @throws Error as `parseRunSpec` does */
export function parsePlan(json: string): Plan {
	return parse(plan, json, "plan");
}

function parse<T>(schema: z.ZodType<T>, json: string, what: string): T {
	let value: unknown;
	try {
		value = JSON.parse(json);
	} catch (error) {
		throw new Error(`the record's ${what} is damaged: ${(error as Error).message}`, { cause: error });
	}
	const result = schema.safeParse(value);
	if (result.success) return result.data;
	const issue = result.error.issues[0];
	throw new Error(`the record's ${what} cannot be read by this version: ${issue?.path.join(".")}: ${issue?.message}`);
}
