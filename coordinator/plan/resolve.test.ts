import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plan } from "./plan.js";
import { formatProblem } from "./problem.js";
import { type FlagValues, type Origins, resolvePlan } from "./resolve.js";
import { environmentName, flagName, SETTING_KEYS, type SettingKey } from "./settings.js";

function resolve(flags: FlagValues, text?: string, environment: NodeJS.ProcessEnv = {}) {
	return resolvePlan({ flags, environment, ...(text === undefined ? {} : { file: { path: "plan.yaml", text } }) });
}

function planOf(flags: FlagValues, text?: string, environment?: NodeJS.ProcessEnv): Plan {
	const resolution = resolve(flags, text, environment);
	if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join("\n"));
	return resolution.plan;
}

function originsOf(flags: FlagValues, text?: string, environment?: NodeJS.ProcessEnv): Origins {
	const resolution = resolve(flags, text, environment);
	if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join("\n"));
	return resolution.origins;
}

function problemsOf(flags: FlagValues, text?: string, environment?: NodeJS.ProcessEnv): string[] {
	const resolution = resolve(flags, text, environment);
	return resolution.ok ? [] : resolution.problems.map(formatProblem);
}

const bytes = (size: number) => [{ weight: 1, leastBytes: size, mostBytes: size }];

describe("presets and defaults", () => {
	test("nothing said is Spool's benchmark", () => {
		expect(planOf({})).toEqual({
			name: "custom",
			type: "custom",
			agents: 1,
			redisUrl: undefined,
			keyPrefix: "spool:",
			purge: false,
			repeat: 1,
			seed: 0,
			thresholds: [],
			targets: undefined,
			runs: [
				{
					name: "custom",
					point: "custom",
					agents: 1,
					engine: "classic",
					concurrency: 1,
					batch: 1,
					workers: 4,
					producers: 16,
					pollIntervalMs: 10,
					load: { kind: "tasks", tasks: 1_000 },
					task: {
						type: "benchmark_task",
						payload: [{ weight: 1, leastBytes: 1_024, mostBytes: 1_024 }],
						priorities: [0, 1, 0, 0],
						maxRetries: 3,
						timeoutMs: 30_000,
					},
					handler: { kind: "benchmark" },
					drainTimeoutMs: 60_000,
					seed: 0,
				},
			],
		});
	});

	test("quick is 1,000 tasks of 1 KB for 4 workers, over however many agents", () => {
		const plan = planOf({ type: "quick", agents: "8", pollInterval: "0" });
		expect(plan).toMatchObject({ name: "quick", type: "quick", agents: 8 });
		expect(plan.runs).toHaveLength(1);
		expect(plan.runs[0]).toMatchObject({ name: "quick", workers: 4, producers: 16, pollIntervalMs: 0 });
		expect(plan.runs[0]).toMatchObject({ load: { kind: "tasks", tasks: 1_000 }, task: { payload: bytes(1_024) } });
	});

	test("scalability is a sweep of 2,000 tasks each", () => {
		const { runs } = planOf({ type: "scalability" });
		expect(runs.map((run) => run.workers)).toEqual([1, 2, 4, 8, 16]);
		expect(runs.map((run) => run.name)).toEqual(["workers-1", "workers-2", "workers-4", "workers-8", "workers-16"]);
		for (const run of runs) expect(run.load).toEqual({ kind: "tasks", tasks: 2_000, limitMs: undefined });
	});

	test("flags refine a preset", () => {
		const { runs } = planOf({ type: "scalability", workers: "3,1", tasks: "50" });
		expect(runs.map((run) => run.workers)).toEqual([3, 1]);
		expect(runs[0]?.load).toEqual({ kind: "tasks", tasks: 50, limitMs: undefined });
	});
});

