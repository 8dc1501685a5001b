import {
	ArrivalProcess,
	Engine,
	type Handler,
	type Load,
	type OpenLoad,
	type Faults as PlantedFaults,
	type ProducerShare,
	Sabotage,
	type Slice,
	type TaskShape,
	type Window,
} from "./gen/slice.js";
import { highestRate, segmentFault } from "./profile.js";
import { redisUrlFault } from "./redisUrl.js";

const HOUR_MS = 3_600_000;

/** The most that a plan may ask for and a slice may carry. */
export const LIMITS = {
	agents: 512,
	workers: 10_000,
	producers: 10_000,
	tasks: 1_000_000_000,
	inFlight: 1_000_000,
	payloadBytes: 3 * 1_048_576,
	retries: 100,
	batch: 1_000,
	concurrency: 1_000,
	pollIntervalMs: HOUR_MS,
	handlerMs: HOUR_MS,
	timeoutMs: 24 * HOUR_MS,
	durationMs: 168 * HOUR_MS,
	ratePerSecond: 10_000_000,
	rateSegments: 1_000,
	burst: 1_000_000,
	unacknowledged: 1_000_000,
	wordCharacters: 200,
} as const;

const PRIORITY_COUNT = 4;

/** Spaces and control characters would make keys that tools cannot show or type. */
export function isWord(text: string): boolean {
	return text.length > 0 && text.length <= LIMITS.wordCharacters && !/[\s\p{C}]/u.test(text);
}

/**
 * What an agent refuses in a slice before it does anything: missing parts, unknown kinds, numbers out of range.
 *
 * @returns one sentence for each fault, without passwords; none when the slice is fine
 */
export function checkSlice(slice: Slice): string[] {
	const faults = new Faults();
	faults.whole("agentCount", slice.agentCount, 1, LIMITS.agents);
	faults.whole("agentIndex", slice.agentIndex, 0, Math.max(0, slice.agentCount - 1));
	faults.whole("runTag", slice.runTag, 0, 2 ** 32 - 1);
	if (slice.engine !== Engine.CLASSIC && slice.engine !== Engine.FUSED) {
		faults.add("engine", `${slice.engine} is not known to this version`);
	}
	if (slice.engine === Engine.FUSED) {
		faults.whole("batch", slice.batch, 1, LIMITS.batch);
		faults.whole("workers.concurrency", slice.workers?.concurrency ?? 0, 1, LIMITS.concurrency);
	}
	const { target, workers, task } = slice;
	if (target) {
		const fault = redisUrlFault(target.url);
		if (fault !== undefined) faults.add("target.url", fault);
		faults.word("target.keyPrefix", target.keyPrefix);
	} else faults.add("target", "missing");
	if (workers) {
		faults.whole("workers.firstIndex", workers.firstIndex, 0, LIMITS.workers);
		faults.whole("workers.count", workers.count, 0, LIMITS.workers);
		faults.number("workers.pollIntervalMs", workers.pollIntervalMs, 0, LIMITS.pollIntervalMs);
	} else faults.add("workers", "missing");
	if (task) {
		faults.word("task.type", task.type);
		checkDraw(task, faults);
		faults.whole("task.maxRetries", task.maxRetries, 0, LIMITS.retries);
		faults.positive("task.timeoutMs", task.timeoutMs, LIMITS.timeoutMs);
	} else faults.add("task", "missing");
	checkLoad(slice.load?.kind, slice.producers, faults);
	if (slice.load?.window) checkWindow(slice.load.window, faults);
	checkHandler(slice.handler?.kind, faults);
	if (slice.faults) checkFaults(slice.faults, faults);
	return faults.sentences;
}

const MOST_WEIGHT = 1e9;
const MOST_SIZES = 100;

function checkDraw({ payload, priorityWeights, drawSeed }: TaskShape, faults: Faults): void {
	faults.whole("task.drawSeed", drawSeed, 0, 2 ** 32 - 1);
	faults.whole("task.payload.length", payload.length, 1, MOST_SIZES);
	for (const [index, { weight, leastBytes, mostBytes }] of payload.entries()) {
		faults.positive(`task.payload[${index}].weight`, weight, MOST_WEIGHT);
		faults.whole(`task.payload[${index}].mostBytes`, mostBytes, 0, LIMITS.payloadBytes);
		faults.whole(`task.payload[${index}].leastBytes`, leastBytes, 0, mostBytes);
	}
	faults.whole("task.priorityWeights.length", priorityWeights.length, PRIORITY_COUNT, PRIORITY_COUNT);
	for (const [priority, weight] of priorityWeights.entries()) {
		faults.number(`task.priorityWeights[${priority}]`, weight, 0, MOST_WEIGHT);
	}
	if (!priorityWeights.some((weight) => weight > 0)) faults.add("task.priorityWeights", "none above 0");
}

