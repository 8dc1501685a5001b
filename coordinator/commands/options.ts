import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Command, CommanderError, Option } from "commander";
import { readTlsIdentity, type TlsIdentity } from "../../proto/tlsFiles.js";
import { isLoopback } from "../fleet/address.js";
import { readOrMakeToken } from "../fleet/credentials.js";
import type { Plan } from "../plan/plan.js";
import { formatProblem, type Problem } from "../plan/problem.js";
import { type FlagValues, type Origins, resolvePlan } from "../plan/resolve.js";
import { flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "../plan/settings.js";
import {
	EXECUTION_OPTIONS,
	type ExecutionReading,
	type ExecutionSettings,
	readExecutionFlags,
} from "./optionsExecution.js";

const HELP_COLUMNS = 100;

/** The settings by heading, with the word that stands for the value in the help; none for a switch. */
const GROUPS: readonly { readonly heading: string; readonly settings: Partial<Record<SettingKey, string>> }[] = [
	{ heading: "What to run:", settings: { type: "TYPE", name: "NAME", agents: "N,…" } },
	{
		heading: "Load:",
		settings: {
			tasks: "N",
			rate: "RATE,…",
			arrivals: "HOW",
			duration: "TIME",
			warmup: "TIME",
			inFlight: "N",
			producers: "N,…",
			maxUnacknowledged: "N",
			spin: "",
		},
	},
	{
		heading: "Workers:",
		settings: {
			workers: "N,…",
			pollInterval: "TIME,…",
			handler: "WHAT",
			engine: "NAME,…",
			concurrency: "N",
			batch: "N",
			drainTimeout: "TIME",
		},
	},
	{
		heading: "Tasks:",
		settings: { payload: "SIZE,…", priority: "NAME", taskType: "NAME", maxRetries: "N", timeout: "TIME" },
	},
	{ heading: "Sweeps and draws:", settings: { repeat: "N", seed: "N" } },
	{ heading: "Judgement:", settings: { thresholds: "CONDITION", targets: "NAME" } },
	{ heading: "Profiles:", settings: { cpuprofile: "FILE", memprofile: "FILE" } },
	{ heading: "Redis:", settings: { redis: "URL", keyPrefix: "TEXT", purge: "" } },
];

const EPILOGUE = `
Times are written 250us, 10ms, 30s or 1m30s; sizes 100B, 64KB (1 KB = 1,024 bytes) or 1MB; numbers
1000, 1_000 or 20k. Handlers: benchmark (as Spool's own), noop, sleep:5ms, sleep:exp:20ms, cpu:2ms,
fail:0.01, hang.
Each flag can also stand in the environment (--key-prefix as SPOOLBENCH_KEY_PREFIX), most in a plan
file. A flag goes before the environment, that before the plan file, that before the preset.

Examples:
  The quick benchmark, on a Redis of its own:
    $ coordinator run --type quick
  The same on yours, beside what else lies there:
    $ coordinator run --type quick --redis redis://127.0.0.1:6379 --key-prefix bench:
  How throughput grows with the workers, split over 8 processes that poll back to back:
    $ coordinator run --type scalability --agents 8 --poll-interval 0
  The same three times at each number of workers, in random order:
    $ coordinator run --type scalability --poll-interval 0 --repeat 3
  A run that ends with exit code 6 where it is too slow or loses a task, beside Spool's targets:
    $ coordinator run --type quick --threshold 'responseTime: p(99)<5s' \\
        --threshold 'tasks: lost==0' --targets spool
  A load that lasts half a minute, with 64 tasks in flight and a handler that takes 5 ms:
    $ coordinator run --duration 30s --workers 32 --in-flight 64 --handler sleep:5ms
  Tasks that come 2,000 a second, at random, whatever the queue does; then a rate that rises:
    $ coordinator run --rate 2000 --arrivals poisson --workers 32 --poll-interval 1ms --duration 20s
    $ coordinator run --rate ramp:500-3000 --duration 1m --workers 32 --poll-interval 1ms
  Where the agents' time and memory go, as profiles, tables and flame graphs:
    $ coordinator run --type profiled --agents 2
  A plan file with one change, for 4 agents that join:
    $ coordinator run --plan plan.yaml --payload 64KB --agents 4 --listen 127.0.0.1:7070 \\
        --token-file join.token
`;

/** Adds what `run` and `validate` take, and its help. */
export function addRunOptions(command: Command): Command {
	const [plan, ...execution] = EXECUTION_OPTIONS;
	command.addOption(new Option(plan.flags, plan.description).helpGroup("What to run:"));
	for (const { heading, settings } of GROUPS) {
		for (const [key, word] of Object.entries(settings) as [SettingKey, string][]) {
			const flags = word === "" ? flagName(key) : `${flagName(key)} <${word}>`;
			const option = new Option(flags, SETTINGS[key].description).helpGroup(heading);
			if (key === "thresholds") option.argParser(everyOne);
			command.addOption(option);
		}
	}
	for (const { flags, description } of execution) {
		command.addOption(new Option(flags, description).helpGroup("Execution:"));
	}
	return command.allowExcessArguments(false).configureHelp({ helpWidth: HELP_COLUMNS }).addHelpText("after", EPILOGUE);
}

/** What was typed on the command line, defaults and the environment left out. */
export function readRunFlags(command: Command): FlagValues {
	const typed = SETTING_KEYS.filter((key) => command.getOptionValueSource(attributeOf(key)) === "cli");
	return Object.fromEntries(typed.map((key) => [key, String(command.getOptionValue(attributeOf(key)))]));
}

/** What commander keeps a flag's value under. */
function attributeOf(key: SettingKey): string {
	return key === "thresholds" ? "threshold" : key;
}

/** Of a flag that may be given several times the values, one a line. */
function everyOne(value: string, before: string | undefined): string {
	return before === undefined ? value : `${before}\n${value}`;
}

export interface ExecutionFlags extends ExecutionSettings {
	/** What joining agents must show; undefined: a fresh one, which only agents started here can know. */
	readonly token: string | undefined;
	/** What agents that join see of the coordinator; undefined: plaintext. */
	readonly tls: TlsIdentity | undefined;
}

export interface RunRequest {
	readonly plan: Plan;
	readonly execution: ExecutionFlags;
}

/**
 * Reads all that `run` is told: flags, environment, plan file and token file.
 *
 * @throws CommanderError with exit code 2, after every problem has been told on stderr
 */
export function readRunRequest(command: Command): RunRequest {
	const input = readRunInput(command, process.env);
	if (!input.ok) return refuse(command, input.problems);
	return { plan: input.plan, execution: readSecrets(command, input.execution) };
}

/**
 * Reads the files that hold the join token and the certificate.
 *
 * @throws CommanderError with exit code 2, after every problem has been told on stderr
 */
export function readSecrets(command: Command, execution: ExecutionSettings): ExecutionFlags {
	const problems: Problem[] = [];
	const read = <T>(where: string, attempt: () => T): T | undefined => {
		try {
			return attempt();
		} catch (error) {
			problems.push({ where, message: (error as Error).message });
			return undefined;
		}
	};
	const tls = read("--tls-cert", () => readTlsIdentity(execution.tlsPaths, "coordinator", Date.now()));
	const token = read("--token-file", () => readOrMakeToken(execution.tokenFile, process.env));
	if (problems.length > 0) return refuse(command, problems);
	return { ...execution, token, tls };
}

/** Tells every problem on stderr. @throws CommanderError with exit code 2 */
export function refuse(command: Command, problems: readonly Problem[]): never {
	process.stderr.write(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
	const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
	process.stderr.write(`${count}; nothing was started. See coordinator ${command.name()} --help, or docs/plans.md.\n`);
	throw new CommanderError(2, "spoolbench.badInput", count);
}

export type RunInput =
	| { readonly ok: true; readonly plan: Plan; readonly origins: Origins; readonly execution: ExecutionSettings }
	| { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads flags, environment and the plan file, and changes nothing. Tells every problem at once. */
export function readRunInput(command: Command, environment: NodeJS.ProcessEnv): RunInput {
	return readPlanInput(command, environment, readExecutionFlags(command, environment), "--plan");
}

/**
 * As `readRunInput`, with the execution flags read already.
 *
 * @param planFlag names the plan file on the command line
 */
export function readPlanInput(
	command: Command,
	environment: NodeJS.ProcessEnv,
	{ execution, planPath, problems }: ExecutionReading,
	planFlag: string,
): RunInput {
	const file = planPath === undefined ? undefined : readPlanText(planPath, planFlag);
	const resolution = resolvePlan({
		flags: readRunFlags(command),
		environment,
		seed: randomInt(2 ** 32),
		readText: readTargetsText,
		...(file && "text" in file ? { file } : {}),
	});
	const all = [
		...problems,
		...(file && "message" in file ? [file] : []),
		...(resolution.ok ? [] : resolution.problems),
	];
	const { listen } = execution;
	if (resolution.ok && resolution.plan.redisUrl === undefined && listen && !isLoopback(listen.host)) {
		all.push({
			where: "--redis",
			message: "expected the URL of a Redis that agents on other hosts can reach, got nothing",
		});
	}
	if (!resolution.ok || all.length > 0) return { ok: false, problems: all };
	return { ok: true, plan: resolution.plan, origins: resolution.origins, execution };
}

const MOST_PLAN_CHARACTERS = 1_048_576;

function readPlanText(path: string, where: string): { path: string; text: string } | Problem {
	try {
		const text = readFileSync(path, "utf8");
		if (text.length <= MOST_PLAN_CHARACTERS) return { path, text };
		return { where, message: `${path} is no plan: it is larger than 1 MB` };
	} catch (error) {
		return { where, message: `cannot read ${path}: ${readFault(error as NodeJS.ErrnoException)}` };
	}
}

function readTargetsText(path: string): string {
	try {
		const text = readFileSync(path, "utf8");
		if (text.length <= MOST_PLAN_CHARACTERS) return text;
	} catch (error) {
		throw new Error(`cannot read ${path}: ${readFault(error as NodeJS.ErrnoException)}`, { cause: error });
	}
	throw new Error(`${path} is larger than 1 MB`);
}

function readFault(error: NodeJS.ErrnoException): string {
	if (error.code === "ENOENT") return "there is no such file";
	if (error.code === "EISDIR") return "it is a folder";
	if (error.code === "EACCES") return "permission denied";
	return error.message;
}
