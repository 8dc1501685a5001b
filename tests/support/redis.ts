import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer, NO_REDIS_SERVER } from "../../coordinator/fleet/findRedis.js";
import { freePort } from "./freePort.js";

/** A real redis-server of a test's own: no persistence, its files in a temporary folder, its port nobody else's. */
export interface TestRedis {
	/** `unix:///…` */
	readonly url: string;
	/** `redis://127.0.0.1:PORT` */
	readonly tcpUrl: string;
	readonly port: number;
	readonly pid: number;
	/** Ends the server, also a stopped or hanging one, and removes its folder. May be called twice. */
	stop(): Promise<void>;
}

const START_ATTEMPTS = 5;
const READY = /ready to accept connections/i;
const PORT_TAKEN = /address already in use/i;
const STOP_DEADLINE_MS = 5_000;

/**
 * Starts a redis-server on a unix socket and on a free TCP port, and returns when it takes connections.
 * @param args more of redis-server's own arguments, for example `["--requirepass", "secret"]`
 * @throws with the server's output when it does not start
 */
export async function startRedis(args: readonly string[] = []): Promise<TestRedis> {
	const program = findRedisServer(process.env);
	if (program === undefined) throw new Error(NO_REDIS_SERVER);
	for (let attempt = 1; ; attempt++) {
		const port = await freePort();
		const folder = mkdtempSync(join(tmpdir(), "redis-"));
		const socket = join(folder, "s");
		const server = spawn(
			program,
			["--bind", "127.0.0.1", "--port", String(port), "--unixsocket", socket, "--dir", folder]
				.concat(["--save", "", "--appendonly", "no", "--logfile", ""])
				.concat(args),
			{ stdio: ["ignore", "pipe", "pipe"] },
		);
		const output = await startupOutput(server);
		if (output.ready) {
			const stop = stopper(server, folder);
			return { url: `unix://${socket}`, tcpUrl: `redis://127.0.0.1:${port}`, port, pid: server.pid as number, stop };
		}
		rmSync(folder, { recursive: true, force: true });
		// Between freePort and the server's bind another process may have taken the port.
		if (!PORT_TAKEN.test(output.text) || attempt === START_ATTEMPTS) {
			throw new Error(`redis-server did not start:\n${output.text}`);
		}
	}
}

/** Reads what the server says until it is ready or has exited. The pipes are read to the end, so that it never blocks. */
function startupOutput(server: ChildProcess): Promise<{ ready: boolean; text: string }> {
	return new Promise((resolve) => {
		let text = "";
		let settled = false;
		const settle = (ready: boolean) => {
			settled = true;
			resolve({ ready, text });
		};
		const read = (chunk: string) => {
			if (settled) return;
			text += chunk;
			if (READY.test(text)) settle(true);
		};
		server.stdout?.setEncoding("utf8").on("data", read);
		server.stderr?.setEncoding("utf8").on("data", read);
		server.once("error", (error) => {
			text += error.message;
			settle(false);
		});
		server.once("close", () => settle(false));
	});
}

function stopper(server: ChildProcess, folder: string): () => Promise<void> {
	const killOnExit = () => server.kill("SIGKILL");
	process.once("exit", killOnExit);
	const exited = once(server, "exit");
	let stopping: Promise<void> | undefined;
	const stop = async () => {
		server.kill("SIGTERM");
		const deadline = setTimeout(() => server.kill("SIGKILL"), STOP_DEADLINE_MS);
		await exited;
		clearTimeout(deadline);
		process.removeListener("exit", killOnExit);
		rmSync(folder, { recursive: true, force: true });
	};
	return () => (stopping ??= stop());
}
