import { Stage } from "../../proto/gen/measurement.js";
import { RunEnd } from "../../proto/gen/record.js";
import { Distribution } from "../../proto/histogram.js";
import { STAGES } from "../../proto/stages.js";
import { censoredPercentile, type Unfinished, unfinishedOf, unfinishedOfStage } from "../analysis/censored.js";
import { recoveriesOf } from "../analysis/checkOutages.js";
import { clockBoundUs } from "../analysis/clocks.js";
import { memoryTrendOf } from "../analysis/memoryTrend.js";
import { offeredOf } from "../analysis/offered.js";
import { confidenceOf } from "../analysis/percentiles.js";
import { redisLoadOf } from "../analysis/redisLoad.js";
import { SLOT_MS, type Throughput, throughputOf } from "../analysis/throughput.js";
import { verdictOf } from "../analysis/verdict.js";
import type { Accounting, MergedAgent, MergedRun } from "../merge/merged.js";
import { accountingFigures } from "./buildAccounting.js";
import { clockFigures, startFigures } from "./buildClocks.js";
import { qualityOf } from "./buildQuality.js";
import { secondsOf, statisticsOf } from "./buildStatistics.js";
import { clean, isoTime, known, millis, moment, processFigures, ratio, rounded, share } from "./figures.js";
import { formatBytes } from "./format.js";
import { parametersOf } from "./parameters.js";
import { percentileCurveOf } from "./percentileCurve.js";
import type { LatencyFigures, ReportRun, StageName } from "./schema.js";

const OPEN_NOTE =
	"Open loop: tasks came at their times whatever the queue did, and a response time counts from the moment at which the " +
	"task was due. Do not compare them with those of a closed loop. Below 10 ms, how evenly tasks came is the timer's doing.";

const CLOSED_NOTE =
	"Closed loop: a new task waits for the outcome of an earlier one, so response times are those under the load that the " +
	"queue itself allowed. Do not compare them with those of an open loop.";

/** The figures of one run. */
export function buildRun(run: MergedRun): ReportRun {
	const { accounting, counters } = run;
	const verdict = verdictOf(run);
	const throughput = throughputOf(run);
	const unfinished = unfinishedOf(run);
	const { deadLettered, recordedDeadLettered, rejected, lost } = accounting;
	const failed = deadLettered + recordedDeadLettered + rejected + absent(accounting) + lost + counters.dropped;
	const figures = {
		clocks: clockFigures(run),
		start: startFigures(run),
		offered: offeredFigures(run),
		latency: latencyOf(run, unfinished),
		accounting: accountingFigures(run),
		statistics: statisticsOf(run, unfinished.count),
	};
	return {
		ordinal: run.ordinal,
		name: clean(run.spec.name),
		runId: clean(run.runId),
		agents: run.agents.length,
		workers: run.spec.workers,
		verdict: {
			validity: verdict.validity,
			reasons: verdict.reasons.map((reason) => ({
				...reason,
				run: clean(run.spec.name),
				figure: reason.figure === null ? null : rounded(reason.figure, 6),
				sentence: clean(reason.sentence),
			})),
		},
		quality: qualityOf(figures),
		end: END_NAMES[run.end],
		endReason: clean(run.endReason),
		loop: run.spec.load.kind === "open" ? "open" : "closed",
		loopNote: run.spec.load.kind === "open" ? OPEN_NOTE : CLOSED_NOTE,
		parameters: parametersOf(run.spec),
		clocks: figures.clocks,
		start: figures.start,
		timing: timingOf(run),
		tasks: tasksOf(run, failed),
		errorRate: share(failed, accounting.issued + counters.dropped),
		attempts: {
			dequeued: counters.dequeued,
			failed: counters.failedAttempts,
			retried: counters.retried,
			polls: counters.polls,
			emptyPolls: counters.emptyPolls,
			workerErrors: counters.workerErrors,
		},
		throughput: throughputFigures(run, throughput),
		offered: figures.offered,
		latency: figures.latency,
		percentileCurve: percentileCurve(run, unfinished),
		accounting: figures.accounting,
		statistics: figures.statistics,
		seconds: secondsOf(run),
		errors: errorsOf(run),
		outages: recoveriesOf(run).map(({ outage, tasksPerSecondBefore, recoveryUs }) => ({
			fromMs: millis(outage.fromUs),
			toMs: outage.toUs === undefined ? null : millis(outage.toUs),
			agents: [...outage.agents],
			tasksPerSecondBefore: tasksPerSecondBefore === undefined ? null : rounded(tasksPerSecondBefore),
			recoveryMs: recoveryUs === undefined ? null : millis(recoveryUs),
		})),
		namespace: {
			keysBeforeStart: run.namespace?.keysBeforeStart ?? null,
			keysPurged: run.namespace?.keysPurged ?? 0,
			keysRemoved: run.keysRemoved,
			keysLeft: run.keysLeft,
		},
		resources: resourcesOf(run),
		perAgent: run.agents.map((agent) => agentOf(agent, throughput)),
		redis: redisOf(run),
		series: {
			slotMs: SLOT_MS,
			sent: run.series.map((slot) => slot.sent),
			enqueued: run.series.map((slot) => slot.enqueued),
			completed: run.series.map((slot) => slot.completed),
			failed: run.series.map((slot) => slot.failed),
		},
	};
}