describe("timed runs", () => {
	test("a duration alone has no limit on tasks, also in a preset", () => {
		const timed = { kind: "timed", warmupMs: 0, durationMs: 30_000, inFlight: 8 };
		expect(planOf({ duration: "30s" }).runs[0]?.load).toEqual(timed);
		expect(planOf({ duration: "30s", type: "quick" }).runs[0]?.load).toEqual(timed);
	});

	test("a duration and a number of tasks: whichever comes first", () => {
		const { runs } = planOf({ duration: "30s" }, "tasks: 5000");
		expect(runs[0]?.load).toEqual({ kind: "tasks", tasks: 5_000, limitMs: 30_000 });
	});

	test("what is in flight follows the workers of each run", () => {
		const inFlight = (flags: FlagValues) =>
			planOf(flags).runs.map(({ load }) => (load.kind === "timed" ? load.inFlight : undefined));
		expect(inFlight({ duration: "1s", workers: "1,2,8" })).toEqual([2, 4, 16]);
		expect(inFlight({ duration: "1s", workers: "1,2,8", inFlight: "5" })).toEqual([5, 5, 5]);
	});

	test("each agent that has workers gets a producer", () => {
		const producers = (flags: FlagValues) => planOf(flags).runs.map((run) => run.producers);
		expect(producers({ duration: "1s", agents: "40", workers: "8,32,100" })).toEqual([16, 32, 40]);
		expect(producers({ agents: "40", workers: "100" })).toEqual([16]);
		expect(producers({ duration: "1s", agents: "3", workers: "100", producers: "3" })).toEqual([3]);
	});
});

describe("open loops", () => {
	const loadOf = (flags: FlagValues) => planOf(flags).runs[0]?.load;

	test("a rate has a warm-up, a duration and a bound of its own, also in a preset", () => {
		const open = {
			kind: "open",
			rate: { shape: "constant", perSecond: 100 },
			arrivals: { process: "uniform" },
			warmupMs: 10_000,
			durationMs: 30_000,
			maxUnacknowledged: 256,
			spin: false,
		};
		expect(loadOf({ rate: "100" })).toEqual(open);
		expect(loadOf({ rate: "100", type: "quick" })).toEqual(open);
		expect(loadOf({ rate: "100", warmup: "0", duration: "2s" })).toEqual({ ...open, warmupMs: 0, durationMs: 2_000 });
		expect(loadOf({ rate: "20k" })).toMatchObject({ maxUnacknowledged: 1_000 });
		expect(loadOf({ rate: "100", tasks: "250" })).toEqual({ ...open, durationMs: 2_500 });
		expect(planOf({ rate: "100", agents: "3" }).runs[0]?.producers).toBe(3);
	});

	test.each<[FlagValues, string]>([
		[{ rate: "5", inFlight: "3" }, "--in-flight: means nothing beside a rate"],
		[{ rate: "5", producers: "3" }, "--producers: means nothing beside a rate"],
		[{ arrivals: "poisson" }, "--arrivals: means nothing without a rate"],
		[{ spin: "true", duration: "1s" }, "--spin: means nothing without a rate"],
		[{ rate: "5", tasks: "9", duration: "1s" }, "--tasks: a rate and a duration say how many tasks there are"],
		[{ rate: "ramp:1-5", tasks: "9" }, "--tasks: beside a rate that changes give a duration instead"],
		[{ rate: "spike:1-5@8s+3s", duration: "10s" }, "--rate: expected spikes within the 10s that are measured"],
		[{ warmup: "1s" }, "--warmup: a run of a number of tasks measures all of them"],
	])("%j is refused", (flags, message) => {
		expect(problemsOf(flags)).toEqual([expect.stringContaining(message)]);
	});
});

