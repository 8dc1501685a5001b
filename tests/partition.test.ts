import { hostname } from "node:os";
import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { divided } from "./support/divided.js";
import { onlyRun, resultFolder } from "./support/results.js";

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