function checkLoad(kind: Load["kind"], producers: readonly ProducerShare[], faults: Faults): void {
	if (!kind) faults.add("load", "missing, or of a kind that is not known to this version");
	else if (kind.$case === "taskCount") {
		const { total, limitMs } = kind.value;
		faults.whole("load.taskCount.total", total, 1, LIMITS.tasks);
		if (limitMs !== 0) faults.positive("load.taskCount.limitMs", limitMs, LIMITS.durationMs);
	} else if (kind.$case === "open") {
		checkOpenLoad(kind.value, faults);
		faults.whole("producers.length", producers.length, 1, 1);
	} else {
		const { durationMs, inFlight } = kind.value;
		faults.positive("load.timed.durationMs", durationMs, LIMITS.durationMs);
		faults.whole("load.timed.inFlight", inFlight, 0, LIMITS.inFlight);
		if (inFlight > 0 && producers.length === 0) faults.add("producers", "none to hold tasks in flight with");
	}
	const tasks = kind?.$case === "taskCount" ? kind.value.total : 0;
	const seen = new Set<number>();
	for (const [position, producer] of producers.entries()) {
		const name = `producers[${position}]`;
		faults.whole(`${name}.index`, producer.index, 0, LIMITS.producers - 1);
		faults.whole(`${name}.firstTask`, producer.firstTask, 0, tasks);
		faults.whole(`${name}.tasks`, producer.tasks, 0, tasks - producer.firstTask);
		if (seen.has(producer.index)) faults.add(`${name}.index`, `${producer.index} twice`);
		seen.add(producer.index);
	}
}

const ARRIVALS = [ArrivalProcess.UNIFORM, ArrivalProcess.POISSON, ArrivalProcess.BURST];

function checkOpenLoad(load: OpenLoad, faults: Faults): void {
	faults.whole("load.open.profile.length", load.profile.length, 1, LIMITS.rateSegments);
	for (const [index, segment] of load.profile.entries()) {
		const name = `load.open.profile[${index}]`;
		const fault = segmentFault(segment);
		if (fault !== undefined) faults.add(name, fault);
		faults.number(`${name}: rate`, highestRate(segment), 0, LIMITS.ratePerSecond);
		faults.positive(`${name}.durationMs`, segment.durationMs, LIMITS.durationMs);
	}
	if (!ARRIVALS.includes(load.arrivals))
		faults.add("load.open.arrivals", `${load.arrivals} is not known to this version`);
	if (load.arrivals === ArrivalProcess.BURST) faults.whole("load.open.burst", load.burst, 1, LIMITS.burst);
	faults.whole("load.open.seed", load.seed, 0, 2 ** 32 - 1);
	faults.whole("load.open.shareCount", load.shareCount, 1, LIMITS.agents);
	faults.whole("load.open.shareIndex", load.shareIndex, 0, load.shareCount - 1);
	faults.whole("load.open.maxUnacknowledged", load.maxUnacknowledged, 1, LIMITS.unacknowledged);
}

function checkWindow({ fromMs, toMs }: Window, faults: Faults): void {
	faults.number("load.window.fromMs", fromMs, 0, LIMITS.durationMs);
	faults.positive("load.window.toMs - fromMs", toMs - fromMs, LIMITS.durationMs);
}

function checkHandler(kind: Handler["kind"], faults: Faults): void {
	if (!kind) faults.add("handler", "missing, or of a kind that is not known to this version");
	else if (kind.$case === "sleep") faults.number("handler.sleep.meanMs", kind.value.meanMs, 0, LIMITS.handlerMs);
	else if (kind.$case === "cpu") faults.number("handler.cpu.durationMs", kind.value.durationMs, 0, LIMITS.handlerMs);
	else if (kind.$case === "fail") faults.number("handler.fail.probability", kind.value.probability, 0, 1);
}

/** What a self-test plants is small, and known. */
const MOST_PLANTED = 1_000;
/** A longer silence ends an agent. */
const MOST_STALL_MS = 5_000;

function checkFaults(planted: PlantedFaults, faults: Faults): void {
	faults.number("faults.stallAtMs", planted.stallAtMs, 0, LIMITS.durationMs);
	faults.number("faults.stallForMs", planted.stallForMs, 0, MOST_STALL_MS);
	faults.whole("faults.lose.length", planted.lose.length, 0, MOST_PLANTED);
	faults.whole("faults.repeat.length", planted.repeat.length, 0, MOST_PLANTED);
	faults.number("faults.clockOffsetUs", planted.clockOffsetUs, -HOUR_MS * 1_000, HOUR_MS * 1_000);
	if (!(planted.sabotage in Sabotage))
		faults.add("faults.sabotage", `${planted.sabotage} is not known to this version`);
}

/** Collects what is wrong. The comparisons are written so that NaN fails them. */
class Faults {
	readonly sentences: string[] = [];

	add(name: string, fault: string): void {
		this.sentences.push(`${name}: ${fault}`);
	}

	number(name: string, value: number, least: number, most: number): void {
		if (!(value >= least && value <= most)) this.add(name, `expected ${least} to ${most}, got ${value}`);
	}

	positive(name: string, value: number, most: number): void {
		if (!(value > 0 && value <= most)) this.add(name, `expected more than 0 and at most ${most}, got ${value}`);
	}

	whole(name: string, value: number, least: number, most: number): void {
		if (!Number.isInteger(value)) this.add(name, `expected a whole number, got ${value}`);
		else this.number(name, value, least, most);
	}

	word(name: string, text: string): void {
		const expectation = `expected 1 to ${LIMITS.wordCharacters} characters, no space or control character`;
		if (!isWord(text)) this.add(name, expectation);
	}
}