const END_NAMES: { readonly [end in RunEnd]: ReportRun["end"] } = {
	[RunEnd.UNSPECIFIED]: "failed",
	[RunEnd.DRAINED]: "drained",
	[RunEnd.STALLED]: "stalled",
	[RunEnd.UNDRAINED]: "undrained",
	[RunEnd.ABORTED]: "aborted",
	[RunEnd.FAILED]: "failed",
};

/** Enqueues without an answer whose task never turned up. */
function absent(accounting: Accounting): number {
	return accounting.unknown - accounting.unknownObserved;
}

function timingOf(run: MergedRun): ReportRun["timing"] {
	return {
		startedAt: isoTime(run.epochUnixMs),
		firstSentAtMs: moment(run.span.firstSentAtUs),
		lastSentAtMs: moment(run.span.lastSentAtUs),
		lastEnqueuedAtMs: moment(run.span.lastEnqueuedAtUs),
		firstCompletedAtMs: moment(run.span.firstCompletedAtUs),
		lastCompletedAtMs: moment(run.span.lastCompletedAtUs),
		endedAtMs: millis(run.endAtUs),
		clockBoundUs: rounded(clockBoundUs(run)),
	};
}

function tasksOf(run: MergedRun, failed: number): ReportRun["tasks"] {
	const { accounting } = run;
	return {
		planned: run.spec.load.kind === "tasks" ? run.spec.load.tasks : null,
		issued: accounting.issued,
		enqueued: accounting.acknowledged + accounting.unknownObserved,
		completed: accounting.completed,
		failed,
		deadLettered: accounting.deadLettered,
		recordedCompleted: accounting.recordedCompleted,
		recordedDeadLettered: accounting.recordedDeadLettered,
		rejected: accounting.rejected,
		unknownAbsent: absent(accounting),
		remaining: accounting.remaining,
		held: accounting.held,
		lost: accounting.lost,
		unaccounted: accounting.unaccounted,
		duplicates: accounting.duplicates,
	};
}

function throughputFigures(run: MergedRun, throughput: Throughput): ReportRun["throughput"] {
	const { steady } = throughput;
	const { firstSentAtUs, lastEnqueuedAtUs } = run.span;
	const enqueueTimeUs = lastEnqueuedAtUs - firstSentAtUs;
	return {
		tasksPerSecond: rounded(throughput.tasksPerSecond),
		basis: throughput.basis,
		completions: throughput.completions,
		fromMs: millis(throughput.fromUs),
		toMs: millis(throughput.toUs),
		steadyTasksPerSecond: steady.tasksPerSecond === undefined ? null : rounded(steady.tasksPerSecond),
		steadyWithheld: steady.withheld ?? null,
		enqueuesPerSecond: enqueueTimeUs > 0 ? rounded((run.counters.enqueued / enqueueTimeUs) * 1e6) : 0,
	};
}

