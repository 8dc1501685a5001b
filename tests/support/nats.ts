import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";

/** A real nats-server of a test's own. */
export interface TestNats {
	readonly port: number;
	/** `127.0.0.1:PORT` */
	readonly address: string;
	/** Makes it hang; settles when each of its threads does. */
	hang(): Promise<void>;
	/** Kills it; nothing of it is left. */
	kill(): Promise<void>;
	/** Starts it again at the same port, after `kill`. */
	start(): Promise<void>;
	/** Ends it and removes its folder. May be called twice. */
	stop(): Promise<void>;
}

const LISTENING = /Listening for client connections on 127\.0\.0\.1:(\d+)/;
const READY = /Server is ready/;
const FETCH_TIMEOUT_MS = 60_000;
const SCRIPT = join(import.meta.dirname, "..", "..", "scripts", "nats.sh");

/** Finds a nats-server, or fetches one. @returns its path, or why there is none */
export function findNatsServer(): { readonly program: string } | { readonly missing: string } {
	try {
		return {
			program: execFileSync(SCRIPT, {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "pipe"],
				timeout: FETCH_TIMEOUT_MS,
			}).trim(),
		};
	} catch (error) {
		const { stderr } = error as { stderr?: string };
		return { missing: (stderr ?? String(error)).trim().split("\n").at(-1) ?? "" };
	}
}

/**
 * Starts a server on a free port of 127.0.0.1.
 *
 * @param configuration more of it, in the server's own language
 * @throws with the server's output when it does not start
 */
export async function startNats(program: string, configuration = ""): Promise<TestNats> {
	const folder = mkdtempSync(join(tmpdir(), "nats-"));
	const file = join(folder, "nats.conf");
	writeFileSync(file, configuration);
	let port = -1;
	let server: ChildProcess;
	const start = async () => {
		server = spawn(program, ["-c", file, "-a", "127.0.0.1", "-p", String(port)], {
			cwd: folder,
			stdio: ["ignore", "ignore", "pipe"],
		});
		port = await portOf(server);
	};
	const kill = async () => {
		if (server.exitCode !== null || server.signalCode !== null) return;
		server.kill("SIGKILL");
		await once(server, "exit");
	};
	await start();
	const killOnExit = () => server.kill("SIGKILL");
	process.once("exit", killOnExit);
	return {
		port,
		address: `127.0.0.1:${port}`,
		hang: async () => {
			server.kill("SIGSTOP");
			while (!isStopped(server.pid as number)) await nextTurn();
		},
		kill,
		start,
		stop: async () => {
			process.removeListener("exit", killOnExit);
			await kill();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

/** Whether every thread of a process is stopped: a signal reaches those that run on other processors a little later. */
function isStopped(pid: number): boolean {
	const tasks = `/proc/${pid}/task`;
	if (!existsSync(tasks)) return true;
	return readdirSync(tasks).every((task) => /^\d+ \(.*\) T /.test(readFileSync(join(tasks, task, "stat"), "utf8")));
}

/** Reads the server's log, to the end, so that it never blocks. */
function portOf(server: ChildProcess): Promise<number> {
	return new Promise((resolve, reject) => {
		const log: string[] = [];
		let port = 0;
		if (!server.stderr) throw new Error("no pipe");
		createInterface(server.stderr).on("line", (line) => {
			if (log.length < 100) log.push(line);
			port = Number(LISTENING.exec(line)?.[1] ?? port);
			if (READY.test(line)) resolve(port);
		});
		server.once("error", reject);
		server.once("exit", () => reject(new Error(`nats-server did not start:\n${log.join("\n")}`)));
	});
}
