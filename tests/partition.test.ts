import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type RunningCli, runCli, startCli } from "./support/cli.js";
import { type FaultProxy, startFaultProxy } from "./support/faultProxy.js";
import { onlyRun, readReport, resultFolder } from "./support/results.js";

let proxy: FaultProxy | undefined;
afterEach(() => proxy?.close());

interface Divided {
	readonly coordinator: RunningCli;
	readonly direct: RunningCli;
	/** Agent 1, behind the proxy. */
	readonly far: RunningCli;
	readonly proxy: FaultProxy;
	readonly dial: (at: string, ...flags: string[]) => RunningCli;
}

/** Two agents on one run, the second of them behind a proxy. */
async function divided(tasks: number): Promise<Divided> {
	const { folder } = await runCli(["--version"]);
	const tokenFile = join(folder, "join.token");
	const flags = ["--listen", "127.0.0.1:0", "--token-file", tokenFile, "--agents", "2", "--tasks", String(tasks)];
	const coordinator = startCli(["run", ...flags], { timeoutMs: 60_000 });
	const { address } = JSON.parse(await coordinator.waitForLine(/"listening"/)) as { address: string };
	const env = { SPOOLBENCH_JOIN_TOKEN: readFileSync(tokenFile, "utf8").trim() };
	const dial = (at: string, ...more: string[]) =>
		startCli(["--coordinator", at === "" ? address : at, "--index", ...more], {
			program: "agent",
			env,
			timeoutMs: 60_000,
		});
	proxy = await startFaultProxy(address);
	return { coordinator, direct: dial("", "0"), far: dial(proxy.address, "1"), proxy, dial };
}

test("a partition: both sides' leases end, who comes back is refused, and the report and its timeline say so", async () => {
	const { coordinator, direct, far, dial, proxy } = await divided(2_400);
	await coordinator.waitForLine(/running, [1-9]\d\d\//);
	proxy.partition();
	const returning = dial("", "1", "--join-timeout", "1s");
	const refused = await returning.exited;
	expect(refused).toMatchObject({ code: 5, stderr: expect.stringMatching(/a run is under way; no agent can join it/) });
	const { code, stderr } = await far.exited;
	expect(code).toBe(1);
	expect(stderr).toMatch(/nothing heard for \d+ s/);
	expect((await coordinator.exited).code).toBe(3);
	expect((await direct.exited).code).toBe(0);
	const run = onlyRun(coordinator.folder);
	expect(run.perAgent[1]?.lost?.reason).toMatch(/fell silent/);
	expect((await coordinator.exited).stderr).toMatch(/"msg":"agent refused"/);

	const timeline = (await runCli(["report", resultFolder(coordinator.folder), "--timeline"])).stdout;
	const runId = /\S+-0(?= {2}run {2}epoch)/.exec(timeline)?.[0] ?? "none";
	for (const what of ["joined", "ready", "armed", "lost: it fell silent"]) {
		expect(timeline).toContain(`${runId}  agent 1 (${hostname()})  ${what}`);
	}
	const times = timeline.split("\n").map((line) => line.slice(0, 24));
	expect(times.slice(0, -1)).toEqual(times.slice(0, -1).toSorted());
});

test("an agent that is cut off while it hands in its result: its deltas stand in, and the report marks it", async () => {
	const { coordinator, direct, far, proxy } = await divided(1_200);
	proxy.cutAfter("every acknowledged task was settled", 400);
	expect((await coordinator.exited).code).toBe(3);
	expect((await far.exited).code).toBe(1);
	expect((await direct.exited).code).toBe(0);
	const run = onlyRun(coordinator.folder);
	expect(run.perAgent.map(({ lost }) => lost !== null)).toEqual([false, true]);
	expect(run.perAgent[1]?.completed).toBeGreaterThan(100);
	expect(
		readReport(resultFolder(coordinator.folder))
			.verdict.reasons.map(({ sentence }) => sentence)
			.join("\n"),
	).toMatch(/Agent 1 \(.*\) was lost .*of the load is not covered/);
});
