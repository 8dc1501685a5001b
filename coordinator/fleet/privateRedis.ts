import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findRedisServer, NO_REDIS_SERVER } from "./findRedis.js";

/** A throw-away redis-server of the coordinator's own: on a unix socket that only this user can open, with no data kept. */
export interface PrivateRedis {
	/** `unix:///…` */
	readonly url: string;
	readonly version: string;
	/** Ends the server and removes its folder. May be called twice. */
	stop(): Promise<void>;
	/** Settles when the server has ended, whether by `stop` or by itself. */
	readonly exited: Promise<RedisExit>;
}

export interface RedisExit {
	/** As a shell has it: 128 and the signal's number where a signal ended it. */
	readonly code: number;
	/** Its last log lines. */
	readonly output: string;
}

/**
 * The server's keeper. It holds the reading end of a pipe (stdin) whose other end dies with the coordinator, however that
 * ends: then the server, which has nothing to save, is killed. When the server is gone, for whatever reason, so is its
 * folder. `read` is the shell's own, so that the keeper leaves no process behind. The shell itself is silent: its word on
 * the killed server would end it, since nobody reads any more.
 */
const KEEPER = `
exec 3<&0 2>/dev/null
"$2" --dir "$1" --unixsocket "$1/redis.sock" --unixsocketperm 700 --port 0 --save "" --appendonly no \\
	--daemonize no --logfile "" </dev/null 2>&1 3<&- &
redis=$!
(read -r _ <&3; kill -9 "$redis") >/dev/null &
wait "$redis"
code=$?
kill "$!" 2>/dev/null
rm -rf "$1"
exit "$code"
`;

const READY = /ready to accept connections/i;
const KEPT_LOG_LINES = 50;
const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 5_000;

/**
 * Starts a private redis-server and returns when it takes connections.
 * @param options.signal gives the start up; a server that has started is ended by `stop`
 * @throws a sentence for the user where there is no redis-server or it does not start, with its last log lines
 */
export async function startPrivateRedis(options: { signal?: AbortSignal }): Promise<PrivateRedis> {
	options.signal?.throwIfAborted();
	const program = findRedisServer(process.env);
	if (program === undefined) throw new Error(NO_REDIS_SERVER);
	const folder = mkdtempSync(join(socketParent(), "spool-bench-"));
	// A session of its own: the terminal's Ctrl-C must not end it before the coordinator has ended the run in order.
	const keeper = spawn("/bin/sh", ["-c", KEEPER, "spool-bench-redis", folder, program], {
		detached: true,
		stdio: ["pipe", "pipe", "ignore"],
	});
	const log: string[] = [];
	const exited = whenExited(keeper, folder, log);
	const stop = () => stopKeeper(keeper, exited);
	try {
		const version = await whenReady(keeper, log, exited, options.signal);
		return { url: `unix://${join(folder, "redis.sock")}`, version, stop, exited };
	} catch (error) {
		await stop();
		options.signal?.throwIfAborted();
		const reason = error instanceof Error ? error.message : String(error);
		throw new Error([`${program} did not start (${reason})`, ...log].join("\n"), { cause: error });
	}
}

/** A unix socket's path has to stay below 104 bytes (macOS; 108 on Linux), and a URL takes it as it stands. */
function socketParent(): string {
	const folder = tmpdir();
	return /^[\w./-]{1,70}$/.test(folder) ? folder : "/tmp";
}

function whenReady(
	keeper: ChildProcess,
	log: string[],
	exited: Promise<RedisExit>,
	signal: AbortSignal | undefined,
): Promise<string> {
	return new Promise((resolve, reject) => {
		const deadline = setTimeout(giveUp, START_DEADLINE_MS, `not ready within ${START_DEADLINE_MS / 1000} s`);
		signal?.addEventListener("abort", () => giveUp("aborted"), { once: true });
		let version = "unknown";
		const read = (line: string) => {
			log.push(line);
			if (log.length > KEPT_LOG_LINES) log.shift();
			version = /version=([\w.-]+)/.exec(line)?.[1] ?? version;
			if (!READY.test(line)) return;
			clearTimeout(deadline);
			resolve(version);
		};
		if (keeper.stdout) createInterface(keeper.stdout).on("line", read);
		void exited.then(({ code }) => giveUp(`exit code ${code}`));

		function giveUp(reason: string): void {
			clearTimeout(deadline);
			reject(new Error(reason));
		}
	});
}

function whenExited(keeper: ChildProcess, folder: string, log: string[]): Promise<RedisExit> {
	return new Promise((resolve) => {
		keeper.once("error", (error) => log.push(error.message));
		// Where the keeper itself was killed, its server is still there, and holds the pipes open.
		keeper.once("exit", () => killGroup(keeper));
		keeper.once("close", (code, signal) => {
			rmSync(folder, { recursive: true, force: true });
			resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), output: log.join("\n") });
		});
	});
}

async function stopKeeper(keeper: ChildProcess, exited: Promise<RedisExit>): Promise<void> {
	keeper.stdin?.destroy();
	const deadline = setTimeout(() => killGroup(keeper), STOP_DEADLINE_MS);
	await exited;
	clearTimeout(deadline);
}

function killGroup(keeper: ChildProcess): void {
	try {
		if (keeper.pid !== undefined) process.kill(-keeper.pid, "SIGKILL");
	} catch {
		// Nobody is left in it.
	}
}
