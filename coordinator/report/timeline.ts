import type { AgentRecord, Record, RunEvent, RunRecord } from "../../proto/gen/record.js";
import { clean } from "./figures.js";

/** More agents than this to which the same thing happens share a line. */
const NAMED_AGENTS = 12;

interface Entry {
	readonly atUs: number;
	readonly run: RunRecord;
	readonly who: string;
	readonly what: string;
}

/**
 * What happened in the runs of a record, a line each: its time on the clock of the run's epoch (UTC) and since the epoch, the
 * run's ID, the agent with its host, and what. The times are the coordinator's, but for what only an agent could see.
 */
export function renderTimeline(record: Record): string {
	const lines = record.runs.flatMap((run) => {
		const entries = [...coordinatorEntries(run), ...run.agents.flatMap((agent) => agentEntries(run, agent))];
		return entries.toSorted((a, b) => a.atUs - b.atUs).map(line);
	});
	if (lines.length === 0) return "no run took place\n";
	return `${lines.join("\n")}\n`;
}

function line({ atUs, run, who, what }: Entry): string {
	const at = new Date(run.epochUnixMs + atUs / 1_000).toISOString();
	const since = `${atUs < 0 ? "\u2212" : "+"}${(Math.abs(atUs) / 1e6).toFixed(3)} s`;
	return [at, since.padStart(11), run.runId, who, clean(what)].join("  ");
}

function coordinatorEntries(run: RunRecord): Entry[] {
	const epoch = { atUs: 0, run, who: "run", what: "epoch: the load begins" };
	const alike = new Map<string, RunEvent[]>();
	for (const event of run.events) {
		const key = event.agent < 0 ? `run: ${event.what}` : event.what;
		alike.set(key, [...(alike.get(key) ?? []), event]);
	}
	return [epoch, ...[...alike.values()].flatMap((events) => entriesOf(run, events))];
}

function entriesOf(run: RunRecord, events: readonly RunEvent[]): Entry[] {
	const [first, last] = [events[0], events.at(-1)];
	if (first === undefined || last === undefined) return [];
	if (events.length <= NAMED_AGENTS) {
		return events.map(({ atUs, agent, host, what }) => ({ atUs, run, who: nameOf(agent, host), what }));
	}
	const tookMs = ((last.atUs - first.atUs) / 1_000).toFixed(0);
	return [{ atUs: last.atUs, run, who: `${events.length} agents`, what: `${last.what}, over ${tookMs} ms` }];
}

function nameOf(agent: number, host: string): string {
	return agent < 0 ? "run" : `agent ${agent} (${clean(host)})`;
}

/** What an agent measured: when Redis was out of reach, and until when a lost one is covered. */
function agentEntries(run: RunRecord, { index, host, measurements, loss }: AgentRecord): Entry[] {
	const who = nameOf(index, host?.hostname ?? "");
	const entry = (atUs: number, what: string) => ({ atUs, run, who, what });
	const outages = (measurements?.outages ?? []).flatMap(({ fromUs, toUs }) => [
		entry(fromUs, "Redis out of reach"),
		...(toUs < 0 ? [] : [entry(toUs, "Redis within reach again")]),
	]);
	return loss && loss.coveredToUs > 0 ? [...outages, entry(loss.coveredToUs, "its last delta")] : outages;
}
