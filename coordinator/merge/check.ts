import {
	type ClockQuality,
	Counters,
	type LedgerPage,
	type Measurements,
	type Outage,
	type ProducerProgress,
	type RedisSample,
	Resources,
	type Slot,
	Span,
	type Stage,
} from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { checkPage } from "../../proto/ledger.js";
import { MAX_AGENTS } from "../../proto/limits.js";
import { decodeSecond, type SecondOfResponses } from "../../proto/responseSecond.js";
import { MAX_PRODUCERS, MAX_SEQUENCE } from "../../proto/taskid.js";

/** Measurements that no agent in order sends; the message says what is wrong with them. */
export class MeasurementsError extends Error {}

/** Measurements that were looked through: bounded, decoded, with every part there. */
export interface CheckedMeasurements {
	readonly counters: Counters;
	readonly stages: ReadonlyMap<Stage, Distribution>;
	readonly series: readonly Slot[];
	readonly ledger: readonly LedgerPage[];
	readonly producers: readonly ProducerProgress[];
	readonly errors: ReadonlyMap<string, number>;
	readonly span: Span;
	readonly resources: Resources;
	readonly redis: readonly RedisSample[];
	readonly outages: readonly Outage[];
	readonly responseSeries: readonly SecondOfResponses[];
	/** Undefined where all agents read one clock. */
	readonly clock: ClockQuality | undefined;
}

/** Slots of 200 ms in a week. The merged series is dense, so its end has to be bounded. */
const MAX_SLOT = 7 * 24 * 3_600 * 5;
const MAX_ERROR_KINDS = 1_000;
const MAX_ERROR_LENGTH = 1_000;
const MAX_OUTAGES = 1_000;

export const NOTHING_HAPPENED: Span = Span.create({
	firstSentAtUs: -1,
	lastSentAtUs: -1,
	lastEnqueuedAtUs: -1,
	firstCompletedAtUs: -1,
	lastCompletedAtUs: -1,
	sendingEndedAtUs: -1,
});

export const UNKNOWN_RESOURCES: Resources = Resources.create({ allocatedBytes: -1 });

/**
 * Reads what an agent sent.
 *
 * @throws MeasurementsError
 */
export function readMeasurements(measurements: Measurements): CheckedMeasurements {
	const { counters, series, ledger, producers, errors, span, resources, redis, outages, clock } = measurements;
	for (const { index } of series) if (index > MAX_SLOT) throw new MeasurementsError(`slot ${index} of a run`);
	for (const { producer, issued } of producers) {
		if (producer >= MAX_PRODUCERS || issued > MAX_SEQUENCE) {
			throw new MeasurementsError(`${issued} tasks issued by producer ${producer}`);
		}
	}
	if (errors.size > MAX_ERROR_KINDS || [...errors.keys()].some((kind) => kind.length > MAX_ERROR_LENGTH)) {
		throw new MeasurementsError("errors of too many kinds, or with too long names");
	}
	if (outages.length > MAX_OUTAGES) throw new MeasurementsError(`${outages.length} outages`);
	for (const part of [
		span,
		resources,
		resources?.throttling,
		...redis,
		...outages,
		clock,
		...(clock?.fromHosts ?? []),
	]) {
		for (const [name, value] of Object.entries(part ?? {})) {
			if (typeof value === "number" && !Number.isFinite(value)) throw new MeasurementsError(`${name} is not a number`);
		}
	}
	if ((clock?.fromHosts.length ?? 0) > MAX_AGENTS) throw new MeasurementsError("tasks of more hosts than there can be");
	for (const page of ledger) telling("", () => checkPage(page));
	return {
		counters: counters ?? Counters.create(),
		stages: readStages(measurements),
		series,
		ledger,
		producers,
		errors,
		span: span ?? NOTHING_HAPPENED,
		resources: resources ?? UNKNOWN_RESOURCES,
		redis,
		outages,
		responseSeries: readSeconds(measurements),
		clock,
	};
}

function readSeconds({ responseSeries }: Measurements): SecondOfResponses[] {
	const indexes = new Set(responseSeries.map(({ index }) => index));
	if (indexes.size < responseSeries.length) throw new MeasurementsError("a second of response times twice");
	return responseSeries.map((second) => telling("response times: ", () => decodeSecond(second)));
}

function readStages({ stages }: Measurements): Map<Stage, Distribution> {
	const read = new Map<Stage, Distribution>();
	for (const encoded of stages) {
		if (read.has(encoded.stage)) throw new MeasurementsError(`stage ${encoded.stage} twice`);
		read.set(
			encoded.stage,
			telling(`histogram of stage ${encoded.stage}: `, () => Distribution.decode(encoded)),
		);
	}
	return read;
}

function telling<T>(what: string, read: () => T): T {
	try {
		return read();
	} catch (cause) {
		throw new MeasurementsError(`${what}${(cause as Error).message}`, { cause });
	}
}
