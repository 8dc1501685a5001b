import { paragraph, type Section, table } from "./document.js";
import { formatCount } from "./format.js";
import type { Report, ReportRun } from "./schema.js";
import { type Column, figure, text } from "./table.js";

type Balance = ReportRun["accounting"]["byAgent"][number] | NonNullable<ReportRun["accounting"]["byPriority"]>[number];

const TITLES = [
	"issued",
	"enqueued",
	"completed",
	"dead letters",
	"remaining",
	"held",
	"lost",
	"unaccounted",
	"by record",
] as const;

/** What became of every task: by run, and of the headline's run by the agent that sent it and by priority. */
export function accountingSection(report: Report, run: ReportRun): Section {
	const rows = report.runs.map((each) => [
		each.name,
		...[
			each.tasks.issued,
			each.tasks.enqueued,
			each.tasks.completed,
			each.tasks.deadLettered,
			each.tasks.remaining,
			each.tasks.held,
			each.tasks.lost,
			each.tasks.unaccounted,
			each.tasks.recordedCompleted + each.tasks.recordedDeadLettered,
			each.tasks.duplicates,
		].map(formatCount),
		each.accounting.balanced ? "yes" : each.accounting.censusTaken ? "NO" : "not proven",
	]);
	const columns = [text("run"), ...TITLES.map(figure), figure("duplicates"), text("balanced")];
	const ofRun = report.runs.length > 1 ? ` of ${run.name}` : "";
	const { byAgent, byPriority } = run.accounting;
	return {
		id: "accounting",
		title: "Accounting",
		blocks: [
			table(columns, rows),
			paragraph(`Tasks${ofRun} by the agent that sent them, and by priority:`),
			groupTable(text("tasks"), [
				...byAgent.map((group): [string, Balance] => [`agent ${group.agent}`, group]),
				...(byPriority ?? []).map((group): [string, Balance] => [group.priority, group]),
			]),
		],
	};
}

function groupTable(first: Column, groups: readonly [string, Balance][]) {
	const rows = groups.map(([name, group]) => [
		name,
		...[
			group.issued,
			group.acknowledged + group.unknownObserved,
			group.completed,
			group.deadLettered,
			group.remaining,
			group.held,
			group.lost,
			group.unaccounted,
			group.recordedCompleted + group.recordedDeadLettered,
		].map(formatCount),
	]);
	return table([first, ...TITLES.map(figure)], rows);
}