function offeredFigures(run: MergedRun): ReportRun["offered"] {
	const offered = offeredOf(run);
	if (offered === undefined) return null;
	return {
		...offered,
		perSecond: rounded(offered.perSecond),
		achievedShare: rounded(offered.achievedShare, 6),
		sentRatio: rounded(offered.sentRatio, 6),
		lateShare: rounded(offered.lateShare, 6),
		maxUnacknowledged: run.resources.maxUnacknowledgedSum,
		sendingLoopUtilizationMax: rounded(run.resources.sendingLoopUtilizationMax, 6),
	};
}

function latencyOf(run: MergedRun, unfinished: Unfinished): ReportRun["latency"] {
	const figures = STAGES.map(({ stage, name }) => {
		const values = run.stages.get(stage);
		if (values === undefined) throw new RangeError(`run ${run.runId} has no stage ${name}`);
		return [name, latencyFigures(values, unfinishedOfStage(name, run, unfinished), boundOfStage(name, run))];
	});
	return Object.fromEntries(figures) as ReportRun["latency"];
}

function percentileCurve(run: MergedRun, unfinished: Unfinished): ReportRun["percentileCurve"] {
	const of = (stage: Stage) => run.stages.get(stage) ?? Distribution.empty("us");
	const isOnTime = of(Stage.SEND_LAG).maxUs === 0;
	const uncorrected = {
		values: of(Stage.UNCORRECTED_RESPONSE_TIME),
		unfinished: unfinishedOfStage("uncorrectedResponseTime", run, unfinished),
	};
	return percentileCurveOf({ values: of(Stage.RESPONSE_TIME), unfinished }, isOnTime ? undefined : uncorrected);
}

/** Response times are taken between two hosts; all other stages lie within one. */
function boundOfStage(name: StageName, run: MergedRun): number {
	return name === "responseTime" || name === "uncorrectedResponseTime" ? clockBoundUs(run) : 0;
}

function latencyFigures(values: Distribution, unfinished: Unfinished, boundUs: number): LatencyFigures {
	const confidence = (percent: number) => confidenceOf(percent, values.count, unfinished.count);
	const percentileUs = (percent: number) => rounded(censoredPercentile(values, percent, unfinished).us);
	return {
		count: values.count,
		unfinished: unfinished.count,
		meanUs: rounded(values.meanUs),
		p50Us: percentileUs(50),
		p95Us: percentileUs(95),
		p99Us: percentileUs(99),
		p999Us: percentileUs(99.9),
		minUs: rounded(values.minUs),
		maxUs: rounded(values.maxUs),
		overflow: values.overflow,
		negative: values.negative,
		clockBoundUs: rounded(boundUs),
		confidence: {
			p50Us: confidence(50),
			p95Us: confidence(95),
			p99Us: confidence(99),
			p999Us: confidence(99.9),
		},
	};
}

