import {
	Counters,
	Host,
	Measurements,
	Outcome,
	RedisSample,
	Resources,
	type ResponseSecond,
	type Slot,
	Span,
	Stage,
} from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { LedgerPages } from "../../proto/ledger.js";
import { addSeconds, coarseBucket, encodeSecond, type SecondOfResponses } from "../../proto/responseSecond.js";
import { STAGES, stageUnit } from "../../proto/stages.js";

const SLOT_US = 200_000;

/** One task's life, in µs since the epoch; -1: did not come to it. */
export interface Life {
	readonly producer: number;
	readonly sequence: number;
	readonly sender: number;
	readonly worker: number;
	/** In an open loop. */
	readonly dueAtUs?: number;
	readonly sentAtUs: number;
	readonly enqueuedAtUs: number;
	readonly dequeuedAtUs: number;
	readonly handlerNs: number;
	readonly settledAtUs: number;
	readonly outcome: Outcome;
}

const intendedAtUs = ({ dueAtUs, sentAtUs }: Life) => dueAtUs ?? sentAtUs;
const lagUs = (each: Life) => each.sentAtUs - intendedAtUs(each);

/** What an agent would have measured that sent, dropped and settled these tasks. @param crossing those of them that came from another host */
export function measured(
	sent: readonly Life[],
	dropped: readonly Life[],
	settled: readonly Life[],
	crossing: (each: Life) => boolean,
	endAtUs: number,
	lead: boolean,
	errors: ReadonlyMap<string, number>,
): Measurements {
	const isOpen = sent.some(({ dueAtUs }) => dueAtUs !== undefined);
	const ledger = new LedgerPages();
	for (const each of settled) ledger.set(each.producer, each.outcome, each.sequence);
	const completed = settled.filter((each) => each.outcome === Outcome.COMPLETED);
	const issued = new Map<number, number>();
	for (const each of sent) issued.set(each.producer, Math.max(issued.get(each.producer) ?? 0, each.sequence + 1));
	const values = new Map<Stage, number[]>([
		[Stage.RESPONSE_TIME, completed.map((each) => each.settledAtUs - intendedAtUs(each))],
		[Stage.CROSS_HOST_RESPONSE_TIME, completed.filter(crossing).map((each) => each.settledAtUs - intendedAtUs(each))],
		[Stage.UNCORRECTED_RESPONSE_TIME, completed.map((each) => each.settledAtUs - each.sentAtUs)],
		[Stage.SEND_LAG, sent.map(lagUs)],
		[Stage.GENERATOR_LAG, isOpen ? sent.map(lagUs) : []],
		[Stage.ENQUEUE_TIME, sent.map((each) => each.enqueuedAtUs - each.sentAtUs)],
		[
			Stage.QUEUE_WAIT,
			settled.filter((each) => each.sender === each.worker).map((each) => each.dequeuedAtUs - each.enqueuedAtUs),
		],
		[Stage.DEQUEUE_TIME, settled.map((_, at) => 280 + (at % 17) * 5)],
		[Stage.SERVICE_TIME, settled.map((each) => each.handlerNs)],
		[Stage.ACK_TIME, completed.map((each) => each.settledAtUs - each.dequeuedAtUs - each.handlerNs / 1_000)],
	]);
	const times = (list: readonly number[]) => ({
		first: list.length > 0 ? Math.min(...list) : -1,
		last: Math.max(-1, ...list),
	});
	const sends = times(sent.map((each) => each.sentAtUs));
	const completions = times(completed.map((each) => each.settledAtUs));
	return Measurements.create({
		counters: Counters.create({
			sent: sent.length,
			enqueued: sent.length,
			dequeued: settled.length,
			completed: completed.length,
			deadLettered: settled.length - completed.length,
			failedAttempts: settled.length - completed.length,
			polls: settled.length + 20,
			emptyPolls: 20,
			metadataBytes: sent.length * 96,
			...(isOpen && {
				due: sent.length + dropped.length,
				dropped: dropped.length,
				droppedHeldBack: dropped.length,
				cohortDropped: dropped.length,
				late: sent.filter((each) => lagUs(each) > 1_000).length,
				cohortSent: sent.length,
				cohortSettled: settled.length,
			}),
		}),
		stages: [...STAGES.map(({ stage }) => stage), Stage.CROSS_HOST_RESPONSE_TIME].map((stage) =>
			Distribution.of(stageUnit(stage), values.get(stage) ?? []).encode(stage),
		),
		series: seriesOf(sent, settled),
		responseSeries: secondsOf([...sent, ...dropped], settled),
		ledger: ledger.allPages(),
		producers: [...issued].map(([producer, count]) => ({ producer, issued: count })),
		errors: new Map([
			...(lead ? errors : []),
			...(dropped.length > 0 ? [["dropped: enqueues had no answer", dropped.length] as const] : []),
		]),
		span: Span.create({
			firstSentAtUs: sends.first,
			lastSentAtUs: sends.last,
			lastEnqueuedAtUs: times(sent.map((each) => each.enqueuedAtUs)).last,
			firstCompletedAtUs: completions.first,
			lastCompletedAtUs: completions.last,
			startLatenessUs: 120,
			sendingEndedAtUs: -1,
		}),
		resources: resources(endAtUs + 1e6, 0.15 * endAtUs),
		redis: lead ? [0, 1].map((at) => redisSample(at * endAtUs, at * sent.length * 18, at * endAtUs * 0.08)) : [],
	});
}

