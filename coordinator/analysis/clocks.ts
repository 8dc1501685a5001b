import { type ClockQuality, Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import type { MergedAgent, MergedRun } from "../merge/merged.js";

/** What a host's clock may drift from Redis's while nobody follows it. */
const UNFOLLOWED_DRIFT_PPM = 50;

/** One host's clock against Redis's, by the word of all its agents. */
export interface HostClock {
	/** Its place among the fleet's hosts, as stamps name it. */
	readonly index: number;
	readonly hostnames: readonly string[];
	readonly agents: readonly number[];
	/** The widest of its agents, at any time of the run. */
	readonly boundUs: number;
	/** Of the agent that knows it best. Above 0: this host's clock runs fast. */
	readonly driftPpm: number | undefined;
	/** Agents that never compared the clocks during the run. */
	readonly unfollowed: readonly number[];
	readonly bursts: number;
	readonly failedBursts: number;
	readonly steps: number;
	readonly firstStepAtUs: number | undefined;
	readonly largestStepUs: number;
}

/** The clocks of a run whose agents ran on several hosts. */
export interface Clocks {
	readonly hosts: readonly HostClock[];
	/** ± on a time between two hosts, whichever they are. */
	readonly boundUs: number;
	/** Response times of tasks that one host completed and another sent. */
	readonly crossing: Distribution;
	/** Medians of the response times within a host and between two; undefined where there are none. */
	readonly withinMedianUs: number | undefined;
	readonly crossingMedianUs: number | undefined;
	readonly withinCount: number;
	readonly below: readonly PairBelowZero[];
}

/** Times between two hosts that came out below zero. */
export interface PairBelowZero {
	readonly sender: HostClock;
	readonly receiver: HostClock;
	readonly tasks: number;
	readonly negative: number;
	/** 0 or less. */
	readonly mostNegativeUs: number;
	/** What both clocks' bounds allow. */
	readonly boundUs: number;
}

/** Undefined where all agents read one clock: then no time is off by it. */
export function clocksOf(run: MergedRun): Clocks | undefined {
	const byClock = new Map<string, MergedAgent[]>();
	for (const agent of run.agents) {
		byClock.set(agent.host.clockKey, [...(byClock.get(agent.host.clockKey) ?? []), agent]);
	}
	if (byClock.size < 2) return undefined;
	// Agents were armed in the order of their indexes, and hosts numbered as they came.
	const hosts = [...byClock.values()].map((agents, index) => hostClock(index, agents, run.endAtUs));
	const all = run.stages.get(Stage.RESPONSE_TIME) ?? Distribution.empty("us");
	const crossing = run.stages.get(Stage.CROSS_HOST_RESPONSE_TIME) ?? Distribution.empty("us");
	return {
		hosts,
		boundUs: twoLargest(hosts.map(({ boundUs }) => boundUs)),
		crossing,
		crossingMedianUs: crossing.count > 0 ? crossing.percentileUs(50) : undefined,
		withinMedianUs: medianWithout(all, crossing),
		withinCount: Math.max(0, all.count - crossing.count),
		below: run.agents.flatMap((agent) => belowZero(agent, hosts)),
	};
}

/** ± on the figures of a response time: 0 where no task crossed hosts. */
export function clockBoundUs(run: MergedRun): number {
	const clocks = clocksOf(run);
	return clocks !== undefined && clocks.crossing.count > 0 ? clocks.boundUs : 0;
}

/** ± on the distance of two moments near the start, on two hosts: by what was known of the clocks when the run was armed. */
export function startBoundUs(run: MergedRun): number {
	const byClock = new Map<string, number>();
	for (const { host, clockBoundUs: boundUs } of run.agents) {
		byClock.set(host.clockKey, Math.max(boundUs, byClock.get(host.clockKey) ?? 0));
	}
	return byClock.size < 2 ? 0 : twoLargest([...byClock.values()]);
}

function hostClock(index: number, agents: readonly MergedAgent[], endAtUs: number): HostClock {
	const followed = agents.flatMap(({ clock }) => (isFollowed(clock) ? [clock] : []));
	const steps = followed.filter((clock) => clock.steps > 0);
	const drifts = followed.filter(({ driftKnown }) => driftKnown).toSorted((a, b) => a.boundUs - b.boundUs);
	const bySize = steps.toSorted((a, b) => Math.abs(b.largestStepUs) - Math.abs(a.largestStepUs));
	const sum = (read: (clock: ClockQuality) => number) => followed.reduce((total, clock) => total + read(clock), 0);
	return {
		index,
		hostnames: [...new Set(agents.map(({ host }) => host.hostname))],
		agents: agents.map((agent) => agent.index),
		boundUs: Math.max(...agents.map((agent) => agentBoundUs(agent, endAtUs))),
		driftPpm: drifts[0]?.driftPpm,
		unfollowed: agents.filter(({ clock }) => !isFollowed(clock)).map((agent) => agent.index),
		bursts: sum(({ bursts }) => bursts),
		failedBursts: sum(({ failedBursts }) => failedBursts),
		// All agents of a host see the same steps.
		steps: Math.max(0, ...steps.map((clock) => clock.steps)),
		firstStepAtUs: steps.length === 0 ? undefined : Math.min(...steps.map(({ firstStepAtUs }) => firstStepAtUs)),
		largestStepUs: bySize[0]?.largestStepUs ?? 0,
	};
}

function isFollowed(clock: ClockQuality | undefined): clock is ClockQuality {
	return clock !== undefined && clock.bursts > 0;
}

function agentBoundUs({ clock, clockBoundUs: armedBoundUs }: MergedAgent, endAtUs: number): number {
	if (isFollowed(clock)) return clock.boundUs;
	return armedBoundUs + (Math.max(0, endAtUs) * UNFOLLOWED_DRIFT_PPM) / 1e6;
}

function belowZero(agent: MergedAgent, hosts: readonly HostClock[]): PairBelowZero[] {
	const receiver = hosts.find(({ agents }) => agents.includes(agent.index));
	return (agent.clock?.fromHosts ?? []).flatMap(({ hostIndex, tasks, negative, mostNegativeUs }) => {
		const sender = hosts[hostIndex];
		if (negative === 0 || sender === undefined || receiver === undefined) return [];
		return [{ sender, receiver, tasks, negative, mostNegativeUs, boundUs: sender.boundUs + receiver.boundUs }];
	});
}

function twoLargest(values: readonly number[]): number {
	const [first = 0, second = 0] = values.toSorted((a, b) => b - a);
	return first + second;
}

/** Of what is left of a distribution without a part of it, bucket by bucket; undefined where nothing is. */
function medianWithout(all: Distribution, part: Distribution): number | undefined {
	const taken = new Map<number, number>();
	for (const { from, count } of part.buckets()) taken.set(from, count);
	const left: { to: number; count: number }[] = [];
	for (const { from, to, count } of all.buckets()) {
		const rest = count - (taken.get(from) ?? 0);
		if (rest > 0) left.push({ to, count: rest });
	}
	const total = left.reduce((sum, { count }) => sum + count, 0);
	let reached = 0;
	for (const { to, count } of left) {
		reached += count;
		if (reached >= total / 2) return Math.min(to, all.maxUs);
	}
	return undefined;
}
