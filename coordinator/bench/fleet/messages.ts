/** What the bench's processes tell each other (IPC); the fleet itself speaks the real protocol. */

/** To the process that stands in for the coordinator. */
export interface CoordinatorJob {
	readonly agents: number;
	readonly tasksPerAgent: number;
	readonly loadMs: number;
}

/** What the agents' processes need to dial. PEM, as text. */
export interface Invitation {
	readonly address: string;
	readonly token: string;
	readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** To a process that stands in for a host of agents. */
export interface AgentsJob extends Invitation {
	readonly first: number;
	readonly count: number;
	/** How long the load lasts from the epoch. */
	readonly loadMs: number;
	/** Names the clock that all its agents read. */
	readonly clockKey: string;
}

export type ToCoordinator = { readonly kind: "host"; readonly job: CoordinatorJob } | { readonly kind: "dialled" };
export type FromCoordinator =
	| { readonly kind: "listening"; readonly invitation: Invitation }
	| { readonly kind: "measured"; readonly figures: FleetFigures };
/** From an agents' process: it has loaded its code, and can dial at once. */
export interface FromAgents {
	readonly kind: "loaded";
}

/** What became of one fleet. */
export interface FleetFigures {
	readonly agents: number;
	readonly lost: number;
	/** From the first dial until every agent had joined. */
	readonly joinedMs: number;
	/** From the first dial until every agent was armed. */
	readonly armedMs: number;
	/** From the first agent's start to the last one's, by the report. */
	readonly startSkewMs: number;
	readonly deltas: number;
	/** The coordinator's time for one delta: reading, checking, adding. */
	readonly deltaMeanMs: number;
	readonly deltaMaxMs: number;
	/** From the order to stop until every result was in. */
	readonly collectedMs: number;
	/** From the record to the report, in every format, and its compressed file. */
	readonly reportedMs: number;
	readonly resultBytes: number;
	readonly cpuShare: number;
	readonly peakRssBytes: number;
	/** The longest that the event loop stood still, from the first dial to the last word. */
	readonly longestStallMs: number;
	readonly completed: number;
	readonly expected: number;
}
