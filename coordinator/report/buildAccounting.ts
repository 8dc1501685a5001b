import type { Balance, MergedRun, TaskName } from "../merge/merged.js";
import { PRIORITIES } from "../plan/mix.js";
import type { ReportRun } from "./schema.js";
import { whatIsKnown } from "./taskFates.js";

type AccountingFigures = ReportRun["accounting"];

/** How many tasks of each fate `report.json` names. */
const LISTED_TASKS = 1_000;

export function accountingFigures(run: MergedRun): AccountingFigures {
	const { accounting } = run;
	const listed = (tasks: readonly TaskName[], fate: Parameters<typeof whatIsKnown>[0]) =>
		tasks.slice(0, LISTED_TASKS).map(({ producer, sequence, taskId, priority, agent, record }) => ({
			producer,
			sequence,
			taskId,
			priority: PRIORITIES[priority] ?? "normal",
			agent: agent ?? null,
			known: whatIsKnown(fate, record),
		}));
	return {
		balanced: accounting.balanced,
		censusTaken: run.census !== undefined,
		recordsRead: accounting.recordsRead,
		acknowledged: accounting.acknowledged,
		unknown: accounting.unknown,
		unknownObserved: accounting.unknownObserved,
		recordedCompleted: accounting.recordedCompleted,
		recordedDeadLettered: accounting.recordedDeadLettered,
		crossAgentDuplicates: accounting.crossAgentDuplicates,
		notIssued: accounting.notIssued,
		byAgent: accounting.byAgent.map(({ agent, ...rest }) => ({ agent, ...balanceFigures(rest) })),
		byPriority:
			accounting.byPriority?.map(({ priority, ...rest }) => ({
				priority: PRIORITIES[priority] ?? "normal",
				...balanceFigures(rest),
			})) ?? null,
		lostTasks: listed(accounting.lostTasks, "lost"),
		heldTasks: listed(accounting.heldTasks, "held"),
		unaccountedTasks: listed(accounting.unaccountedTasks, "unaccounted"),
	};
}

function balanceFigures(balance: Balance): Balance {
	return { ...balance };
}
