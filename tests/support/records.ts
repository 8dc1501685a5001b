import type { LoadSpec, Plan, RunSpec } from "../../coordinator/plan/plan.js";
import { planToJson, specToJson } from "../../coordinator/plan/planJson.js";
import { Census, Namespace, Outcome, RedisServer } from "../../proto/gen/measurement.js";
import { AgentRecord, Record, RunEnd, RunRecord } from "../../proto/gen/record.js";
import { LedgerPages } from "../../proto/ledger.js";

import { host, type Life, measured, resources } from "./measurements.js";

const PRODUCERS = 4;

/** What happens in a simulated run; what is left out goes well. */
export interface RunShape {
	readonly name?: string;
	/** The point of the sweep that it is a run of; its name unless given. */
	readonly point?: string;
	readonly pollIntervalMs?: number;
	readonly ordinal?: number;
	readonly workers?: number;
	readonly agents?: number;
	readonly tasks?: number;
	/** A timed run of this length instead of a number of tasks. */
	readonly timedMs?: number;
	/** A task each millisecond for so long, whatever the queue does. */
	readonly openMs?: number;
	/** From then on enqueues have no answer, and what falls due is dropped. */
	readonly droppedFromUs?: number;
	/** Each n-th task ends in a dead letter. */
	readonly deadLetterEach?: number;
	/** These tasks (by run-wide number) vanish after their enqueue. */
	readonly vanished?: readonly number[];
	/** This agent hands in what it had measured until then, and is gone. */
	readonly lost?: { readonly agent: number; readonly atUs: number };
	/** The user stops the run; what is not settled then remains in the queue. */
	readonly abortedAtUs?: number;
	readonly hosts?: readonly string[];
	readonly errors?: ReadonlyMap<string, number>;
}

export function runSpec(shape: RunShape): RunSpec {
	const workers = shape.workers ?? 4;
	return {
		name: shape.name ?? "quick",
		point: shape.point ?? shape.name ?? "quick",
		agents: shape.agents ?? 1,
		engine: "classic",
		concurrency: 1,
		batch: 1,
		workers,
		producers: shape.openMs === undefined ? PRODUCERS : (shape.agents ?? 1),
		pollIntervalMs: shape.pollIntervalMs ?? 10,
		load: loadSpec(shape, workers),
		task: {
			type: "benchmark_task",
			payload: [{ weight: 1, leastBytes: 1_024, mostBytes: 1_024 }],
			priorities: [0, 1, 0, 0],
			maxRetries: 3,
			timeoutMs: 30_000,
		},
		handler: { kind: "benchmark" },
		drainTimeoutMs: 60_000,
		seed: 7,
	};
}

function loadSpec({ timedMs, openMs, tasks = 1_000 }: RunShape, workers: number): LoadSpec {
	if (timedMs !== undefined) return { kind: "timed", warmupMs: 0, durationMs: timedMs, inFlight: 2 * workers };
	if (openMs === undefined) return { kind: "tasks", tasks, limitMs: undefined };
	return {
		kind: "open",
		rate: { shape: "constant", perSecond: 1_000 },
		arrivals: { process: "uniform" },
		warmupMs: 0,
		durationMs: openMs,
		maxUnacknowledged: 1_000,
		spin: false,
	};
}

/**
 * An execution as the coordinator would have collected it: workers that take one task each 10 ms, producers that send one
 * each 1.6 ms, and nothing left to chance.
 */
export function simulatedRecord(
	shapes: readonly RunShape[],
	overrides: Partial<Record> = {},
	judged: Partial<Pick<Plan, "thresholds" | "targets">> = {},
): Record {
	const specs = shapes.map(runSpec);
	const plan: Plan = {
		name: shapes.length > 1 ? "scalability" : (shapes[0]?.name ?? "quick"),
		type: shapes.length > 1 ? "scalability" : "quick",
		agents: Math.max(...shapes.map((shape) => shape.agents ?? 1)),
		redisUrl: undefined,
		keyPrefix: "spool:",
		purge: false,
		repeat: Math.max(1, Math.round(specs.length / Math.max(1, new Set(specs.map(({ point }) => point)).size))),
		seed: 7,
		thresholds: judged.thresholds ?? [],
		targets: judged.targets,
		cpuprofile: undefined,
		memprofile: undefined,
		runs: specs,
	};
	return Record.create({
		format: 1,
		softwareVersion: "0.1.0",
		planJson: planToJson(plan),
		command: "coordinator run --type quick",
		startedAtUnixMs: Date.UTC(2026, 0, 31, 12, 0, 0),
		finishedAtUnixMs: Date.UTC(2026, 0, 31, 12, 0, 5),
		coordinatorHost: host("bench-1"),
		coordinator: resources(5e6, 0.4e6),
		privateRedis: true,
		runs: shapes.map((shape, ordinal) => simulatedRun({ ordinal, ...shape })),
		...overrides,
	});
}

