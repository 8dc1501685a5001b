import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { divided } from "./support/divided.js";
import { expectReported, onlyRun, readReport, resultFolder } from "./support/results.js";

/** What the coordinator says when it asks for the results. */
const TOLD_TO_STOP = "every acknowledged task was settled";

test("an agent that is cut off while it hands in its result comes back with it, and nothing is missing", async () => {
	const { coordinator, direct, far, proxy } = await divided(1_200);
	proxy.cutAfter(TOLD_TO_STOP, 400);
	expectReported(await coordinator.exited);
	const { code, stderr } = await far.exited;
	expect(code).toBe(0);
	expect(stderr).toMatch(/"msg":"the stream is lost before the result is handed in: dialling anew"/);
	expect((await direct.exited).code).toBe(0);
	const run = onlyRun(coordinator.folder);
	expect(run.perAgent.map(({ lost }) => lost)).toEqual([null, null]);
	expect(run.tasks).toMatchObject({ issued: 1_200, completed: 1_200, lost: 0 });
	expect(run.accounting.balanced).toBe(true);
	const { stdout } = await runCli(["report", resultFolder(coordinator.folder), "--timeline"]);
	expect(stdout).toMatch(/agent 1 \(.*\) {2}away: it left\n(.*\n)*.*agent 1 \(.*\) {2}came back\n/);
});

test("one that cannot come back within 30 s: its deltas stand in, and the report marks it", async () => {
	const { coordinator, direct, far, proxy } = await divided(1_200);
	proxy.cutAfter(TOLD_TO_STOP, 400);
	await far.waitForLine(/"msg":"joined"/);
	proxy.refuse();
	expect((await coordinator.exited).code).toBe(3);
	const { code, stderr } = await far.exited;
	expect(code).toBe(1);
	expect(stderr).toContain("it could not come back with its result");
	expect((await direct.exited).code).toBe(0);
	const run = onlyRun(coordinator.folder);
	expect(run.perAgent.map(({ lost }) => lost !== null)).toEqual([false, true]);
	expect(run.perAgent[1]?.lost?.reason).toContain("did not come back with its result within 30 s");
	expect(run.perAgent[1]?.completed).toBeGreaterThan(100);
	const { reasons } = readReport(resultFolder(coordinator.folder)).verdict;
	expect(reasons.map(({ sentence }) => sentence).join("\n")).toMatch(
		/Agent 1 \(.*\) was lost .*of the load is not covered/,
	);
}, 90_000);
