import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { onlyRun } from "./support/results.js";

test("tasks that always fail are dead letters: an error rate of 1, no completion, no NaN", async () => {
	const cli = await runCli([
		"run",
		"--tasks",
		"40",
		"--handler",
		"fail:1",
		"--max-retries",
		"0",
		"--poll-interval",
		"0",
	]);
	const run = onlyRun(cli.folder);
	expect(run.tasks).toMatchObject({ enqueued: 40, completed: 0, failed: 40, deadLettered: 40, lost: 0, remaining: 0 });
	expect(run.errorRate).toBe(1);
	expect(cli.stdout).not.toMatch(/NaN|Infinity|undefined/);
});

test("a failed task is retried after 2 s in its worker, as Spool does", async () => {
	const cli = await runCli(["run", "--tasks", "6", "--workers", "6", "--handler", "fail:1", "--max-retries", "1"]);
	const run = onlyRun(cli.folder);
	expect(run.attempts).toMatchObject({ dequeued: 12, failed: 12, retried: 6 });
	expect(run.tasks.deadLettered).toBe(6);
	expect(run.timing.endedAtMs).toBeGreaterThan(2_000);
});

test("a handler that hangs is ended by the task's timeout", async () => {
	const flags = [
		"--tasks",
		"8",
		"--handler",
		"hang",
		"--timeout",
		"100ms",
		"--max-retries",
		"0",
		"--poll-interval",
		"0",
	];
	const run = onlyRun((await runCli(["run", ...flags])).folder);
	expect(run.tasks.deadLettered).toBe(8);
	expect(run.latency.serviceTime.minUs).toBeGreaterThanOrEqual(99_000);
});

test("a timed run keeps its tasks in flight for its duration, whichever the number of agents", async () => {
	const flags = [
		"--duration",
		"2s",
		"--workers",
		"4",
		"--in-flight",
		"12",
		"--agents",
		"3",
		"--poll-interval",
		"0",
		"--handler",
		"sleep:20ms",
	];
	const run = onlyRun((await runCli(["run", ...flags])).folder);
	// 4 workers that sleep 20 ms: never more than 200 tasks a second.
	expect(run.throughput.tasksPerSecond).toBeLessThanOrEqual(200);
	expect(run.throughput.tasksPerSecond).toBeGreaterThan(50);
	expect(run.tasks.completed).toBe(run.tasks.enqueued);
	// Each of those that are in flight then is followed by another when it is settled.
	expect(run.timing.lastSentAtMs).toBeGreaterThan(2_000);
	// By Little's law the mean response is what 12 in flight at that rate give, whatever the rate.
	const little = (run.throughput.tasksPerSecond * run.latency.responseTime.meanUs) / 1e6;
	expect(little).toBeGreaterThan(9);
	expect(little).toBeLessThan(13);
});