export function simulatedRun(shape: RunShape): RunRecord {
	const spec = runSpec(shape);
	const agentCount = shape.agents ?? 1;
	const endUs = shape.abortedAtUs ?? Number.POSITIVE_INFINITY;
	const vanished = new Set(shape.vanished);
	const tasks = tasksOf(spec);
	const { lost } = shape;
	const lives = Array.from({ length: tasks }, (_, task) => life(task, spec.workers, agentCount, shape))
		.filter((each) => each.sentAtUs < endUs && (each.sender !== lost?.agent || each.sentAtUs < lost.atUs))
		.map((each) => (lost === undefined ? each : withoutAgent(each, lost, agentCount)))
		.map((each, task) => {
			if (vanished.has(task)) return { ...each, settledAtUs: -1, outcome: Outcome.UNSPECIFIED };
			return each.settledAtUs < endUs ? each : { ...each, settledAtUs: -1, outcome: Outcome.REMAINING };
		});
	const census = new LedgerPages();
	for (const each of lives) {
		if (each.outcome === Outcome.REMAINING || each.outcome === Outcome.HELD) {
			census.set(each.producer, each.outcome, each.sequence);
		}
	}
	const lastUs = Math.max(0, ...lives.map((each) => each.settledAtUs));
	const endAtUs = Math.min(endUs, lastUs);
	const settled = lives.filter((each) => each.settledAtUs >= 0).length;
	return RunRecord.create({
		ordinal: shape.ordinal ?? 0,
		runId: `0badcafe-${shape.ordinal ?? 0}`,
		runTag: 7,
		specJson: specToJson(spec),
		agents: Array.from({ length: agentCount }, (_, index) => agentRecord(index, lives, endAtUs, spec, shape)),
		namespace: Namespace.create({}),
		redis: RedisServer.create({
			version: "7.0.15",
			mode: "standalone",
			os: "Linux 6.1.0",
			serverName: "redis",
			evictionPolicy: "noeviction",
			persistence: "none",
		}),
		census: Census.create({
			pages: census.allPages(),
			remaining: [0, census.popcount(Outcome.REMAINING), 0, 0],
			held: census.popcount(Outcome.HELD),
		}),
		keysRemoved: 2 * settled + 6,
		end: shape.abortedAtUs === undefined ? RunEnd.DRAINED : RunEnd.ABORTED,
		endReason: shape.abortedAtUs === undefined ? "every acknowledged task was settled" : "SIGINT",
		epochUnixMs: Date.UTC(2026, 0, 31, 12, 0, 1),
		endAtUs,
	});
}

function tasksOf({ load, workers }: RunSpec): number {
	switch (load.kind) {
		case "tasks":
			return load.tasks;
		case "timed":
			return Math.floor((load.durationMs / 10) * workers);
		case "open":
			return load.durationMs;
	}
}

/** An arrival a millisecond, mostly sent a little late, each hundredth after a pause of the generator's. */
function openLife(task: number, workers: number, agents: number): Life {
	const producer = task % agents;
	const worker = Math.floor(task / agents) % workers;
	const dueAtUs = 1_000 * task;
	const sentAtUs = dueAtUs + (task % 100 === 99 ? 1_400 : 40 + (task % 9) * 10);
	const enqueuedAtUs = sentAtUs + 250 + (task % 7) * 20;
	const dequeuedAtUs = enqueuedAtUs + 180 + (task % 23) * 15;
	return {
		producer,
		sequence: Math.floor(task / agents),
		sender: producer,
		worker: worker % agents,
		dueAtUs,
		sentAtUs,
		enqueuedAtUs,
		dequeuedAtUs,
		handlerNs: 4_000 + (task % 11) * 100,
		settledAtUs: dequeuedAtUs + 300 + (task % 13) * 10,
		outcome: Outcome.COMPLETED,
	};
}