describe("precedence", () => {
	const text = "type: quick\nname: from-file\nworkers: 3\ntask:\n  payload: 3KB\n  timeout: 3s\n";
	const environment = { SPOOLBENCH_WORKERS: "2", SPOOLBENCH_PAYLOAD: "2KB", SPOOLBENCH_NAME: "" };

	test("flag, then environment, then file, then preset, then default", () => {
		const plan = planOf({ workers: "1" }, text, environment);
		expect(plan).toMatchObject({ type: "quick", name: "from-file" });
		expect(plan.runs[0]).toMatchObject({ workers: 1, task: { payload: bytes(2_048), timeoutMs: 3_000 } });
		expect(originsOf({ workers: "1" }, text, environment)).toMatchObject({
			workers: "--workers",
			payload: "SPOOLBENCH_PAYLOAD",
			timeout: "plan.yaml:6:3",
			type: "plan.yaml:1:1",
			tasks: "quick preset",
			priority: "default",
		});
	});

	test("REDIS_URL comes last, since it is no variable of ours", () => {
		const url = { REDIS_URL: "redis://ambient" };
		const ours = { ...url, SPOOLBENCH_REDIS: "redis://ours" };
		expect(planOf({}).redisUrl).toBeUndefined();
		expect(planOf({}, undefined, url).redisUrl).toBe("redis://ambient");
		expect(originsOf({}, undefined, url).redis).toBe("REDIS_URL");
		expect(planOf({}, "redis: redis://file", url).redisUrl).toBe("redis://file");
		expect(planOf({}, "redis: redis://file", ours).redisUrl).toBe("redis://ours");
		expect(planOf({ redis: "redis://flag" }, "redis: redis://file", ours).redisUrl).toBe("redis://flag");
	});

	const EXAMPLES: Required<FlagValues> = {
		name: "x",
		type: "quick",
		agents: "2",
		redis: "redis://h",
		keyPrefix: "p:",
		purge: "true",
		workers: "5",
		producers: "6",
		repeat: "2",
		thresholds: "throughput: rate>1;tasks: lost==0",
		targets: "spool",
		seed: "14",
		tasks: "7",
		rate: "5",
		arrivals: "poisson",
		duration: "8s",
		warmup: "2s",
		inFlight: "7",
		maxUnacknowledged: "15",
		spin: "true",
		pollInterval: "9ms",
		engine: "fused",
		concurrency: "12",
		batch: "13",
		cpuprofile: "c.prof",
		memprofile: "m.prof",
		drainTimeout: "10s",
		handler: "noop",
		taskType: "t",
		payload: "11",
		priority: "low",
		maxRetries: "12",
		timeout: "13s",
	};

	// What one kind of load takes the others refuse.
	const OPEN_LOOP: SettingKey[] = ["rate", "arrivals", "maxUnacknowledged", "spin"];
	test.each<[string, SettingKey[]]>([
		["a number of tasks", ["inFlight", "warmup", ...OPEN_LOOP]],
		["a timed run", ["tasks", ...OPEN_LOOP]],
		["an open loop", ["tasks", "inFlight", "producers"]],
	])("every setting of %s can be said in all three ways, to the same effect", (_, left) => {
		const keys = SETTING_KEYS.filter((key) => !left.includes(key));
		const inTask = new Set(SETTING_KEYS.slice(-5));
		const inFile = JSON.stringify({
			...Object.fromEntries(keys.filter((key) => !inTask.has(key)).map((key) => [key, EXAMPLES[key]])),
			task: { type: "t", payload: 11, priority: "low", maxRetries: 12, timeout: "13s" },
		});
		const environment = Object.fromEntries(keys.map((key) => [environmentName(key), EXAMPLES[key]]));
		const plan = planOf(Object.fromEntries(keys.map((key) => [key, EXAMPLES[key]])));
		expect(planOf({}, inFile)).toEqual(plan);
		expect(planOf({}, undefined, environment)).toEqual(plan);
		expect(plan.runs[0]).toMatchObject({
			workers: 5,
			pollIntervalMs: 0,
			concurrency: 12,
			batch: 13,
			handler: { kind: "noop" },
		});
	});

	test("the stronger source wins, for any setting and any mix of sources", () => {
		fc.assert(
			fc.property(fc.constantFrom(...SETTING_KEYS), fc.boolean(), fc.boolean(), (key, byFlag, byEnvironment) => {
				fc.pre(key !== "inFlight" && key !== "warmup" && !OPEN_LOOP.includes(key));
				const flags = byFlag ? { [key]: EXAMPLES[key] } : {};
				const environment = byEnvironment ? { [environmentName(key)]: EXAMPLES[key] } : {};
				const expected = byFlag ? flagName(key) : byEnvironment ? environmentName(key) : /default|custom preset/;
				expect(originsOf(flags, undefined, environment)[key]).toMatch(expected);
			}),
		);
	});
});

