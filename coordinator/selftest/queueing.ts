import { Stage } from "../../proto/gen/measurement.js";
import type { Distribution } from "../../proto/histogram.js";
import { formatMicros, formatQuantity, formatShare } from "../report/format.js";
import { excuseOf } from "./busy.js";
import {
	meanResponseMs,
	meanWaitMs,
	type QueueSetting,
	responseQuantileMs,
	utilization,
	waitsLongerThan,
} from "./erlang.js";
import type { Experiment, Experimenter, Outcome } from "./experiment.js";
import { heldExcuse, type Theory } from "./held.js";
import { acceptanceIntervals, type Observation, type QueueStatistics } from "./simulate.js";
import { type Check, judge, type RowResult } from "./table.js";

interface QueueingCase extends QueueSetting {
	readonly agents: number;
}

const MEAN_SERVICE_MS = 50;

/** The servers are the slots of the fused engine's workers, which need not poll. */
export const QUEUEING_CASES: readonly QueueingCase[] = [
	{ arrivalsPerSecond: 24, meanServiceMs: MEAN_SERVICE_MS, servers: 2, agents: 1 },
	{ arrivalsPerSecond: 56, meanServiceMs: MEAN_SERVICE_MS, servers: 4, agents: 1 },
	{ arrivalsPerSecond: 320, meanServiceMs: MEAN_SERVICE_MS, servers: 20, agents: 2 },
];

/** A run must have time to forget that it began with an empty queue, and must not take long. */
export const OBSERVATION: Observation = { warmupMs: 1_000, endMs: 9_000, waitThresholdMs: MEAN_SERVICE_MS / 10 };

/** Of the simulated runs on either side: a faultless run is refused less than once in some hundred times. */
export const DEVIATIONS = 5;

/** An M/M/c queue on the real Redis beside Erlang's formulas. */
export async function testQueueing(
	experimenter: Experimenter,
	setting: QueueingCase,
	seed: number,
): Promise<RowResult> {
	const { arrivalsPerSecond, servers } = setting;
	return {
		row: "queueing",
		title:
			`M/M/${servers}, ${arrivalsPerSecond} arrivals/s, ${setting.meanServiceMs} ms of service, ` +
			`ρ = ${utilization(setting).toFixed(2)}, ${formatQuantity(setting.agents, "agent")}, beside Erlang C`,
		checks: judgeQueueing(await experimenter.run(experimentOf(setting)), setting, seed),
	};
}

function experimentOf({ arrivalsPerSecond, meanServiceMs, servers, agents }: QueueingCase): Experiment {
	return {
		flags: {
			name: `queueing-${servers}`,
			agents: String(agents),
			engine: "fused",
			workers: String(agents),
			concurrency: String(servers / agents),
			rate: String(arrivalsPerSecond),
			arrivals: "poisson",
			handler: `sleep:exp:${meanServiceMs}ms`,
			warmup: `${OBSERVATION.warmupMs}ms`,
			duration: `${OBSERVATION.endMs - OBSERVATION.warmupMs}ms`,
			payload: "100B",
		},
	};
}

/** @param seed of the simulated runs */
export function judgeQueueing(outcome: Outcome, setting: QueueingCase, seed: number): Check[] {
	const measured = measuredIn(outcome, OBSERVATION.waitThresholdMs);
	const intervals = acceptanceIntervals(setting, OBSERVATION, seed, DEVIATIONS);
	const excuse = excuseOf(outcome, setting.meanServiceMs * 1_000);
	const ms = (value: number) => formatMicros(value * 1_000);
	const heldMs = heldMsOf(outcome, setting);
	const check = (name: string, key: keyof QueueStatistics, format = ms): Check[] => {
		const value = measured[key];
		if (value === undefined) return [];
		const [theory, interval] = [THEORY[key], intervals[key]];
		// The service time says itself how long it was.
		const figure = { measured: value, allowed: interval.high, heldMs: key === "meanServiceMs" ? 0 : heldMs };
		const why = excuse ?? heldExcuse(theory, setting, figure);
		return [judge({ name, theory: theory(setting), measured: value, ...interval, format, excuse: why })];
	};
	return [
		...check("mean service", "meanServiceMs"),
		...check(`P(wait > ${OBSERVATION.waitThresholdMs} ms)`, "waitedShare", formatShare),
		...check("mean wait", "meanWaitMs"),
		...check("mean response", "meanResponseMs"),
		...check("response p50", "p50ResponseMs"),
		...check("response p95", "p95ResponseMs"),
	];
}

const THEORY: Readonly<Record<keyof QueueStatistics, Theory>> = {
	meanServiceMs: ({ meanServiceMs }) => meanServiceMs,
	waitedShare: (setting) => waitsLongerThan(setting, OBSERVATION.waitThresholdMs),
	meanWaitMs,
	meanResponseMs,
	p50ResponseMs: (setting) => responseQuantileMs(setting, 0.5),
	p95ResponseMs: (setting) => responseQuantileMs(setting, 0.95),
};

/** How long a task kept a server from its next one: at least for its service, with its taking and its acknowledgement. */
function heldMsOf({ run }: Outcome, { meanServiceMs }: QueueSetting): number {
	const meanMs = (stage: Stage) => (run.stages.get(stage)?.meanUs ?? 0) / 1_000;
	return Math.max(meanServiceMs, meanMs(Stage.SERVICE_TIME)) + meanMs(Stage.DEQUEUE_TIME) + meanMs(Stage.ACK_TIME);
}

type Measured = { readonly [Key in keyof QueueStatistics]: number | undefined };

/** The wait of a task is known where one agent both sent and took it, so that it is left out where there are two. */
function measuredIn({ run }: Outcome, waitThresholdMs: number): Measured {
	const stage = (which: Stage): Distribution | undefined => run.stages.get(which);
	const response = stage(Stage.RESPONSE_TIME);
	const wait = stage(Stage.QUEUE_WAIT);
	const isWhole = wait !== undefined && response !== undefined && wait.count > 0 && wait.count === response.count;
	return {
		meanServiceMs: (stage(Stage.SERVICE_TIME)?.meanUs ?? 0) / 1_000,
		waitedShare: isWhole ? 1 - wait.countAtOrBelow(waitThresholdMs * 1_000) / wait.count : undefined,
		meanWaitMs: isWhole ? wait.meanUs / 1_000 : undefined,
		meanResponseMs: (response?.meanUs ?? 0) / 1_000,
		p50ResponseMs: (response?.percentileUs(50) ?? 0) / 1_000,
		p95ResponseMs: (response?.percentileUs(95) ?? 0) / 1_000,
	};
}