function life(task: number, workers: number, agents: number, shape: RunShape): Life {
	if (shape.openMs !== undefined) return openLife(task, workers, agents);
	const producer = task % PRODUCERS;
	const sequence = Math.floor(task / PRODUCERS);
	const worker = task % workers;
	const turn = Math.floor(task / workers);
	// In a timed run a task is sent when one is settled; else as fast as the queue acknowledges.
	const sentAtUs = shape.timedMs === undefined ? 1_000 + sequence * 1_600 : Math.max(500, turn * 10_000 - 9_000);
	const enqueuedAtUs = sentAtUs + 400 + (task % 7) * 20;
	const polls = Math.max(0, Math.ceil((enqueuedAtUs - 2_000 * worker) / 10_000));
	const dequeuedAtUs = Math.max(turn, polls) * 10_000 + 2_000 * worker + 300 + (task % 5) * 10;
	return {
		producer,
		sequence,
		sender: producer % agents,
		worker: worker % agents,
		sentAtUs,
		enqueuedAtUs,
		dequeuedAtUs,
		handlerNs: 4_000 + (task % 11) * 100,
		settledAtUs: dequeuedAtUs + 600 + (task % 13) * 10,
		outcome:
			shape.deadLetterEach !== undefined && task % shape.deadLetterEach === 0
				? Outcome.DEAD_LETTERED
				: Outcome.COMPLETED,
	};
}

/** What a lost agent had in hand is held for good; what came later is done by the next agent. */
function withoutAgent(each: Life, lost: NonNullable<RunShape["lost"]>, agents: number): Life {
	if (each.worker !== lost.agent || each.settledAtUs < lost.atUs) return each;
	if (each.dequeuedAtUs < lost.atUs) return { ...each, settledAtUs: -1, outcome: Outcome.HELD };
	return { ...each, worker: (lost.agent + 1) % agents };
}

function agentRecord(
	index: number,
	all: readonly Life[],
	endAtUs: number,
	spec: RunSpec,
	shape: RunShape,
): AgentRecord {
	const agents = shape.agents ?? 1;
	const lostAtUs = shape.lost?.agent === index ? shape.lost.atUs : undefined;
	const untilUs = lostAtUs ?? Number.POSITIVE_INFINITY;
	const due = all.filter((each) => each.sender === index && each.enqueuedAtUs < untilUs);
	const isDropped = ({ dueAtUs = -1 }: Life) => dueAtUs >= (shape.droppedFromUs ?? Number.POSITIVE_INFINITY);
	const sent = due.filter((each) => !isDropped(each));
	const settled = all.filter(
		(each) => each.worker === index && !isDropped(each) && each.settledAtUs >= 0 && each.settledAtUs < untilUs,
	);
	const hosts = shape.hosts ?? ["bench-1"];
	const crossing = (each: Life) => hosts[each.sender % hosts.length] !== hosts[each.worker % hosts.length];
	const measurements = measured(
		sent,
		due.filter(isDropped),
		settled,
		crossing,
		endAtUs,
		index === 0,
		shape.errors ?? new Map(),
	);
	const hasEnded = spec.load.kind === "open" && lostAtUs === undefined;
	if (hasEnded && measurements.span) measurements.span.sendingEndedAtUs = 1_000 * spec.load.durationMs;
	return AgentRecord.create({
		index,
		agentId: `00000000-0000-4000-8000-00000000000${index}`,
		host: host(hosts[index % hosts.length] ?? ""),
		pid: 4_000 + index,
		clockBoundUs: hosts.length > 1 ? 60 : 0,
		measurements,
		workers: Math.floor(((index + 1) * spec.workers) / agents) - Math.floor((index * spec.workers) / agents),
		producers: Math.max(0, Math.ceil((PRODUCERS - index) / agents)),
		...(lostAtUs === undefined
			? {}
			: {
					loss: { atUs: lostAtUs + 50_000, reason: "its process ended by SIGKILL", coveredToUs: lostAtUs },
				}),
	});
}