function seriesOf(sent: readonly Life[], settled: readonly Life[]): Slot[] {
	const slots = new Map<number, Slot>();
	const at = (us: number) => {
		const index = Math.floor(us / SLOT_US);
		const slot = slots.get(index) ?? { index, sent: 0, enqueued: 0, completed: 0, failed: 0 };
		slots.set(index, slot);
		return slot;
	};
	for (const each of sent) {
		at(each.sentAtUs).sent++;
		at(each.enqueuedAtUs).enqueued++;
	}
	for (const each of settled) {
		if (each.outcome === Outcome.COMPLETED) at(each.settledAtUs).completed++;
		else at(each.settledAtUs).failed++;
	}
	return [...slots.values()].sort((a, b) => a.index - b.index);
}

function secondsOf(intended: readonly Life[], settled: readonly Life[]): ResponseSecond[] {
	const seconds = new Map<number, SecondOfResponses>();
	const add = (us: number, change: Partial<SecondOfResponses>) => {
		const index = Math.floor(us / 1e6);
		const one = { index, count: 0, intended: 0, ended: 0, maxUs: 0, buckets: { indexes: [], counts: [] }, ...change };
		const sum = seconds.get(index);
		seconds.set(index, sum ? addSeconds(sum, one) : one);
	};
	for (const each of intended) add(intendedAtUs(each), { intended: 1 });
	for (const each of settled) {
		const maxUs = each.settledAtUs - intendedAtUs(each);
		const completed = { count: 1, maxUs, buckets: { indexes: [coarseBucket(maxUs)], counts: [1] } };
		add(intendedAtUs(each), each.outcome === Outcome.COMPLETED ? completed : { ended: 1 });
	}
	return [...seconds.values()].sort((a, b) => a.index - b.index).map(encodeSecond);
}

function redisSample(atUs: number, commands: number, cpuMainUs: number): RedisSample {
	return RedisSample.create({
		atUs,
		backlog: [0, atUs === 0 ? 0 : 310, 0, 0],
		usedMemoryBytes: 1_500_000 + Math.round(atUs / 4),
		cpuMainUs,
		commands: Math.round(commands),
		connectedClients: 9,
	});
}

export function resources(wallUs: number, cpuUs: number): Resources {
	return Resources.create({
		wallUs,
		cpuUserUs: cpuUs * 0.8,
		cpuSystemUs: cpuUs * 0.2,
		peakRssBytes: 96 * 1_048_576,
		rssStartBytes: 80 * 1_048_576,
		rssEndBytes: 95 * 1_048_576,
		peakHeapBytes: 24 * 1_048_576,
		allocatedBytes: -1,
		loopDelayP50Us: 80,
		loopDelayP99Us: 1_900,
		loopDelayMaxUs: 6_200,
		loopUtilization: 0.21,
		sendingLoopUtilization: 0.24,
		maxInFlight: 4,
		maxUnacknowledged: 3,
	});
}

export function host(hostname: string): Host {
	return Host.create({
		hostname,
		clockKey: `clock of ${hostname}`,
		cpus: 8,
		memoryBytes: 16 * 1_073_741_824,
		cpuModel: "Example CPU",
		kernel: "Linux 6.1.0",
		nodeVersion: "v20.20.2",
	});
}
