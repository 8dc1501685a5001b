import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Part } from "./parts.js";

export interface PartEnd {
	/** Of the process; of one that a signal ended 128 and the signal's number, as shells have it. */
	readonly exitCode: number;
	readonly seconds: number;
	/** Everything that it printed, in order. */
	readonly output: string;
}

/** What a part does while it runs. */
export interface PartListener {
	/** A line of its progress and its log. */
	readonly onProgress: (line: string) => void;
	/** What it prints as its result, line by line. */
	readonly onResult: (text: string) => void;
	/** Given when the suite is told to end: the part is told so, too. */
	readonly interrupt: AbortSignal;
}

/** What a run prints each second where it does not draw (`progressLine`). */
const PROGRESS = /^\S+(?: \(run \d+ of \d+\))?: .*, agents \d+\/\d+(?:, errors |$)/;

/** Runs a part to its end. Never throws: what cannot be started ends with 127. */
export function runPart({ command: [program = "", ...args] }: Part, listener: PartListener): Promise<PartEnd> {
	const startedMs = performance.now();
	return new Promise((resolve) => {
		const output: string[] = [];
		// A group of its own: Ctrl-C reaches it through the suite, once.
		const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
		const tell = () => signalGroup(child.pid, "SIGINT");
		listener.interrupt.addEventListener("abort", tell);
		const end = (exitCode: number) => {
			listener.interrupt.removeEventListener("abort", tell);
			resolve({ exitCode, seconds: (performance.now() - startedMs) / 1_000, output: output.join("") });
		};
		createInterface(child.stdout).on("line", (line) => {
			output.push(`${line}\n`);
			if (PROGRESS.test(line)) listener.onProgress(line);
			else listener.onResult(`${line}\n`);
		});
		createInterface(child.stderr).on("line", (line) => {
			output.push(`${line}\n`);
			listener.onProgress(line);
		});
		child.on("error", (error) => {
			output.push(`${error.message}\n`);
			listener.onProgress(error.message);
			end(127);
		});
		child.on("close", (code, signal) => end(code ?? 128 + (signal ? constants.signals[signal] : 0)));
	});
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
	try {
		if (pid !== undefined) process.kill(-pid, signal);
	} catch {
		// It has ended by itself.
	}
}
