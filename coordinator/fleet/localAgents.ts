import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LogRelay } from "../log.js";
import { type Address, formatAddress } from "./address.js";

/** An agent starts within this time even on a machine that is busy starting 100 others. */
const JOIN_TIMEOUT = "1m";
const GOODBYE_MS = 5_000;
const LAST_WORDS = 5;
/** How long a broken stream waits for the news of its process's end. */
const EXIT_NEWS_MS = 500;

/** What the environment may say of streams that are not these. */
const ELSEWHERE: NodeJS.ProcessEnv = {
	SPOOLBENCH_TOKEN_FILE: undefined,
	SPOOLBENCH_TLS_CA: undefined,
	SPOOLBENCH_TLS_CERT: undefined,
	SPOOLBENCH_TLS_KEY: undefined,
	SPOOLBENCH_NATS: undefined,
};

interface LocalAgent {
	readonly process: ChildProcess;
	readonly exited: Promise<string>;
}

/**
 * Agent processes on this machine. Each is in a process group of its own, so that the terminal's Ctrl-C reaches the
 * coordinator alone, which ends the run in order; an agent whose coordinator dies ends by itself.
 */
export class LocalAgents {
	readonly #agents = new Map<number, LocalAgent>();

	/** @param onFailure told once for each process that ends before `stop`, with how it ended */
	constructor(
		private readonly relay: LogRelay,
		private readonly onFailure: (pid: number, end: string) => void,
	) {}

	start(count: number, address: Address, token: string, logLevel: string, flags: readonly string[] = []): void {
		const main = fileURLToPath(new URL("../../agent/main.js", import.meta.url));
		for (let index = 0; index < count; index++) {
			const child = spawn(
				process.execPath,
				[
					main,
					...["--coordinator", formatAddress(address), "--index", String(index)],
					...["--join-timeout", JOIN_TIMEOUT, "--log-level", logLevel],
					...flags,
				],
				{
					detached: true,
					stdio: ["ignore", "ignore", "pipe"],
					env: { ...process.env, ...ELSEWHERE, SPOOLBENCH_JOIN_TOKEN: token },
				},
			);
			this.#watch(child);
		}
	}

	/** How the process with this ID ended, if it does so about now. */
	async explain(pid: number): Promise<string | undefined> {
		const agent = this.#agents.get(pid);
		if (!agent) return undefined;
		const waited = new Promise<undefined>((resolve) => setTimeout(resolve, EXIT_NEWS_MS, undefined).unref());
		return Promise.race([agent.exited, waited]);
	}

	/** Waits for all to end by themselves, then kills those that have not. May be called twice. */
	async stop(): Promise<void> {
		const agents = [...this.#agents.values()];
		this.#agents.clear();
		const killer = setTimeout(() => {
			for (const { process } of agents) process.kill("SIGKILL");
		}, GOODBYE_MS);
		await Promise.all(agents.map(({ exited }) => exited));
		clearTimeout(killer);
	}

	#watch(child: ChildProcess): void {
		const lastWords: string[] = [];
		if (child.stderr) {
			createInterface({ input: child.stderr }).on("line", (line) => {
				if (this.relay(line)) return;
				lastWords.push(line);
				if (lastWords.length > LAST_WORDS) lastWords.shift();
			});
		}
		const pid = child.pid ?? -1;
		const exited = new Promise<string>((resolve) => {
			const ended = (how: string) => {
				const words = lastWords.join(" ").trim();
				const end = `agent process ${pid} ${how}${words ? `, saying: ${words}` : ""}`;
				resolve(end);
				if (this.#agents.has(pid)) this.onFailure(pid, end);
			};
			child.once("error", (error) => ended(`could not start: ${error.message}`));
			child.once("close", (code, signal) => ended(signal ? `was killed by ${signal}` : `exited with code ${code}`));
		});
		this.#agents.set(pid, { process: child, exited });
	}
}
