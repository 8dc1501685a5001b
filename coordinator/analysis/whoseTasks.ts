import type { MergedRun } from "../merge/merged.js";
import { PRIORITIES } from "../plan/mix.js";
import { formatCount, formatQuantity } from "../report/format.js";

const LISTED_GROUPS = 4;

/** Whose some tasks are: `7 normal, 2 high; sent by agents 0 and 2`. */
export function whoseTasks(run: MergedRun, fate: "lost" | "held" | "unaccounted" | "remaining"): string {
	const { byAgent, byPriority } = run.accounting;
	const priorities = (byPriority ?? [])
		.filter((group) => group[fate] > 0)
		.map((group) => `${formatCount(group[fate])} ${PRIORITIES[group.priority]}`);
	const agents = byAgent.filter((group) => group[fate] > 0).map(({ agent }) => String(agent));
	const named = agents.slice(0, LISTED_GROUPS).join(", ");
	const more = agents.length - LISTED_GROUPS;
	const senders = more > 0 ? `${named} and ${formatQuantity(more, "more")}` : named;
	return [
		priorities.join(", "),
		...(agents.length > 0 ? [`sent by ${agents.length === 1 ? "agent" : "agents"} ${senders}`] : []),
	]
		.filter((part) => part !== "")
		.join("; ");
}
