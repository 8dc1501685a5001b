import { RunEnd } from "../../proto/gen/record.js";
import { sendingUtilization } from "../merge/merge.js";
import type { MergedAgent, MergedRun } from "../merge/merged.js";
import { formatMicros, formatQuantity, formatShare } from "../report/format.js";
import { tasksNotSent } from "./checkAccounting.js";
import { lostArrivals } from "./lostLoad.js";
import { type OfferedLoad, offeredOf, SENT_RATIO_MIN } from "./offered.js";
import type { Reason } from "./reason.js";

/** What became of the agents. */
export function checkFleet(run: MergedRun): Reason[] {
	return [
		...ending(run),
		...lostAgents(run),
		...busyAgents(run),
		...busyHosts(run),
		...latePolls(run),
		...lateAgents(run),
	];
}

function ending(run: MergedRun): Reason[] {
	switch (run.end) {
		case RunEnd.DRAINED:
			return [];
		case RunEnd.ABORTED:
			return [
				{
					code: "aborted",
					severity: "DEGRADED",
					figure: null,
					sentence: `The run was stopped before its end${because(run)}.`,
					advice: "Its figures cover what was done until then.",
				},
			];
		case RunEnd.UNDRAINED:
			return [
				{
					code: "undrained",
					severity: "DEGRADED",
					figure: null,
					sentence: `The queue was not empty when the time to drain was up${because(run)}.`,
					advice:
						"What was still unfinished counts among the slowest: its percentiles print '>'. Give --drain-timeout longer, " +
						"or offer less.",
				},
			];
		case RunEnd.STALLED:
			return [
				{
					code: "stalled",
					severity: "INVALID",
					figure: null,
					sentence: `The run came to a stop with tasks unfinished${because(run)}.`,
					advice: "Look for workers that hang or sleep before a retry, and at the errors by kind.",
				},
			];
		default:
			return [
				{
					code: "failed",
					severity: "INVALID",
					figure: null,
					sentence: `The run could not go on${because(run)}.`,
					advice: "The run's log tells what came before.",
				},
			];
	}
}

function because(run: MergedRun): string {
	return run.endReason === "" ? "" : `: ${run.endReason.replace(/\.$/, "")}`;
}

/** One reason an agent: which, when, and how much of the load it leaves uncovered. */
function lostAgents(run: MergedRun): Reason[] {
	const offered = offeredOf(run);
	const isSent = !offered || offered.notOfferedLost <= (1 - SENT_RATIO_MIN) * offered.due;
	const isWhole = isSent && run.accounting.remaining + run.accounting.held + tasksNotSent(run) === 0;
	return run.agents.flatMap((agent) => {
		if (agent.loss === undefined) return [];
		const uncovered = Math.max(workNotCovered(run, agent, agent.loss), loadNotCovered(run, agent, agent.loss, offered));
		return [
			{
				code: "agent-lost",
				severity: isWhole || run.end === RunEnd.ABORTED ? "DEGRADED" : "INVALID",
				figure: uncovered,
				sentence:
					`Agent ${agent.index} (${agent.host.hostname}, pid ${agent.pid}) was lost ${moment(agent.loss.atUs)}: ` +
					`${agent.loss.reason.replace(/\.$/, "")}. ${formatShare(uncovered)} of the load is not covered by its figures.`,
				advice: "What it had reported until then is included; nothing was scaled up to make good for it.",
			} satisfies Reason,
		];
	});
}

function moment(atUs: number): string {
	return atUs <= 0 ? "before the start" : `${formatMicros(atUs)} into the run`;
}

type Loss = NonNullable<MergedAgent["loss"]>;

/** The share of the work: what the agent's workers had of it, after its last report. */
function workNotCovered(run: MergedRun, { workers }: MergedAgent, { coveredToUs }: Loss): number {
	return shareOf(workers, run, (agent) => agent.workers) * timeAfter(coveredToUs, run.endAtUs);
}

/** The share of what was to be sent: in an open loop of the arrivals, else as its producers had of it. */
function loadNotCovered(run: MergedRun, agent: MergedAgent, loss: Loss, offered: OfferedLoad | undefined): number {
	if (!offered) {
		const lastSentAtUs = Math.max(0, run.span.lastSentAtUs);
		return shareOf(agent.producers, run, ({ producers }) => producers) * timeAfter(loss.coveredToUs, lastSentAtUs);
	}
	const { dueAfter, waiting } = lostArrivals(run, agent);
	return offered.due > 0 ? (dueAfter + waiting) / offered.due : 0;
}

function shareOf(own: number, run: MergedRun, read: (agent: MergedAgent) => number): number {
	const all = run.agents.reduce((sum, agent) => sum + read(agent), 0);
	return all === 0 ? 0 : own / all;
}

/** The part of a time since the epoch after an agent's last report. */
function timeAfter(coveredToUs: number, endAtUs: number): number {
	if (endAtUs <= 0) return 1;
	return Math.min(1, Math.max(0, 1 - coveredToUs / endAtUs));
}

