import type { Command } from "commander";
import { natsUrlFault } from "../../proto/natsUrl.js";
import type { TlsPaths } from "../../proto/tlsFiles.js";
import { type Address, listenFault, parseAddress } from "../fleet/address.js";
import { found, type Problem } from "../plan/problem.js";
import { expected, formatDuration, type Parsed, parseDuration, parsed } from "../plan/quantities.js";

/** How a plan is executed on this machine; no part of the plan. */
export interface ExecutionSettings {
	/** Undefined: a new folder under `benchmark_results/`. */
	readonly out: string | undefined;
	/** Where remote agents join; undefined: the coordinator starts local ones. Port 0: any free one. */
	readonly listen: Address | undefined;
	/** Holds the join token. */
	readonly tokenFile: string | undefined;
	/** The coordinator's certificate, its key and the CA of its agents' certificates; none: plaintext. */
	readonly tlsPaths: TlsPaths;
	/** Accept streams from other hosts that are not encrypted. */
	readonly insecure: boolean;
	/** Where metrics are served while the plan is executed; undefined: nowhere. Port 0: any free one. */
	readonly metrics: Address | undefined;
	/** Where coordinator and agents publish telemetry; it may hold a password. Undefined: nowhere. */
	readonly natsUrl: string | undefined;
	/** How long to wait for all agents to join. */
	readonly joinTimeoutMs: number;
	readonly logLevel: LogLevel;
	/** Show no live view. */
	readonly quiet: boolean;
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const DEFAULT_JOIN_TIMEOUT_MS = 60_000;
const MOST_JOIN_TIMEOUT_MS = 24 * 3_600_000;

export const EXECUTION_OPTIONS = [
	{ flags: "--plan <FILE>", description: "A plan in YAML or JSON; see docs/plans.md." },
	{ flags: "--out <DIR>", description: "Where the results go. Default: a new folder in benchmark_results." },
	{ flags: "--listen <HOST:PORT>", description: "Wait for the agents to join here, instead of starting local ones." },
	{
		flags: "--token-file <FILE>",
		description: "Holds the token that joining agents must show; made where there is none.",
	},
	{ flags: "--tls-ca <FILE>", description: "With --listen: the CA that agents' certificates must come from, in PEM." },
	{ flags: "--tls-cert <FILE>", description: "The coordinator's certificate, in PEM; see coordinator certs." },
	{ flags: "--tls-key <FILE>", description: "Its private key, in PEM." },
	{ flags: "--insecure", description: "Accept agents from other hosts without encryption; every report will say so." },
	{
		flags: "--metrics-port <PORT>",
		description:
			"Serve /metrics for Prometheus, and /ready, at this port of 127.0.0.1, or at HOST:PORT, while it runs.",
	},
	{
		flags: "--nats <URL>",
		description:
			"Publish the live view to this NATS server, for coordinator watch. With a password rather in SPOOLBENCH_NATS.",
	},
	{ flags: "--join-timeout <TIME>", description: "How long to wait for all agents to join. Default: 1m." },
	{ flags: "--log-level <LEVEL>", description: `One of ${LOG_LEVELS.join(", ")}. Default: info, on a terminal warn.` },
	{ flags: "--quiet", description: "Show no progress, only the report." },
] as const;

export interface ExecutionReading {
	readonly execution: ExecutionSettings;
	readonly planPath: string | undefined;
	readonly problems: readonly Problem[];
}

/** Reads the flags that are no part of the plan, from the command line or else the environment (`SPOOLBENCH_OUT`, …). */
export function readExecutionFlags(command: Command, environment: NodeJS.ProcessEnv): ExecutionReading {
	const problems: Problem[] = [];
	const typed = (flag: string): string | undefined => {
		const name = flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
		return command.getOptionValueSource(name) === "cli" ? String(command.getOptionValue(name)) : undefined;
	};
	const variable = (flag: string) => `SPOOLBENCH_${flag.slice(2).replaceAll("-", "_").toUpperCase()}`;
	const blame = (flag: string, message: string) => {
		problems.push({ where: typed(flag) === undefined ? variable(flag) : flag, message });
	};
	const read = <T>(flag: string, parse: (text: string) => Parsed<T>): T | undefined => {
		const text = typed(flag) ?? (environment[variable(flag)] || undefined);
		if (text === undefined) return undefined;
		const result = parse(text);
		if (result.ok) return result.value;
		blame(flag, `${result.expected}, ${found(text)}`);
		return undefined;
	};
	const execution = {
		out: read("--out", parsePath),
		listen: read("--listen", parseListen),
		tokenFile: read("--token-file", parsePath),
		tlsPaths: {
			ca: read("--tls-ca", parsePath),
			cert: read("--tls-cert", parsePath),
			key: read("--tls-key", parsePath),
		},
		insecure: read("--insecure", parseSwitch) ?? false,
		metrics: read("--metrics-port", parseMetricsAddress),
		natsUrl: read("--nats", parseNats),
		joinTimeoutMs: read("--join-timeout", parseJoinTimeout) ?? DEFAULT_JOIN_TIMEOUT_MS,
		logLevel: read("--log-level", parseLogLevel) ?? (process.stderr.isTTY ? "warn" : "info"),
		quiet: read("--quiet", parseSwitch) ?? false,
	};
	const { listen, tokenFile, insecure } = execution;
	const tls = Object.values(execution.tlsPaths).some((path) => path !== undefined);
	const fault = listen && !tls && listenFault(listen, insecure);
	if (fault) blame("--listen", fault);
	if (tls && !listen) blame("--tls-cert", "agents started here need no TLS: it goes with --listen");
	if (tls && insecure)
		blame("--insecure", "there is nothing to allow where the streams are encrypted: leave it or --tls-… out");
	if (listen && tokenFile === undefined && !environment.SPOOLBENCH_JOIN_TOKEN) {
		blame("--listen", "the agents that join need a token: give --token-file, or set SPOOLBENCH_JOIN_TOKEN");
	}
	return { execution, planPath: read("--plan", parsePath), problems };
}

function parseListen(text: string): Parsed<Address> {
	const address = parseAddress(text);
	return address ? parsed(address) : expected("a host and a port such as 127.0.0.1:7070 or [::1]:7070");
}

function parseMetricsAddress(text: string): Parsed<Address> {
	const address = parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
	return address ? parsed(address) : expected("a port such as 9464, or a host and a port such as 0.0.0.0:9464");
}

function parseNats(text: string): Parsed<string> {
	const fault = natsUrlFault(text);
	return fault === undefined ? parsed(text) : { ok: false, expected: fault };
}

function parseJoinTimeout(text: string): Parsed<number> {
	const timeout = parseDuration(text);
	if (!timeout.ok || (timeout.value > 0 && timeout.value <= MOST_JOIN_TIMEOUT_MS)) return timeout;
	return expected(`a duration above 0 and of at most ${formatDuration(MOST_JOIN_TIMEOUT_MS)}`);
}

function parseLogLevel(text: string): Parsed<LogLevel> {
	const level = LOG_LEVELS.find((candidate) => candidate === text);
	return level === undefined ? expected(`one of ${LOG_LEVELS.join(", ")}`) : parsed(level);
}

function parsePath(text: string): Parsed<string> {
	return text === "" || text.includes("\0") ? expected("a path") : parsed(text);
}

function parseSwitch(text: string): Parsed<boolean> {
	return text === "true" || text === "false" ? parsed(text === "true") : expected("true or false");
}
