import { sumCounters } from "../../proto/counters.js";
import { Host, Measurements, type Resources, type Slot, type Stage } from "../../proto/gen/measurement.js";
import type { AgentRecord, RunRecord } from "../../proto/gen/record.js";
import { Distribution } from "../../proto/histogram.js";
import type { SecondOfResponses } from "../../proto/responseSecond.js";
import { CLOCK_STAGES, STAGES } from "../../proto/stages.js";
import { taskShape } from "../plan/partition.js";
import { parseRunSpec } from "../plan/planJson.js";
import { accountFor } from "./accounting.js";
import { type CheckedMeasurements, MeasurementsError, NOTHING_HAPPENED, readMeasurements } from "./check.js";
import type { FleetResources, MergedAgent, MergedRun } from "./merged.js";
import { joinOutages } from "./outages.js";
import { addCounts, addResponses, addSlots, addStages, joinSpans } from "./sums.js";

/** What is kept of each agent by itself. */
type MeasuredByAgent = Omit<CheckedMeasurements, "stages" | "series" | "responseSeries">;

/**
 * Puts together what all agents of a run measured, the lost ones' deltas included. The order of the agents in the record
 * makes no difference.
 *
 * @throws MeasurementsError naming the agent whose figures do not add up; Error when the record's plan cannot be read
 */
export function mergeRun(record: RunRecord): MergedRun {
	return mergeRunBy(addStages, record);
}

/** @param joinStages puts an agent's distributions to those of the agents before; a self-test has one that does it wrongly */
export function mergeRunBy(joinStages: typeof addStages, record: RunRecord): MergedRun {
	const stages = new Map<Stage, Distribution>(
		[...STAGES, ...CLOCK_STAGES].map(({ stage, unit }) => [stage, Distribution.empty(unit)]),
	);
	const slots = new Map<number, Slot>();
	const responses = new Map<number, SecondOfResponses>();
	const errors = new Map<string, number>();
	// One agent after the other: what hundreds hold of distributions would not be in memory at once.
	const parts = [...record.agents]
		.sort((a, b) => a.index - b.index)
		.map((agent) => {
			const { stages: ownStages, series, responseSeries, ...measured } = readAgent(agent);
			joinStages(stages, ownStages);
			addSlots(slots, series);
			addResponses(responses, responseSeries);
			addCounts(errors, measured.errors);
			return { agent, measured };
		});
	const spec = parseRunSpec(record.specJson);
	const ledgers = parts.map(({ agent, measured }) => ({
		index: agent.index,
		counters: measured.counters,
		pages: measured.ledger,
		producers: measured.producers,
		lost: agent.loss !== undefined,
		workers: agent.workers,
	}));
	return {
		ordinal: record.ordinal,
		runId: record.runId,
		spec,
		agents: parts.map(({ agent, measured }) => mergedAgent(agent, measured)),
		counters: sumCounters(parts.map(({ measured }) => measured.counters)),
		stages,
		series: dense(slots),
		responseSeries: [...responses.values()].sort((a, b) => a.index - b.index),
		span: parts.reduce((span, { measured }) => joinSpans(span, measured.span), NOTHING_HAPPENED),
		accounting: accountFor({
			runTag: record.runTag,
			agents: ledgers,
			census: record.census,
			shape: taskShape(spec),
			sequential: spec.load.kind !== "open",
		}),
		errors: new Map([...errors].sort(([a], [b]) => (a < b ? -1 : 1))),
		resources: fleetResources(parts.map(({ measured }) => measured)),
		outages: joinOutages(parts.map(({ agent, measured }) => ({ agent: agent.index, outages: measured.outages }))),
		redisSamples: parts.flatMap(({ measured }) => measured.redis).sort((a, b) => a.atUs - b.atUs),
		redis: record.redis,
		namespace: record.namespace,
		census: record.census,
		keysRemoved: record.keysRemoved,
		keysLeft: record.keysLeft,
		end: record.end,
		endReason: record.endReason,
		endAtUs: record.endAtUs,
		epochUnixMs: record.epochUnixMs,
		faults: record.faults,
	};
}

function readAgent(agent: AgentRecord): CheckedMeasurements {
	try {
		return readMeasurements(agent.measurements ?? Measurements.create());
	} catch (cause) {
		throw new MeasurementsError(`agent ${agent.index}: ${(cause as Error).message}`, { cause });
	}
}

function mergedAgent(agent: AgentRecord, measured: MeasuredByAgent): MergedAgent {
	return {
		index: agent.index,
		agentId: agent.agentId,
		host: agent.host ?? Host.create(),
		pid: agent.pid,
		workers: agent.workers,
		producers: agent.producers,
		clockBoundUs: agent.clockBoundUs,
		clock: measured.clock,
		counters: measured.counters,
		span: measured.span,
		resources: measured.resources,
		memory: agent.memory,
		loss: agent.loss,
	};
}

function dense(slots: ReadonlyMap<number, Slot>): Slot[] {
	const last = [...slots.keys()].reduce((most, index) => Math.max(most, index), -1);
	const empty = (index: number) => ({ index, sent: 0, enqueued: 0, completed: 0, failed: 0 });
	return Array.from({ length: last + 1 }, (_, index) => slots.get(index) ?? empty(index));
}

function fleetResources(agents: readonly MeasuredByAgent[]): FleetResources {
	const all = agents.map(({ resources }) => resources);
	const sum = (read: (resources: (typeof all)[number]) => number) => all.reduce((total, one) => total + read(one), 0);
	const most = (read: (resources: (typeof all)[number]) => number) =>
		all.reduce((largest, one) => Math.max(largest, read(one)), 0);
	return {
		cpuUserUs: sum((one) => one.cpuUserUs),
		cpuSystemUs: sum((one) => one.cpuSystemUs),
		peakRssSumBytes: sum((one) => one.peakRssBytes),
		peakRssMaxBytes: most((one) => one.peakRssBytes),
		peakHeapSumBytes: sum((one) => one.peakHeapBytes),
		allocatedBytes: all.every((one) => one.allocatedBytes >= 0) ? sum((one) => one.allocatedBytes) : -1,
		loopDelayP99MaxUs: most((one) => one.loopDelayP99Us),
		loopDelayMaxUs: most((one) => one.loopDelayMaxUs),
		loopUtilizationMax: most((one) => one.loopUtilization),
		sendingLoopUtilizationMax: most(sendingUtilization),
		maxInFlightSum: sum((one) => one.maxInFlight),
		maxUnacknowledgedSum: sum((one) => one.maxUnacknowledged),
	};
}

/** How busy an agent's event loop was while it sent; a record of an earlier version tells of the whole run alone. */
export function sendingUtilization({ sendingLoopUtilization, loopUtilization }: Resources): number {
	return sendingLoopUtilization > 0 ? sendingLoopUtilization : loopUtilization;
}
