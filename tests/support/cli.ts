import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, onTestFinished, TestRunner } from "vitest";
import { type Process, processesOf } from "./processes.js";

export interface CliOptions {
	readonly program?: "coordinator" | "agent";
	/** Over the environment of the tests, from which REDIS_URL and SPOOLBENCH_… are taken out. */
	readonly env?: NodeJS.ProcessEnv;
	readonly cwd?: string;
	/** A command that runs the program, which comes behind it: it must become the program, as `env` does. */
	readonly wrapper?: readonly string[];
	/** After this time the program and all that it started is killed, and waiting for it throws. */
	readonly timeoutMs?: number;
}

export interface CliResult {
	/** `undefined` where a signal ended it. */
	readonly code: number | undefined;
	readonly signal: NodeJS.Signals | undefined;
	readonly stdout: string;
	readonly stderr: string;
}

/** `dist/coordinator/main.js` or `dist/agent/main.js` while it runs; killed, with all that it started, when the test ends. */
export interface RunningCli {
	readonly pid: number;
	/** Where it was started, unless `cwd` was given. */
	readonly folder: string;
	/** Its TMPDIR, its own and empty when it started. */
	readonly tempFolder: string;
	/** The first line, of either stream, that matches: an earlier one too. Throws where the program ends without it. */
	waitForLine(pattern: RegExp): Promise<string>;
	kill(signal: NodeJS.Signals): void;
	readonly exited: Promise<CliResult>;
	/** Itself, and whatever it started that still runs: agents, redis-server; also after its own end. Linux alone. */
	processes(): readonly Process[];
}

const DEFAULT_TIMEOUT_MS = 30_000;
const ROOT = join(import.meta.dirname, "..", "..");
const running = new Set<RunningCli>();

afterAll(() => {
	for (const cli of running) killAll(cli);
});

/** Runs a program to its end. Throws only where that takes too long. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult & RunningCli> {
	const cli = startCli(args, options);
	return { ...cli, ...(await cli.exited) };
}

export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
	const folder = mkdtempSync(join(tmpdir(), "cli-"));
	const tempFolder = join(folder, "t");
	mkdirSync(tempFolder);
	const main = join(ROOT, "dist", options.program ?? "coordinator", "main.js");
	const [command = "", ...words] = [...(options.wrapper ?? []), process.execPath, main, ...args];
	const child = spawn(command, words, {
		cwd: options.cwd ?? folder,
		env: { ...cleanEnvironment(), TMPDIR: tempFolder, ...options.env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const text = { stdout: "", stderr: "" };
	const lines: string[] = [];
	const listeners = new Set<() => void>();
	for (const name of ["stdout", "stderr"] as const) {
		child[name].setEncoding("utf8").on("data", (chunk: string) => (text[name] += chunk));
		createInterface(child[name]).on("line", (line) => {
			lines.push(line);
			for (const listener of listeners) listener();
		});
	}
	let timedOut = false;
	const exited = ending(child).then(({ code, signal }) => {
		clearTimeout(timeout);
		for (const listener of listeners) listener();
		if (timedOut)
			throw new Error(`still running after the time allowed: ${args.join(" ")}\n${text.stdout}${text.stderr}`);
		return { code: code ?? undefined, signal: signal ?? undefined, ...text };
	});
	exited.catch(() => undefined); // Whoever waits hears of it.
	const cli: RunningCli = {
		pid: child.pid ?? 0,
		folder,
		tempFolder,
		exited,
		kill: (signal) => void child.kill(signal),
		processes: () => processesOf(folder),
		waitForLine: (pattern) =>
			new Promise((resolve, reject) => {
				const look = () => {
					const found = lines.find((line) => pattern.test(line));
					const ended = child.exitCode !== null || child.signalCode !== null;
					if (found === undefined && !ended) return;
					listeners.delete(look);
					if (found !== undefined) resolve(found);
					else reject(new Error(`ended without a line like ${pattern}:\n${text.stdout}${text.stderr}`));
				};
				listeners.add(look);
				look();
			}),
	};
	const timeout = setTimeout(() => {
		timedOut = true;
		killAll(cli);
	}, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
	running.add(cli);
	if (TestRunner.getCurrentTest()) onTestFinished(() => killAll(cli));
	return cli;
}

async function ending(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
	await once(child, "close");
	return { code: child.exitCode, signal: child.signalCode };
}

function cleanEnvironment(): NodeJS.ProcessEnv {
	const entries = Object.entries(process.env).filter(
		([name]) => name === "SPOOLBENCH_REDIS_SERVER" || !(name === "REDIS_URL" || name.startsWith("SPOOLBENCH_")),
	);
	return Object.fromEntries(entries);
}

function killAll(cli: RunningCli): void {
	running.delete(cli);
	cli.kill("SIGKILL");
	for (const { pid } of cli.processes()) {
		try {
			process.kill(pid, "SIGKILL");
		} catch {
			// It has ended meanwhile.
		}
	}
}
