#!/usr/bin/env node
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { describeHost } from "../proto/host.js";
import { MAX_AGENTS } from "../proto/limits.js";
import { VERSION } from "../proto/version.js";
import { LOG_LEVELS, type LogLevel, makeLogger } from "./log.js";
import { clockKey } from "./measure/clock.js";
import { Session, type SessionEnd } from "./session.js";

const EXIT_BAD_INPUT = 2;
const EXIT_BY_END: Record<SessionEnd["kind"], number> = {
	dismissed: 0,
	refused: EXIT_BAD_INPUT,
	unreachable: 5,
	lost: 1,
	interrupted: 4,
};

interface Flags {
	readonly coordinator: string;
	readonly tokenFile?: string;
	readonly index: number;
	readonly joinTimeout: number;
	readonly insecure: boolean;
	readonly logLevel: LogLevel;
}

const program = new Command("agent")
	.description(
		"Runs one share of a benchmark: joins a coordinator, sends and processes tasks as it is told, and reports.",
	)
	.version(VERSION)
	.addOption(
		new Option("--coordinator <host:port>", "the coordinator to join (required)")
			.env("SPOOLBENCH_COORDINATOR")
			.argParser(address)
			.makeOptionMandatory(),
	)
	.addOption(
		new Option(
			"--token-file <file>",
			"file with the run's join token (or the token itself in SPOOLBENCH_JOIN_TOKEN)",
		).env("SPOOLBENCH_TOKEN_FILE"),
	)
	.addOption(
		new Option("--index <n>", "the index this agent must get; else the next free one")
			.env("SPOOLBENCH_INDEX")
			.argParser(agentIndex)
			.default(-1, "any"),
	)
	.addOption(
		new Option("--join-timeout <time>", "how long to wait for the coordinator to appear, such as 500ms, 30s or 5m")
			.env("SPOOLBENCH_JOIN_TIMEOUT")
			.argParser(durationMs)
			.default(60_000, "1m"),
	)
	.addOption(
		new Option("--insecure", "allow plaintext to a coordinator that is not on this machine")
			.env("SPOOLBENCH_INSECURE")
			.default(false),
	)
	.addOption(
		new Option("--log-level <level>", "what to log, on stderr")
			.env("SPOOLBENCH_LOG_LEVEL")
			.choices(LOG_LEVELS)
			.default("info"),
	)
	.addHelpText(
		"after",
		`
Exit codes: 0 dismissed by the coordinator · 1 coordinator lost · 2 bad input or refused · 4 interrupted · 5 no coordinator

Examples:
  agent --coordinator 127.0.0.1:7400 --token-file join.token
  SPOOLBENCH_JOIN_TOKEN=… agent --coordinator bench-0:7400 --index 3 --insecure`,
	)
	.exitOverride()
	.configureOutput({ writeErr: (text) => process.stderr.write(text) });

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

function durationMs(value: string): number {
	const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? [];
	const ms = Number(number) * ({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? 0);
	if (!(ms > 0)) throw new InvalidArgumentError("Expected a duration above 0, such as 500ms, 30s or 5m.");
	return ms;
}

function readToken(tokenFile: string | undefined): string {
	const token = tokenFile ? readFileSync(tokenFile, "utf8").trim() : (process.env.SPOOLBENCH_JOIN_TOKEN ?? "").trim();
	if (token) return token;
	throw new Error("no join token: give --token-file FILE, or set SPOOLBENCH_JOIN_TOKEN, to what the coordinator uses");
}

function isLoopback(coordinator: string): boolean {
	return /^(localhost|127(\.\d{1,3}){3}|\[::1\]):/.test(coordinator);
}

async function main(): Promise<number> {
	let flags: Flags;
	let token: string;
	try {
		flags = program.parse().opts<Flags>();
		token = readToken(flags.tokenFile);
		if (!isLoopback(flags.coordinator) && !flags.insecure) {
			throw new Error(
				`${flags.coordinator} is not on this machine and the stream would be plaintext: give --insecure to allow that`,
			);
		}
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
		process.stderr.write(`agent: ${(error as Error).message}\n`);
		return EXIT_BAD_INPUT;
	}
	const log = await makeLogger(flags.logLevel, { role: "agent", pid: process.pid });
	const interrupt = new AbortController();
	for (const signal of ["SIGINT", "SIGTERM"] as const) {
		process.on(signal, () => {
			if (interrupt.signal.aborted) process.exit(130);
			interrupt.abort(signal);
		});
	}
	const session = new Session({
		coordinator: flags.coordinator,
		token,
		agentId: randomUUID(),
		softwareVersion: VERSION,
		wantedIndex: flags.index,
		host: describeHost(clockKey()),
		joinTimeoutMs: flags.joinTimeout,
		log,
	});
	const end = await session.serve(interrupt.signal);
	if (end.kind === "dismissed") log.info("dismissed");
	else log.error({ end: end.kind }, end.reason);
	return EXIT_BY_END[end.kind];
}

process.exitCode = await main();
