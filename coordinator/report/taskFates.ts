import type { MergedRun, TaskName } from "../merge/merged.js";
import { PRIORITIES } from "../plan/mix.js";
import { clean } from "./figures.js";
import { formatCount } from "./format.js";

export type Fate = "lost" | "held" | "unaccounted";

/** What is known of a task that nobody settled, in words. */
export function whatIsKnown(fate: Fate, record: TaskName["record"]): string {
	switch (fate) {
		case "held":
			return "taken by a worker that never settled it; its processing key or ticket is still there";
		case "lost":
			if (record === "unread") return "acknowledged; in no queue and in nobody's hands";
			return record === "open"
				? "acknowledged; its record says that it is not done, and it is in no queue and in nobody's hands"
				: "acknowledged; nothing of it is left in Redis";
		case "unaccounted":
			if (record === "unread") return "its agent was lost, or one that may have done it; records were not read";
			return record === "open"
				? "its agent was lost before it told of it; its record says that it is not done, and it is in no queue"
				: "its agent was lost before it told of it, and nothing of it is in Redis: it may never have come there";
	}
}

/**
 * `lost_tasks.txt`: every task that nobody settled, a line each with tabs between, as far as the runs name them. Undefined
 * where there is none.
 */
export function renderTaskFates(runs: readonly MergedRun[]): string | undefined {
	const lines = runs.flatMap((run) => [
		...fateLines(run, "lost", run.accounting.lostTasks, run.accounting.lost),
		...fateLines(run, "held", run.accounting.heldTasks, run.accounting.held),
		...fateLines(run, "unaccounted", run.accounting.unaccountedTasks, run.accounting.unaccounted),
	]);
	if (lines.length === 0) return undefined;
	const head = ["run", "fate", "task ID", "producer", "sequence", "priority", "agent", "what is known"].join("\t");
	return `# ${head}\n${lines.join("\n")}\n`;
}

function fateLines(run: MergedRun, fate: Fate, tasks: readonly TaskName[], count: number): string[] {
	const name = clean(run.spec.name);
	const lines = tasks.map(({ taskId, producer, sequence, priority, agent, record }) =>
		[name, fate, taskId, producer, sequence, PRIORITIES[priority], agent ?? "?", whatIsKnown(fate, record)].join("\t"),
	);
	const left = count - tasks.length;
	return left > 0 ? [...lines, `# ${name}: ${formatCount(left)} more ${fate}`] : lines;
}
