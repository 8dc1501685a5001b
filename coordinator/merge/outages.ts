import type { Outage } from "../../proto/gen/measurement.js";
import type { FleetOutage } from "./merged.js";

/**
 * The times in which at least one agent was without Redis: the union of what the agents tell.
 *
 * @param parts by agent; times in microseconds since the epoch, an end of -1 for none
 */
export function joinOutages(
	parts: readonly { readonly agent: number; readonly outages: readonly Outage[] }[],
): FleetOutage[] {
	const all = parts
		.flatMap(({ agent, outages }) =>
			outages.map(({ fromUs, toUs }) => ({ agent, fromUs, toUs: toUs < 0 ? undefined : toUs })),
		)
		.sort((a, b) => a.fromUs - b.fromUs);
	const joined: { fromUs: number; toUs: number | undefined; agents: Set<number> }[] = [];
	for (const { agent, fromUs, toUs } of all) {
		const last = joined.at(-1);
		if (last && (last.toUs === undefined || last.toUs >= fromUs)) {
			last.toUs = last.toUs === undefined || toUs === undefined ? undefined : Math.max(last.toUs, toUs);
			last.agents.add(agent);
		} else joined.push({ fromUs, toUs, agents: new Set([agent]) });
	}
	return joined.map(({ agents, ...times }) => ({ ...times, agents: [...agents].sort((a, b) => a - b) }));
}
