import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { MAX_AGENTS } from "../proto/limits.js";
import { VERSION } from "../proto/version.js";
import type { CapsFlags } from "./capsConfig.js";
import { LOG_LEVELS, type LogLevel } from "./log.js";
import { parseDurationMs } from "./quantities.js";

/** The command line and its environment, each value checked by itself. */
export interface AgentFlags extends CapsFlags {
	readonly coordinator: string;
	readonly tokenFile?: string;
	readonly tlsCa?: string;
	readonly tlsCert?: string;
	readonly tlsKey?: string;
	readonly index: number;
	readonly agentId?: string;
	readonly clock?: string;
	readonly joinTimeout: number;
	/** As it was written; it may hold a password. */
	readonly nats?: string;
	readonly insecure: boolean;
	readonly logLevel: LogLevel;
}

const JOINING = "Joining:";
const TRUST = "Trust:";
const CAPS = "What this agent may do (a plan that asks for more is refused, and nothing is sent):";

/** `agent`, with all its flags. Every flag can also stand in the environment: --tls-ca as SPOOLBENCH_TLS_CA. */
export function agentCommand(): Command {
	const command = new Command("agent")
		.description(
			"Runs one share of a benchmark: joins a coordinator, sends and processes tasks as it is told, and reports.",
		)
		.version(VERSION)
		.exitOverride()
		.configureOutput({ writeErr: (text) => process.stderr.write(text) })
		.addHelpText("after", EPILOGUE);
	for (const [heading, options] of [
		[JOINING, joiningOptions()],
		[TRUST, trustOptions()],
		[CAPS, capsOptions()],
	] as const) {
		for (const option of options) command.addOption(option.env(variable(option)).helpGroup(heading));
	}
	return command;
}

/**
 * The run's join token.
 *
 * @throws Error with a sentence for the user
 */
export function readToken(tokenFile: string | undefined, environment: NodeJS.ProcessEnv): string {
	const token = (tokenFile ? readTokenFile(tokenFile) : (environment.SPOOLBENCH_JOIN_TOKEN ?? "")).trim();
	if (token) return token;
	throw new Error("no join token: give --token-file FILE, or set SPOOLBENCH_JOIN_TOKEN, to what the coordinator uses");
}

/** Whether HOST:PORT is on this machine. */
export function isLoopback(coordinator: string): boolean {
	return /^(localhost|127(\.\d{1,3}){3}|\[::1\]):/.test(coordinator);
}

function joiningOptions(): Option[] {
	return [
		new Option("--coordinator <host:port>", "the coordinator to join (required)")
			.argParser(address)
			.makeOptionMandatory(),
		new Option("--index <n>", "the index this agent must get; else the next free one")
			.argParser(agentIndex)
			.default(-1, "any"),
		new Option(
			"--agent-id <text>",
			"names this process in the report, as a pod's UID does; else a random UUID",
		).argParser(identifier),
		new Option(
			"--clock <name>",
			"names the monotonic clock this agent reads, where the kernel's boot ID misleads; agents of one name share a clock",
		),
		new Option("--join-timeout <time>", "how long to wait for the coordinator to appear, such as 500ms, 30s or 5m")
			.argParser(durationMs)
			.default(60_000, "1m"),
		new Option(
			"--nats <url>",
			"the NATS server to publish telemetry to, instead of the coordinator's; with a password rather in SPOOLBENCH_NATS",
		),
		new Option("--log-level <level>", "what to log, on stderr").choices(LOG_LEVELS).default("info"),
	];
}

function trustOptions(): Option[] {
	return [
		new Option("--token-file <file>", "file with the run's join token (or the token itself in SPOOLBENCH_JOIN_TOKEN)"),
		new Option("--tls-ca <file>", "the CA that the coordinator's certificate must come from, in PEM"),
		new Option("--tls-cert <file>", "this agent's certificate, in PEM; see coordinator certs"),
		new Option("--tls-key <file>", "its private key, in PEM"),
		new Option("--insecure", "allow plaintext to a coordinator that is not on this machine").default(false),
	];
}

function capsOptions(): Option[] {
	return [
		new Option("--max-rate <n>", "the most tasks a second; closed loops, which have no rate, are refused"),
		new Option("--max-connections <n>", "the most connections to Redis"),
		new Option("--max-duration <time>", "the longest time of sending; plans without a time limit are refused"),
		new Option("--max-payload <size>", "the largest payload, such as 64KB"),
		new Option("--key-prefixes <text,…>", "a plan's key prefix must begin with one of these"),
		new Option("--allow-faults", "take part in a self-test: lose tasks, stand still, measure wrongly as it is told"),
		new Option("--config <file>", "these caps and Redis targets by alias, in YAML or JSON; flags go before it"),
	];
}

const EPILOGUE = `
A configuration file:
  maxRate: 500
  maxDuration: 10m
  keyPrefixes: ["bench:"]
  targets:                # a plan names them alias:staging, and can name nothing else
    staging: rediss://bench:secret@redis.internal:6380/0?ca=/etc/redis/ca.crt
A target can also stand in the environment: SPOOLBENCH_TARGET_STAGING is alias:staging.

Exit codes: 0 dismissed by the coordinator · 1 coordinator lost · 2 bad input or refused · 4 interrupted · 5 no coordinator

Examples:
  agent --coordinator 127.0.0.1:7400 --token-file join.token
  agent --coordinator bench-0:7400 --token-file join.token --config agent.yaml \\
      --tls-ca certs/agent/ca.crt --tls-cert certs/agent/tls.crt --tls-key certs/agent/tls.key
  SPOOLBENCH_JOIN_TOKEN=… agent --coordinator bench-0:7400 --index 3 --insecure`;

/** SPOOLBENCH_CONFIG would not say of what. */
function variable(option: Option): string {
	const name = option.long === "--config" ? "AGENT_CONFIG" : (option.long ?? "").slice(2);
	return `SPOOLBENCH_${name.replaceAll("-", "_").toUpperCase()}`;
}

function readTokenFile(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		throw new Error(`cannot read the token file ${path}: ${(error as Error).message}`, { cause: error });
	}
}

function address(value: string): string {
	const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(value);
	if (!match || Number(match[2]) > 65_535) throw new InvalidArgumentError("Expected HOST:PORT.");
	return value;
}

function agentIndex(value: string): number {
	const index = Number(value);
	if (!/^\d+$/.test(value) || index >= MAX_AGENTS) {
		throw new InvalidArgumentError(`Expected a whole number from 0 to ${MAX_AGENTS - 1}.`);
	}
	return index;
}

function identifier(value: string): string {
	if (!/^[\w.-]{1,100}$/.test(value))
		throw new InvalidArgumentError("Expected up to 100 letters, digits, - _ and dots.");
	return value;
}

function durationMs(value: string): number {
	const ms = parseDurationMs(value);
	if (ms === undefined) throw new InvalidArgumentError("Expected a duration above 0, such as 500ms, 30s or 5m.");
	return ms;
}