/** The most frequent first. Kinds that read alike once cleaned are one. */
function errorsOf(run: MergedRun): ReportRun["errors"] {
	const counts = new Map<string, number>();
	for (const [kind, count] of run.errors) counts.set(clean(kind), (counts.get(clean(kind)) ?? 0) + count);
	return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

function resourcesOf(run: MergedRun): ReportRun["resources"] {
	const { resources, counters } = run;
	const cpuUs = resources.cpuUserUs + resources.cpuSystemUs;
	const wallUs = run.agents.reduce((most, agent) => Math.max(most, agent.resources.wallUs), 0);
	return {
		cpuUserMs: millis(resources.cpuUserUs),
		cpuSystemMs: millis(resources.cpuSystemUs),
		cpuShare: share(cpuUs, wallUs),
		cpuUsPerTask: ratio(cpuUs, run.accounting.completed),
		peakRssSumBytes: resources.peakRssSumBytes,
		peakRssMaxBytes: resources.peakRssMaxBytes,
		peakHeapSumBytes: resources.peakHeapSumBytes,
		allocatedBytes: known(resources.allocatedBytes),
		loopDelayP99MaxUs: rounded(resources.loopDelayP99MaxUs),
		loopDelayMaxUs: rounded(resources.loopDelayMaxUs),
		loopUtilizationMax: rounded(resources.loopUtilizationMax, 6),
		memoryTrend: memoryTrendFigures(run),
		maxInFlight: resources.maxInFlightSum,
		metadataBytesPerTask: ratio(counters.metadataBytes, counters.sent) ?? 0,
	};
}

/** Of the agent that grows fastest; growing if one is. */
function memoryTrendFigures(run: MergedRun): ReportRun["resources"]["memoryTrend"] {
	const trends = run.agents.map(({ index, memory }) => ({ index, trend: memoryTrendOf(memory) }));
	const known = trends.flatMap(({ index, trend }) => (trend.kind === "unknown" ? [] : [{ index, ...trend }]));
	const growing = known.filter(({ kind }) => kind === "growing");
	const [worst] = (growing.length > 0 ? growing : known).toSorted((a, b) => b.bytesPerSecond - a.bytesPerSecond);
	if (worst === undefined) {
		const because = trends.map(({ trend }) => (trend.kind === "unknown" ? trend.because : "")).find(Boolean);
		return { kind: "unknown", bytesPerSecond: null, sentence: because ?? "no agent told its memory" };
	}
	const slope = `${worst.bytesPerSecond < 0 ? "-" : "+"}${formatBytes(Math.abs(worst.bytesPerSecond))}/s`;
	return {
		kind: worst.kind,
		bytesPerSecond: rounded(worst.bytesPerSecond),
		sentence: `${worst.kind}, ${slope} ${run.agents.length > 1 ? `in agent ${worst.index}, which grows fastest` : "by slope"}`,
	};
}

function agentOf(agent: MergedAgent, throughput: Throughput): ReportRun["perAgent"][number] {
	const measuredUs = throughput.toUs - throughput.fromUs;
	return {
		...processFigures(agent.resources),
		index: agent.index,
		agentId: clean(agent.agentId),
		hostname: clean(agent.host.hostname),
		pid: agent.pid,
		workers: agent.workers,
		producers: agent.producers,
		enqueued: agent.counters.enqueued,
		completed: agent.counters.completed,
		deadLettered: agent.counters.deadLettered,
		tasksPerSecond: measuredUs > 0 ? rounded((agent.counters.completed / measuredUs) * 1e6) : 0,
		startLatenessUs: rounded(agent.span.startLatenessUs),
		clockBoundUs: rounded(agent.clockBoundUs),
		maxInFlight: agent.resources.maxInFlight,
		lost:
			agent.loss === undefined
				? null
				: {
						atMs: millis(agent.loss.atUs),
						coveredToMs: millis(agent.loss.coveredToUs),
						reason: clean(agent.loss.reason),
					},
	};
}

function redisOf(run: MergedRun): ReportRun["redis"] {
	const load = redisLoadOf(run.redisSamples, run.census?.redis);
	return {
		busyShare: load.busyShare === undefined ? null : rounded(load.busyShare, 6),
		commandsPerTask: load.commands === undefined ? null : ratio(load.commands, run.accounting.completed),
		peakMemoryBytes: load.peakMemoryBytes ?? null,
		peakBacklog: load.peakBacklog ?? null,
		evictedKeys: load.evictedKeys,
		samples: run.redisSamples.map((sample) => ({
			atMs: millis(sample.atUs),
			backlog: [...sample.backlog],
			usedMemoryBytes: sample.usedMemoryBytes,
			connectedClients: sample.connectedClients,
		})),
	};
}
