import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunningCli, runCli, startCli } from "./support/cli.js";
import { expectReported, readReport, resultFolder } from "./support/results.js";

/** A coordinator that waits for its agents, where it listens, and the token it made. */
async function waiting(...flags: string[]): Promise<{ coordinator: RunningCli; address: string; token: string }> {
	const first = await runCli(["--version"]);
	const tokenFile = join(first.folder, "join.token");
	const coordinator = startCli(["run", "--listen", "127.0.0.1:0", "--token-file", tokenFile, ...flags]);
	const line = await coordinator.waitForLine(/"listening"/);
	const { address } = JSON.parse(line) as { address: string };
	expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
	return { coordinator, address, token: readFileSync(tokenFile, "utf8").trim() };
}

const agent = (address: string, token: string, ...flags: string[]) =>
	startCli(["--coordinator", address, ...flags], { program: "agent", env: { SPOOLBENCH_JOIN_TOKEN: token } });

test("agents that were started elsewhere join, run, and are dismissed; one with a wrong token never gets in", async () => {
	const { coordinator, address, token } = await waiting("--tasks", "200", "--agents", "2");
	const intruder = agent(address, "0123456789abcdef");
	expect((await intruder.exited).code).toBe(2);
	const agents = [agent(address, token, "--index", "1"), agent(address, token)];
	expectReported(await coordinator.exited);
	expect(await Promise.all(agents.map(async ({ exited }) => (await exited).code))).toEqual([0, 0]);
	const [run] = readReport(resultFolder(coordinator.folder)).runs;
	expect(run?.perAgent.map(({ pid }) => pid)).toEqual([agents[1]?.pid, agents[0]?.pid]);
	expect(run?.tasks.completed).toBe(200);
});

test("a place that nobody takes: exit 5 when the time is up, naming who is missing", async () => {
	const { coordinator, address, token } = await waiting("--tasks", "10", "--agents", "3", "--join-timeout", "8s");
	const only = agent(address, token, "--index", "1");
	const { code, stderr } = await coordinator.exited;
	expect(code).toBe(5);
	expect(stderr).toMatch(/2 of 3 agents are missing/);
	expect(stderr).toMatch(/agent 0: did not join[\s\S]*agent 2: did not join/);
	expect((await only.exited).code).toBe(0);
});

test("an agent that dies before the start is replaced by the next that joins", async () => {
	const { coordinator, address, token } = await waiting("--tasks", "50", "--agents", "2");
	const doomed = agent(address, token, "--index", "0");
	await coordinator.waitForLine(/"agent joined"/);
	doomed.kill("SIGKILL");
	await coordinator.waitForLine(/"agent lost"/);
	const agents = [agent(address, token), agent(address, token)];
	expectReported(await coordinator.exited);
	for (const { exited } of agents) expect((await exited).code).toBe(0);
});

test("an agent waits for a coordinator that is not there yet, and gives up with 5", async () => {
	const lonely = agent("127.0.0.1:1", "0123456789abcdef", "--join-timeout", "1s");
	const { code, stderr } = await lonely.exited;
	expect(code).toBe(5);
	expect(stderr).toMatch(/no coordinator at 127\.0\.0\.1:1/);
});
