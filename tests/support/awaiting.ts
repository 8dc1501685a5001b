import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CliOptions, type RunningCli, startCli } from "./cli.js";

const LOAD = ["--agents", "2", "--rate", "100", "--warmup", "0s", "--handler", "noop", "--workers", "4"];

/** A coordinator that listens for agents of other hosts. */
export interface Awaiting {
	readonly coordinator: RunningCli;
	readonly port: number;
	readonly agent: (index: number, coordinatorHost: string, port: number, options: CliOptions) => RunningCli;
}

/** Starts one for a run of an open loop with two agents, and gives it once it listens. */
export async function awaiting(redisUrl: string, ...flags: string[]): Promise<Awaiting> {
	const own = startCli(["--version"]);
	await own.exited;
	const tokenFile = join(own.folder, "join.token");
	const args = ["run", "--listen", "127.0.0.1:0", "--token-file", tokenFile, "--redis", redisUrl, ...LOAD, ...flags];
	const coordinator = startCli(args, { timeoutMs: 50_000 });
	const { address } = JSON.parse(await coordinator.waitForLine(/"listening"/)) as { address: string };
	const token = readFileSync(tokenFile, "utf8").trim();
	return {
		coordinator,
		port: Number(address.split(":").at(-1)),
		agent: (index, host, port, options) =>
			startCli(["--coordinator", `${host}:${port}`, "--index", String(index), "--insecure"], {
				...options,
				program: "agent",
				timeoutMs: 50_000,
				env: { ...options.env, SPOOLBENCH_JOIN_TOKEN: token },
			}),
	};
}