const INTEGER = "expected a whole number from";
const WORD = "expected 1 to 200 characters, no space or control character";

describe("what is refused", () => {
	test.each<[FlagValues, string]>([
		[{ workers: "four" }, `--workers: ${INTEGER} 1 to 10,000, got "four"`],
		[{ workers: "0" }, `--workers: ${INTEGER} 1 to 10,000, got "0"`],
		[{ workers: "1,2,2" }, '--workers: expected each value once, got "1,2,2"'],
		[{ agents: "0" }, `--agents: ${INTEGER} 1 to 512, got "0"`],
		[{ agents: "513" }, `--agents: ${INTEGER} 1 to 512, got "513"`],
		[{ agents: "2.5" }, `--agents: ${INTEGER} 1 to 512, got "2.5"`],
		[{ tasks: "-5" }, `--tasks: ${INTEGER} 1 to 1,000,000,000, got "-5"`],
		[{ tasks: "1000000001" }, `--tasks: ${INTEGER} 1 to 1,000,000,000, got "1000000001"`],
		[{ producers: "NaN" }, `--producers: ${INTEGER} 1 to 10,000, got "NaN"`],
		[{ maxRetries: "101" }, `--max-retries: ${INTEGER} 0 to 100, got "101"`],
		[{ duration: "30" }, '--duration: expected a duration such as 10ms, 30s or 1m30s, got "30"'],
		[{ duration: "0" }, '--duration: expected a duration from 1ms to 168h, got "0"'],
		[{ timeout: "25h" }, '--timeout: expected a duration from 1ms to 24h, got "25h"'],
		[{ drainTimeout: "0s" }, '--drain-timeout: expected a duration from 1ms to 24h, got "0s"'],
		[{ pollInterval: "-1ms" }, '--poll-interval: expected a duration such as 10ms, 30s or 1m30s, got "-1ms"'],
		[{ payload: "4MB" }, '--payload: expected a size of at most 3MB (3,145,728 bytes), got "4MB"'],
		[{ payload: "1KX" }, '--payload: expected a size such as 100B, 1KB or 1.5MB, got "1KX"'],
		[
			{ priority: "urgent" },
			'--priority: expected low, normal, high or critical, or weights of them such as low=1,normal=7,high=2, got "urgent"',
		],
		[{ type: "constructor" }, '--type: expected quick, scalability, profiled or custom, got "constructor"'],
		[
			{ cpuprofile: "cpu" },
			'--cpuprofile: expected the name of a file that ends with .prof, such as cpu.prof, got "cpu"',
		],
		[
			{ cpuprofile: "a.prof", memprofile: "a.prof" },
			"--memprofile: expected another file than that of the CPU profile",
		],
		[{ engine: "fast" }, '--engine: expected classic or fused, got "fast"'],
		[
			{ handler: "sleep:5" },
			'--handler: expected sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms, got "sleep:5"',
		],
		[{ keyPrefix: "a b" }, `--key-prefix: ${WORD}, got "a b"`],
		[{ keyPrefix: "a\u0007" }, `--key-prefix: ${WORD}, got "a\\u0007"`],
		[{ taskType: "\t" }, `--task-type: ${WORD}, got "\\t"`],
		[
			{ name: "../x" },
			'--name: expected a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter or digit, got "../x"',
		],
		[
			{ redis: "localhost:6379" },
			'--redis: expected a URL that begins with redis://, rediss:// or unix://, got "localhost:6379"',
		],
		[
			{ redis: "http://u:secret@h" },
			'--redis: expected a URL that begins with redis://, rediss:// or unix://, got "http://u:***@h"',
		],
		[
			{ redis: "redis://u:s/e@c ret@" },
			'--redis: expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock, got "redis://u:***@"',
		],
		[
			{ redis: "redis://h/keys" },
			'--redis: expected nothing after the host but the database\'s number, got "redis://h/keys"',
		],
		[{ redis: "unix://tmp" }, '--redis: expected the socket\'s absolute path after unix://, got "unix://tmp"'],
		[
			{ name: "x".repeat(90) },
			`--name: expected a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter or digit, got "${"x".repeat(60)}…"`,
		],
	])("flags %j", (flags, problem) => {
		expect(problemsOf(flags)).toEqual([problem]);
	});

	test.each<[string, string[]]>([
		["workers: four", [`plan.yaml:1:1 workers: ${INTEGER} 1 to 10,000, got "four"`]],
		["workers: [1, four]", [`plan.yaml:1:1 workers: ${INTEGER} 1 to 10,000, got "[1, four]"`]],
		["workers: []", [`plan.yaml:1:1 workers: ${INTEGER} 1 to 10,000, got "[]"`]],
		["workers: {a: 1}", [`plan.yaml:1:1 workers: ${INTEGER} 1 to 10,000, got a mapping`]],
		["agents:", [`plan.yaml:1:1 agents: ${INTEGER} 1 to 512, got nothing`]],
		["tasks: [1]", [`plan.yaml:1:1 tasks: ${INTEGER} 1 to 1,000,000,000, got "[1]"`]],
		["agents: ~", [`plan.yaml:1:1 agents: ${INTEGER} 1 to 512, got "~"`]],
		["purge: maybe", ['plan.yaml:1:1 purge: expected true or false, got "maybe"']],
		["type: profile", ['plan.yaml:1:1 type: expected quick, scalability, profiled or custom, got "profile"']],
		["task: 5", ['plan.yaml:1:1 task: expected a mapping of keys to values, got "5"']],
		["- quick", ['plan.yaml:1:1: expected a mapping of keys to values, got "[quick]"']],
		["quick", ['plan.yaml:1:1: expected a mapping of keys to values, got "quick"']],
		[
			"task:\n  payload: 1\n  timeout: 5\n",
			['plan.yaml:3:3 task.timeout: expected a duration such as 10ms, 30s or 1m30s, got "5"'],
		],
		["wrokers: 4", ["plan.yaml:1:1 wrokers: unknown key; did you mean workers?"]],
		["poll_interval: 1s", ["plan.yaml:1:1 poll_interval: unknown key; did you mean pollInterval?"]],
		["payload: 1KB", ["plan.yaml:1:1 payload: unknown key here; did you mean task.payload?"]],
		["taskType: x", ["plan.yaml:1:1 taskType: unknown key here; did you mean task.type?"]],
		["task:\n  workers: 4", ["plan.yaml:2:3 task.workers: unknown key here; did you mean workers at the top?"]],
		[
			"task:\n  colour: red",
			["plan.yaml:2:3 task.colour: unknown key; expected one of type, payload, priority, maxRetries, timeout"],
		],
		["workers: 4\nworkers: 5", ["plan.yaml:2:1: Map keys must be unique"]],
		[
			"keyPrefix: spool:",
			[
				'plan.yaml:1:12: Nested mappings are not allowed in compact mappings; quote a value that ends with a colon: "spool:"',
			],
		],
		["agents: &a 2\nworkers: *a", ["plan.yaml:2:10: expected no aliases"]],
		["agents: *a", ["plan.yaml:1:9: expected no aliases"]],
		['{"agents": 2,\n "workers": 4,,}', ["plan.yaml:2:15: Unexpected , in flow map"]],
		[
			"__proto__: 1",
			[
				"plan.yaml:1:1 __proto__: unknown key; expected one of name, type, agents, redis, keyPrefix, purge, workers, producers, repeat, seed, tasks, rate, arrivals, duration, warmup, inFlight, maxUnacknowledged, spin, pollInterval, engine, concurrency, batch, thresholds, targets, cpuprofile, memprofile, drainTimeout, handler, task",
			],
		],
	])("file %j", (text, problems) => {
		expect(problemsOf({}, text)).toEqual(problems);
	});

	test("settings that are wrong together", () => {
		expect(problemsOf({ inFlight: "8" })).toEqual([
			"--in-flight: only a timed run (a duration and no number of tasks) holds a number of tasks in flight; " +
				"a run of a number of tasks sends as fast as its producers can",
		]);
		expect(problemsOf({ duration: "1s" }, "tasks: 7\ninFlight: 8")).toHaveLength(1);
		expect(problemsOf({ duration: "1s" }, "inFlight: 8")).toEqual([]);
		expect(problemsOf({ duration: "1s", agents: "8", workers: "2,6", producers: "5" })).toEqual([
			"--producers: expected at least 6, got 5: in a timed run each agent that has workers sends, so it needs a producer",
		]);
		expect(problemsOf({ handler: "hang", timeout: "2m" })).toEqual([
			"drainTimeout: expected more than 2m, got 1m: " +
				"that long each task takes with this handler, and the run would be given up before one is settled",
		]);
		expect(problemsOf({ handler: "sleep:5s", drainTimeout: "5s" })).toHaveLength(1);
		expect(problemsOf({ handler: "sleep:5s", drainTimeout: "5001ms" })).toEqual([]);
		expect(problemsOf({ handler: "hang", timeout: "59s" })).toEqual([]);
	});

	test("every problem of all sources at once, each with its place", () => {
		const text = "workers: 0\nwho: me\ntask:\n  priority: top\n  payload: 9MB\n";
		const environment = { SPOOLBENCH_AGENTS: "many", SPOOLBENCH_WORKERS: "8" };
		expect(problemsOf({ tasks: "none", timeout: "1" }, text, environment)).toEqual([
			`--tasks: ${INTEGER} 1 to 1,000,000,000, got "none"`,
			'--timeout: expected a duration such as 10ms, 30s or 1m30s, got "1"',
			`SPOOLBENCH_AGENTS: ${INTEGER} 1 to 512, got "many"`,
			`plan.yaml:1:1 workers: ${INTEGER} 1 to 10,000, got "0"`,
			expect.stringMatching(/^plan\.yaml:2:1 who: unknown key; expected one of name, /),
			'plan.yaml:4:3 task.priority: expected low, normal, high or critical, or weights of them such as low=1,normal=7,high=2, got "top"',
			'plan.yaml:5:3 task.payload: expected a size of at most 3MB (3,145,728 bytes), got "9MB"',
		]);
	});

	test("what was not understood is not judged a second time", () => {
		expect(problemsOf({ duration: "soon", inFlight: "5" })).toEqual([
			'--duration: expected a duration such as 10ms, 30s or 1m30s, got "soon"',
		]);
	});

	test("a password never shows, whatever the URL looks like", () => {
		const url = fc.tuple(fc.constantFrom("redis", "rediss", "http", "unix", "x y"), fc.string(), fc.string());
		fc.assert(
			fc.property(url, ([scheme, before, after]) => {
				const problems = problemsOf({ redis: `${scheme}://${before}:hunter2@${after}` });
				expect(problems.join("\n")).not.toContain("hunter2");
			}),
		);
	});
});

test("no text makes it throw", () => {
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(..."abtask:- \n{}[]\"'&*!|>#%@0123,?\t") }), (text) => {
			resolve({}, text);
		}),
		{ numRuns: 2_000 },
	);
});
