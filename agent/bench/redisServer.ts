import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A redis-server of the bench's own, on a unix socket, without persistence. */
export class RedisServer {
	private constructor(
		readonly socket: string,
		readonly folder: string,
		private readonly server: ChildProcess,
	) {}

	/** @param program path of redis-server @throws with its output when it does not start */
	static async start(program: string): Promise<RedisServer> {
		const folder = mkdtempSync(join(tmpdir(), "bench-redis-"));
		const socket = join(folder, "s");
		const options = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "no"];
		const server = spawn(program, options, { stdio: ["ignore", "pipe", "inherit"] });
		process.once("exit", () => server.kill("SIGKILL"));
		let output = "";
		for await (const chunk of server.stdout) {
			output += String(chunk);
			if (/ready to accept connections/i.test(output)) break;
		}
		server.stdout.resume();
		if (server.exitCode !== null || !/ready/i.test(output)) throw new Error(`redis-server did not start:\n${output}`);
		return new RedisServer(socket, folder, server);
	}

	get url(): string {
		return `unix://${this.socket}`;
	}

	/** Runs redis-cli on it. @returns what it printed */
	cli(...args: string[]): string {
		return execFileSync("redis-cli", ["-s", this.socket, ...args], { encoding: "utf8" });
	}

	/** CPU time of the process, user and system, in µs; -1 where /proc does not tell. */
	cpuUs(): number {
		try {
			// "pid (name) state …", utime and stime are the 14th and 15th, in ticks of 10 ms.
			const fields = readFileSync(`/proc/${this.server.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
			return (Number(fields[11]) + Number(fields[12])) * 10_000;
		} catch {
			return -1;
		}
	}

	/** Empties it: it is ours alone. */
	empty(): void {
		this.cli("flushall", "sync");
	}

	async stop(): Promise<void> {
		this.server.kill("SIGTERM");
		if (this.server.exitCode === null) await once(this.server, "exit");
		rmSync(this.folder, { recursive: true, force: true });
	}
}
