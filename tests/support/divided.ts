import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type RunningCli, runCli, startCli } from "./cli.js";
import { type FaultProxy, startFaultProxy } from "./faultProxy.js";

export interface Divided {
	readonly coordinator: RunningCli;
	readonly direct: RunningCli;
	/** Agent 1, behind the proxy. */
	readonly far: RunningCli;
	readonly proxy: FaultProxy;
	readonly dial: (at: string, ...flags: string[]) => RunningCli;
}

/** Two agents on one run, the second of them behind a proxy, until the test is over. */
export async function divided(tasks: number): Promise<Divided> {
	const { folder } = await runCli(["--version"]);
	const tokenFile = join(folder, "join.token");
	const flags = ["--listen", "127.0.0.1:0", "--token-file", tokenFile, "--agents", "2", "--tasks", String(tasks)];
	const coordinator = startCli(["run", ...flags], { timeoutMs: 90_000 });
	const { address } = JSON.parse(await coordinator.waitForLine(/"listening"/)) as { address: string };
	const env = { SPOOLBENCH_JOIN_TOKEN: readFileSync(tokenFile, "utf8").trim() };
	const dial = (at: string, ...more: string[]) =>
		startCli(["--coordinator", at === "" ? address : at, "--index", ...more], {
			program: "agent",
			env,
			timeoutMs: 90_000,
		});
	const proxy = await startFaultProxy(address);
	onTestFinished(() => proxy.close());
	return { coordinator, direct: dial("", "0"), far: dial(proxy.address, "1"), proxy, dial };
}
