import { z } from "zod";
import { targetFault } from "../../proto/redisUrl.js";
import { isWord, LIMITS } from "../../proto/slicecheck.js";
import { parseHandler } from "./handlers.js";
import { PAYLOAD_EXAMPLES, parsePayload, parsePriorities } from "./mix.js";
import type { PlanType, RunSpec } from "./plan.js";
import { expected, type Parsed, parsed } from "./quantities.js";
import { parseArrivals, parseRate, RATE_EXAMPLES } from "./rate.js";
import { choice, count, counts, duration, durations, setting, several, words, yesOrNo } from "./settingSchemas.js";
import { thresholds } from "./thresholdSchema.js";

const MOST_REPEATS = 100;

/**
 * Everything a user can set, by the word that names it everywhere: `inFlight` is `--in-flight`, `SPOOLBENCH_IN_FLIGHT` and
 * `inFlight` in a plan file (some: under `task` there). Each schema reads the text as it was written, in any
 * of the three; durations become milliseconds, sizes bytes.
 */
export const SETTINGS = {
	name: setting(parseName, "Names the output files and heads the report. Default: the type."),
	type: choice<PlanType>(
		["quick", "scalability", "profiled", "custom"],
		"quick, scalability, profiled or custom: a preset that the rest refines. Default: custom.",
		{},
	),
	agents: several(
		counts(1, LIMITS.agents),
		"Number of agent processes that the plan is split over; a list makes a sweep. Default: 1.",
	),
	redis: setting(
		parseRedis,
		"URL of the Redis under test: redis://, rediss:// or unix://, or alias:NAME as the agents know it. Default: REDIS_URL, else a private throw-away server.",
	),
	keyPrefix: setting(parseWord, 'What every key begins with. Default: "spool:".'),
	purge: yesOrNo(
		"Delete what lies under the key prefix before each run, instead of refusing to start. Default: false.",
	),
	workers: several(
		counts(1, LIMITS.workers),
		"Workers in the whole fleet; a list makes a sweep, one run for each. Default: 4.",
	),
	producers: several(counts(1, LIMITS.producers), "Producers in the whole fleet; a list makes a sweep. Default: 16."),
	repeat: count(1, MOST_REPEATS, "How often each point of a sweep is run, all runs in random order. Default: 1."),
	seed: count(
		0,
		2 ** 32 - 1,
		"Draws again what is random: arrivals, priorities, payloads, handlers, the order of repeats. Default: a new one each time.",
	),
	tasks: count(1, LIMITS.tasks, "Tasks to send in each run. Default: 1,000, or no limit where a duration is given."),
	rate: several(
		{ parse: parseRate, number: z.number().positive().max(LIMITS.ratePerSecond) },
		`Tasks a second to offer, whatever the queue does (open loop): ${RATE_EXAMPLES.join(", ")}; a list makes a sweep.`,
	),
	arrivals: setting(
		parseArrivals,
		"Open loop: how arrivals fall: uniform, poisson, or burst:50, so many at once. Default: uniform.",
	),
	duration: duration(
		1,
		LIMITS.durationMs,
		"Measure for this long. Default: 30s with a rate; else until all tasks are sent.",
	),
	warmup: duration(
		0,
		LIMITS.durationMs,
		"Load before the measured time, which is not measured. Default: 10s with a rate, else 0.",
	),
	inFlight: count(1, LIMITS.inFlight, "Tasks that a timed run keeps outstanding. Default: twice the workers."),
	maxUnacknowledged: count(
		1,
		LIMITS.unacknowledged,
		"Open loop: beyond so many enqueues without an answer arrivals wait. Default: 50ms of the rate, at least 256.",
	),
	spin: yesOrNo("Open loop: wait for each arrival awake: more exact, and up to a core an agent. Default: false."),
	pollInterval: several(
		durations(0, LIMITS.pollIntervalMs),
		"How often a worker polls; 0 polls back to back; a list makes a sweep. Default: 10ms.",
	),
	engine: several(
		words<RunSpec["engine"]>(["classic", "fused"]),
		"How the queue talks to Redis: classic, as Spool does, or fused, many tasks a round trip. Default: classic.",
	),
	concurrency: count(1, LIMITS.concurrency, "Fused: handlers at once for each worker. Default: 32."),
	batch: count(1, LIMITS.batch, "Fused: the most tasks in one round trip. Default: 64."),
	thresholds: thresholds(
		"What must hold, such as 'responseTime: p(99)<50ms' (may be given several times); see docs/thresholds.md.",
	),
	targets: setting(parseTargets, "What the report compares with: spool, or a file; see docs/thresholds.md."),
	cpuprofile: setting(
		parseProfile,
		"Profile the agents' CPU time into this file (a name alone: in the result's folder); see docs/profiles.md.",
	),
	memprofile: setting(parseProfile, "Profile what the agents allocate into this file, as --cpuprofile does."),
	drainTimeout: duration(
		1,
		LIMITS.timeoutMs,
		"How long a run goes on without one task being sent or settled, and the most that a timed one drains. Default: 1m.",
	),
	handler: setting(parseHandler, "What a worker does with a task. Default: benchmark.", {
		text: { pattern: "^(benchmark|noop|hang|sleep:.+|cpu:.+|fail:.+)$" },
	}),
	taskType: setting(parseWord, "The tasks' type. Default: benchmark_task."),
	payload: several(
		{ parse: parsePayload, number: z.int().min(0) },
		`Length of the payload's filler: ${PAYLOAD_EXAMPLES.join(", ")}; a list makes a sweep. Default: 1KB.`,
	),
	priority: setting(
		parsePriorities,
		"The tasks' priority: low, normal, high or critical, or a mix such as low=1,normal=7,high=2. Default: normal.",
	),
	maxRetries: count(0, LIMITS.retries, "How often a failed task is tried again. Default: 3."),
	timeout: duration(1, LIMITS.timeoutMs, "How long a handler may take. Default: 30s."),
} as const;

export type SettingKey = keyof typeof SETTINGS;
export type Settings = { readonly [Key in SettingKey]: z.output<(typeof SETTINGS)[Key]> };
/** What one source gives. */
export type SomeSettings = { readonly [Key in SettingKey]?: Settings[Key] | undefined };
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

/** `--in-flight`; one threshold a flag. */
export function flagName(key: SettingKey): string {
	if (key === "thresholds") return "--threshold";
	return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `SPOOLBENCH_IN_FLIGHT` */
export function environmentName(key: SettingKey): string {
	return `SPOOLBENCH_${flagName(key).slice(2).replaceAll("-", "_").toUpperCase()}`;
}

function parseTargets(text: string): Parsed<string> {
	return text === "" || /\p{Cc}/u.test(text) ? expected("spool, or the name of a file") : parsed(text);
}

function parseProfile(text: string): Parsed<string> {
	if (text !== "" && !/\p{Cc}/u.test(text) && text.endsWith(".prof")) return parsed(text);
	return expected("the name of a file that ends with .prof, such as cpu.prof");
}

function parseName(text: string): Parsed<string> {
	if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return parsed(text);
	return expected(
		"a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter or digit",
	);
}

function parseRedis(text: string): Parsed<string> {
	const fault = targetFault(text);
	return fault === undefined ? parsed(text) : { ok: false, expected: fault };
}

function parseWord(text: string): Parsed<string> {
	return isWord(text)
		? parsed(text)
		: expected(`1 to ${LIMITS.wordCharacters} characters, no space or control character`);
}
