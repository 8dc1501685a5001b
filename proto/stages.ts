import { Stage } from "./gen/measurement.js";

export type StageUnit = "us" | "ns";

export interface StageInfo {
	readonly stage: Stage;
	readonly name: StageName;
	/** What its values are recorded in. */
	readonly unit: StageUnit;
	readonly description: string;
}

export type StageName =
	| "responseTime"
	| "uncorrectedResponseTime"
	| "sendLag"
	| "enqueueTime"
	| "queueWait"
	| "dequeueTime"
	| "serviceTime"
	| "ackTime"
	| "generatorLag"
	| "backpressureLag";

/** Every stage of a task's life that is measured, the headline first (measurement.md §3). */
export const STAGES: readonly StageInfo[] = [
	{
		stage: Stage.RESPONSE_TIME,
		name: "responseTime",
		unit: "us",
		description: "from the moment a task was meant to be sent until its completion was acknowledged",
	},
	{
		stage: Stage.UNCORRECTED_RESPONSE_TIME,
		name: "uncorrectedResponseTime",
		unit: "us",
		description: "from the moment a task was really sent until its completion was acknowledged",
	},
	{
		stage: Stage.SEND_LAG,
		name: "sendLag",
		unit: "us",
		description: "from the moment a task was meant to be sent until it was",
	},
	{
		stage: Stage.ENQUEUE_TIME,
		name: "enqueueTime",
		unit: "us",
		description: "from sending a task until its enqueue was acknowledged",
	},
	{
		stage: Stage.QUEUE_WAIT,
		name: "queueWait",
		unit: "us",
		description: "from the acknowledged enqueue until a worker had the task, where one agent did both",
	},
	{
		stage: Stage.DEQUEUE_TIME,
		name: "dequeueTime",
		unit: "us",
		description: "the round trips of a dequeue that found a task",
	},
	{ stage: Stage.SERVICE_TIME, name: "serviceTime", unit: "ns", description: "the handler alone" },
	{
		stage: Stage.ACK_TIME,
		name: "ackTime",
		unit: "us",
		description: "from the handler's return until the completion was acknowledged",
	},
	{
		stage: Stage.GENERATOR_LAG,
		name: "generatorLag",
		unit: "us",
		description: "the send lag of tasks that nothing held back: the generator's own",
	},
	{
		stage: Stage.BACKPRESSURE_LAG,
		name: "backpressureLag",
		unit: "us",
		description: "the send lag of tasks that waited because too many enqueues had no answer",
	},
];

/** Parts of the response times by which the clocks of several hosts are judged, and not figures of the queue. */
export const CLOCK_STAGES: readonly { readonly stage: Stage; readonly unit: StageUnit }[] = [
	{ stage: Stage.CROSS_HOST_RESPONSE_TIME, unit: "us" },
	{ stage: Stage.NEGATIVE_RESPONSE_TIME, unit: "us" },
];

/** @throws RangeError for a stage that this version does not know */
export function stageUnit(stage: Stage): StageUnit {
	const info = [...STAGES, ...CLOCK_STAGES].find((candidate) => candidate.stage === stage);
	if (!info) throw new RangeError(`there is no stage ${stage}`);
	return info.unit;
}