/** Above this an event loop has no room left: what is measured is the agent and not the queue (measurement.md §7). */
const LOOP_UTILIZATION_MAX = 0.9;

/** Above this the agents of one host hold each other up. Redis may run there too, so this is no more than a hint. */
const HOST_CPU_SHARE_MAX = 0.9;

function busyAgents(run: MergedRun): Reason[] {
	// Who spins is busy by intention; that it kept its schedule is seen by its lag.
	const { load } = run.spec;
	if (load.kind === "open" && load.spin) return [];
	// A long drain does not excuse an open loop that had no time to send.
	const busyShare = ({ resources }: MergedAgent) =>
		load.kind === "open" ? sendingUtilization(resources) : resources.loopUtilization;
	const busy = run.agents.filter((agent) => busyShare(agent) > LOOP_UTILIZATION_MAX);
	if (busy.length === 0) return [];
	const most = Math.max(...busy.map(busyShare));
	return [
		{
			code: "agent-busy",
			// An open loop that has no time to send does not offer what it says.
			severity: load.kind === "open" ? "INVALID" : "DEGRADED",
			figure: most,
			sentence: `${named(busy)} kept the event loop busy ${formatShare(most)} of the time${load.kind === "open" ? " of sending" : ""}: the generator itself was the limit.`,
			advice: "Split the load over more agents or hosts, or use fewer workers an agent.",
		},
	];
}

function busyHosts(run: MergedRun): Reason[] {
	const reasons: Reason[] = [];
	for (const agents of agentsByHost(run).values()) {
		const host = agents[0]?.host;
		const cpuUs = agents.reduce((sum, { resources }) => sum + resources.cpuUserUs + resources.cpuSystemUs, 0);
		const wallUs = Math.max(...agents.map((agent) => agent.resources.wallUs));
		if (host === undefined || host.cpus === 0 || wallUs <= 0) continue;
		const share = cpuUs / (wallUs * host.cpus);
		if (share <= HOST_CPU_SHARE_MAX) continue;
		reasons.push({
			code: "host-busy",
			severity: "NOTE",
			figure: share,
			sentence: `The agents used ${formatShare(share)} of the ${formatQuantity(host.cpus, "core")} of ${host.hostname}.`,
			advice: "They slow each other down, and Redis where it runs there: use more hosts or fewer agents.",
		});
	}
	return reasons;
}

/**
 * Workers on a ticker miss beats while their event loop stands still. One miss in a hundred beats costs up to that share of
 * the rate, through no fault of the queue.
 */
function latePolls(run: MergedRun): Reason[] {
	const intervalUs = run.spec.pollIntervalMs * 1_000;
	const late = run.agents.filter(
		({ workers, resources }) => intervalUs > 0 && workers > 0 && resources.loopDelayP99Us > intervalUs,
	);
	if (late.length === 0) return [];
	const most = Math.max(...late.map(({ resources }) => resources.loopDelayP99Us));
	return [
		{
			code: "polls-late",
			severity: "NOTE",
			figure: most,
			sentence:
				`${named(late)} stood still for up to ${formatMicros(most)} at a time (p99 of the event loop's delay), longer than ` +
				"the poll interval: workers missed polls.",
			advice: "The rate may be too low by that; use a machine that is less busy, or fewer agents on it.",
		},
	];
}

/**
 * A closed loop waits for its own outcomes, so an agent that starts late shifts its share of the work and delays the end
 * by no more than that. Below 50 ms, or 2 % of the run, that is within what runs differ by anyway.
 */
const START_LATENESS_MIN_US = 50_000;
const START_LATENESS_SHARE = 0.02;

function lateAgents(run: MergedRun): Reason[] {
	const lastedUs = Math.max(0, run.span.lastCompletedAtUs - run.span.firstSentAtUs);
	const limitUs = Math.max(START_LATENESS_MIN_US, START_LATENESS_SHARE * lastedUs);
	const late = run.agents.filter((agent) => agent.span.startLatenessUs > limitUs);
	if (late.length === 0) return [];
	const most = Math.max(...late.map((agent) => agent.span.startLatenessUs));
	return [
		{
			code: "start-late",
			severity: "DEGRADED",
			figure: most,
			sentence: `${named(late)} started up to ${formatMicros(most)} late.`,
			advice: "The host was too busy to start all agents together: use fewer agents on it.",
		},
	];
}

/** Agents that read the same clock run on one host. */
export function agentsByHost(run: MergedRun): Map<string, MergedAgent[]> {
	const hosts = new Map<string, MergedAgent[]>();
	for (const agent of run.agents) {
		const key = `${agent.host.clockKey}\n${agent.host.hostname}`;
		hosts.set(key, [...(hosts.get(key) ?? []), agent]);
	}
	return hosts;
}

const NAMED_AGENTS = 5;

/** `Agents 0, 3`, and no more than five of them. */
export function named(agents: readonly MergedAgent[]): string {
	const listed = agents.slice(0, NAMED_AGENTS).map((agent) => agent.index);
	const more = agents.length - listed.length;
	return `${agents.length === 1 ? "Agent" : "Agents"} ${listed.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
