import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { onlyRun } from "./support/results.js";

const POLL_INTERVAL_MS = 10;

/**
 * How close to the cap a run comes depends on how busy the machine is; that it keeps to Spool's rhythm does not: one poll a
 * tick, one task a poll, so never more than workers ÷ interval.
 */
test.each([
	{ workers: 1, agents: 1, tasks: 150 },
	{ workers: 1, agents: 3, tasks: 150 },
	{ workers: 4, agents: 1, tasks: 600 },
	{ workers: 4, agents: 4, tasks: 600 },
])("$workers workers over $agents agents poll as Spool's do", async ({ workers, agents, tasks }) => {
	const flags = [
		"--workers",
		workers,
		"--agents",
		agents,
		"--tasks",
		tasks,
		"--poll-interval",
		`${POLL_INTERVAL_MS}ms`,
	];
	const run = onlyRun((await runCli(["run", ...flags.map(String)])).folder);
	const { polls, emptyPolls, dequeued } = run.attempts;
	expect(run.tasks.completed).toBe(tasks);
	expect(polls - emptyPolls).toBe(dequeued);
	expect(dequeued).toBe(tasks);
	// Each worker has a tick at every interval from the epoch to its stop, and one more that it may have held.
	const ticks = (run.timing.endedAtMs / POLL_INTERVAL_MS + 1) * workers;
	expect(polls).toBeLessThanOrEqual(ticks + workers);
	const cap = (workers / POLL_INTERVAL_MS) * 1_000;
	expect(run.throughput.tasksPerSecond).toBeLessThanOrEqual(cap * (tasks / (tasks - workers)));
	expect(run.throughput.tasksPerSecond).toBeGreaterThan(cap / 10);
});
