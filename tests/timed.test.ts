import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { expectReported, onlyRun } from "./support/results.js";

test("a closed loop of a time keeps its load up until the measured tasks are settled", async () => {
	const args = ["run", "--warmup", "1s", "--duration", "2s", "--workers", "2", "--in-flight", "6", "--agents", "2"];
	const cli = await runCli([...args, "--handler", "sleep:400ms", "--poll-interval", "1ms"]);
	expectReported(cli);
	const run = onlyRun(cli.folder);
	expect(run.end).toBe("drained");
	// Two workers take one of six tasks each 400 ms: what is sent last in the window waits for four others, and each that is
	// settled meanwhile is followed by another.
	const { sent, slotMs } = run.series;
	const sentAfter = sent.slice(3_000 / slotMs).reduce((sum, count) => sum + count, 0);
	expect(sentAfter).toBeGreaterThanOrEqual(4);
	expect(run.timing.lastSentAtMs).toBeGreaterThan(3_400);
	expect(run.latency.responseTime.unfinished).toBe(0);
	// Not for 5 s: nothing waits to fall due in a closed loop.
	expect(run.timing.lastSentAtMs).toBeLessThan(7_500);
	expect(run.accounting.balanced).toBe(true);
	expect(run.tasks.completed).toBe(run.tasks.issued);
	expect(cli.stdout).toMatch(/: keeping load, /);
});
