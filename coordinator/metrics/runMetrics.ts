import type { Counters } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { STAGES } from "../../proto/stages.js";
import { VERSION } from "../../proto/version.js";
import type { FleetRun, RunPhase } from "../fleetRun.js";
import type { MetricFamily, Sample } from "./exposition.js";

/** Upper bounds of the histograms' buckets, in seconds. */
const BOUNDS_S = [
	0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];
const PER_SECOND = { us: 1e6, ns: 1e9 };
const SETTLED: ReadonlySet<RunPhase> = new Set<RunPhase>(["collecting", "cleaning"]);

type Counted = readonly [name: string, help: string, read: (totals: Counters) => number];

const COUNTED: readonly Counted[] = [
	["tasks_due_total", "Arrivals that fell due, in an open loop.", ({ due }) => due],
	["tasks_dropped_total", "Arrivals that were due and never sent.", ({ dropped }) => dropped],
	["tasks_late_total", "Tasks sent more than 1 ms after they were due.", ({ late }) => late],
	["tasks_sent_total", "Enqueues begun.", ({ sent }) => sent],
	["tasks_enqueued_total", "Enqueues acknowledged.", ({ enqueued }) => enqueued],
	["tasks_rejected_total", "Enqueues that Redis refused.", ({ rejected }) => rejected],
	["tasks_unknown_total", "Enqueues without an answer.", ({ unknown }) => unknown],
	["tasks_dequeued_total", "Tasks handed to a worker, each attempt.", ({ dequeued }) => dequeued],
	["tasks_completed_total", "Completions.", ({ completed }) => completed],
	["tasks_dead_lettered_total", "Tasks given up after their last attempt.", ({ deadLettered }) => deadLettered],
	["tasks_duplicate_total", "Settled again by the same agent.", ({ duplicates }) => duplicates],
	["attempts_failed_total", "Handler runs that failed or timed out.", ({ failedAttempts }) => failedAttempts],
	["tasks_retried_total", "Tasks put back after a failed attempt.", ({ retried }) => retried],
	["polls_total", "Looks into the queues.", ({ polls }) => polls],
	["polls_empty_total", "Looks that found nothing.", ({ emptyPolls }) => emptyPolls],
	["worker_errors_total", "Redis errors in workers.", ({ workerErrors }) => workerErrors],
];

/** A run as it goes, as metrics: what its agents have told so far, by agent; times over the whole fleet. */
export function runMetrics(run: FleetRun, runCount: number): MetricFamily[] {
	const labels = { run: String(run.ordinal) };
	const one = (name: string, help: string, samples: readonly Sample[]): MetricFamily => {
		return { name: `spoolbench_${name}`, kind: name.endsWith("_total") ? "counter" : "gauge", help, samples };
	};
	const byAgent = (read: (participant: FleetRun["participants"][number]) => number | undefined): Sample[] =>
		run.participants.flatMap((participant) => {
			const value = read(participant);
			return value === undefined ? [] : [{ labels: { ...labels, agent: String(participant.index) }, value }];
		});
	const alive = run.participants.filter((participant) => participant.member && participant.alive).length;
	const { backlog } = run.totals;
	return [
		one("build_info", "The coordinator's version.", [{ labels: { version: VERSION }, value: 1 }]),
		one("plan_runs", "Runs in the plan.", [{ labels: {}, value: runCount }]),
		one("run_info", "The run that goes on: its place in the plan from 0, its name and its phase.", [
			{ labels: { ...labels, name: run.spec.name, phase: run.phase, engine: run.spec.engine }, value: 1 },
		]),
		one("run_elapsed_seconds", "Since the load's start; 0 before it.", [{ labels, value: elapsedSeconds(run) }]),
		one("agents", "Agents of the run.", [
			{ labels: { ...labels, state: "alive" }, value: alive },
			{ labels: { ...labels, state: "missing" }, value: run.participants.length - alive },
		]),
		one(
			"backlog_tasks",
			"Tasks in the queues, a sample a second.",
			backlog === undefined ? [] : [{ labels, value: backlog }],
		),
		one(
			"in_flight_tasks",
			"Tasks that workers hold.",
			byAgent(({ snapshot }) => snapshot?.inFlight),
		),
		...COUNTED.map(([name, help, read]) =>
			one(
				name,
				help,
				byAgent(({ snapshot }) => snapshot?.totals && read(snapshot.totals)),
			),
		),
		one(
			"agent_cpu_seconds_total",
			"CPU time of an agent since the load's start.",
			byAgent(({ deltas: { resources } }) => resources && (resources.cpuUserUs + resources.cpuSystemUs) / 1e6),
		),
		one(
			"agent_resident_memory_bytes",
			"Resident memory of an agent.",
			byAgent(({ deltas: { resources } }) => resources?.rssEndBytes),
		),
		one(
			"agent_event_loop_utilization_ratio",
			"Share of the time that an agent's event loop was busy, 0 to 1.",
			byAgent(({ deltas: { resources } }) => resources?.loopUtilization),
		),
		...stageHistograms(run, labels),
	];
}

function elapsedSeconds({ epochMs }: FleetRun): number {
	return epochMs > 0 ? Math.max(0, (performance.now() - epochMs) / 1_000) : 0;
}

/** Each stage's times in buckets counted from the HDR histograms, so that a bucket is right to 0.1 % of its bound. */
function stageHistograms(run: FleetRun, labels: Readonly<Record<string, string>>): MetricFamily[] {
	// An agent whose result is in has let go of the others.
	const stages = SETTLED.has(run.phase) ? STAGES.filter(({ name }) => name === "responseTime") : STAGES;
	return stages.map(({ stage, name, unit, description }): MetricFamily => {
		const whole = Distribution.empty(unit);
		for (const { deltas } of run.participants) {
			const part = deltas.stage(stage);
			if (part) whole.add(part);
		}
		const buckets = BOUNDS_S.map((bound) => ({
			suffix: "_bucket",
			labels: { ...labels, le: String(bound) },
			value: whole.countAtOrBelow(bound * PER_SECOND[unit]),
		}));
		return {
			name: `spoolbench_${snakeCase(name)}_seconds`,
			kind: "histogram",
			help: `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
			samples:
				whole.count === 0
					? []
					: [
							...buckets,
							{ suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: whole.count },
							{ suffix: "_sum", labels, value: whole.sum / PER_SECOND[unit] },
							{ suffix: "_count", labels, value: whole.count },
						],
		};
	});
}

function snakeCase(name: string): string {
	return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
