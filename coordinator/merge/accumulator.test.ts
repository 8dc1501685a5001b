import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	ClockQuality,
	Counters,
	type LedgerPage,
	Measurements,
	Outcome,
	Resources,
	type ResponseSecond,
	Span,
	Stage,
} from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { LedgerPages } from "../../proto/ledger.js";
import { coarseBucket, encodeSecond } from "../../proto/responseSecond.js";
import { DeltaAccumulator } from "./accumulator.js";
import { MeasurementsError } from "./check.js";

interface Fact {
	readonly valueUs: number;
	readonly slot: number;
	readonly sequence: number;
	readonly error: string;
}

/** A delta that tells of these facts: each is a completion, with its response time, slot and task, and an error. */
function deltaOf(facts: readonly Fact[]): Measurements {
	const ledger = new LedgerPages();
	const slots = new Map<number, number>();
	const errors = new Map<string, number>();
	for (const { slot, sequence, error } of facts) {
		ledger.set(0, Outcome.COMPLETED, sequence);
		slots.set(slot, (slots.get(slot) ?? 0) + 1);
		errors.set(error, (errors.get(error) ?? 0) + 1);
	}
	const times = facts.map(({ slot }) => slot * 200_000);
	const values = facts.map(({ valueUs }) => valueUs);
	const stages = [Stage.RESPONSE_TIME, Stage.ACK_TIME].map((stage) => Distribution.of("us", values).encode(stage));
	return Measurements.create({
		counters: Counters.create({ completed: facts.length, polls: 2 * facts.length }),
		stages: facts.length > 0 ? stages : [],
		series: [...slots].map(([index, completed]) => ({ index, completed, failed: 1 })),
		ledger: ledger.allPages(),
		producers: [{ producer: 0, issued: facts.reduce((most, { sequence }) => Math.max(most, sequence + 1), 0) }],
		errors,
		span: Span.create({
			firstSentAtUs: facts.length > 0 ? Math.min(...times) : -1,
			lastSentAtUs: Math.max(-1, ...times),
			firstCompletedAtUs: -1,
			lastCompletedAtUs: -1,
			lastEnqueuedAtUs: -1,
		}),
		resources: Resources.create({ wallUs: facts.length }),
		redis: facts.map(({ slot }) => ({ atUs: slot, backlog: [0, slot, 0, 0] })),
	});
}

/** As it arrives: through the wire's encoding. */
function sent(measurements: Measurements): Measurements {
	return Measurements.decode(Measurements.encode(measurements).finish());
}

const fact = fc.record({
	valueUs: fc.integer({ min: 0, max: 10_000_000 }),
	slot: fc.nat({ max: 50 }),
	sequence: fc.nat({ max: 20_000 }),
	error: fc.constantFrom("worker: ECONNRESET", "enqueue: OOM"),
});
const rounds = fc.array(fc.array(fact, { maxLength: 20 }), { minLength: 1, maxLength: 8 });

/** Comparable, whatever the order in which things were told. */
function told({ counters, stages, series, ledger, producers, errors, span }: Measurements) {
	const bits = ({ producer, outcome, page, bits }: LedgerPage) =>
		`${producer} ${outcome} ${page} ${bits.toString("hex")}`;
	return {
		counters,
		stages: stages.map((encoded) => ({ ...encoded, histogram: encoded.histogram.toString("hex") })),
		series: series.filter(({ completed }) => completed > 0).map(({ failed: _, ...slot }) => slot),
		ledger: ledger.map(bits).sort(),
		producers,
		errors: new Map([...errors]),
		span,
	};
}

describe("an agent's deltas", () => {
	test("sum up to what it would have said at once", () => {
		fc.assert(
			fc.property(rounds, (all) => {
				const accumulator = new DeltaAccumulator();
				for (const [at, facts] of all.entries()) {
					expect(accumulator.apply(at + 1, sent(deltaOf(facts)))).toBe(true);
				}
				const bySlot = (a: Fact, b: Fact) => a.slot - b.slot;
				const atOnce = deltaOf(all.flat().sort(bySlot));
				const sum = accumulator.measurements();
				expect(told(sent(sum))).toEqual(told(atOnce));
				expect(sum.resources?.wallUs).toBe(all.at(-1)?.length);
				expect(sum.redis.length).toBe(all.flat().length);
			}),
		);
	});

	test("count once each, in whatever order and however often they come", () => {
		fc.assert(
			fc.property(rounds, fc.array(fc.nat(), { maxLength: 30 }), (all, extra) => {
				const inOrder = new DeltaAccumulator();
				const shuffled = new DeltaAccumulator();
				for (const [at, facts] of all.entries()) inOrder.apply(at + 1, deltaOf(facts));
				const order = [...extra.map((number) => number % all.length), ...all.keys()];
				const seen = new Set<number>();
				for (const at of order) {
					expect(shuffled.apply(at + 1, deltaOf(all[at] ?? []))).toBe(!seen.has(at));
					seen.add(at);
				}
				expect(shuffled.missing).toBe(0);
				expect(told(shuffled.measurements())).toEqual(told(inOrder.measurements()));
				expect(shuffled.measurements().resources).toEqual(inOrder.measurements().resources);
			}),
		);
	});

	test("leave a gap that is remembered until it is filled", () => {
		const accumulator = new DeltaAccumulator();
		accumulator.apply(4, deltaOf([]));
		expect(accumulator.missing).toBe(3);
		accumulator.apply(2, deltaOf([]));
		expect(accumulator.missing).toBe(2);
	});

	test("tell how well its clock follows Redis's, by the latest one", () => {
		const accumulator = new DeltaAccumulator();
		for (const [at, boundUs] of [20, 35].entries()) {
			accumulator.apply(at + 1, {
				...deltaOf([]),
				clock: ClockQuality.create({ hostIndex: 1, boundUs, bursts: at + 1 }),
			});
		}
		expect(accumulator.measurements().clock).toMatchObject({ hostIndex: 1, boundUs: 35, bursts: 2 });
	});

	test("show the response times so far", () => {
		const accumulator = new DeltaAccumulator();
		expect(accumulator.live().responseTime.count).toBe(0);
		accumulator.apply(1, deltaOf([{ valueUs: 1_500, slot: 0, sequence: 0, error: "" }]));
		expect(accumulator.live().responseTime.percentileUs(50)).toBe(1_500);
	});

	test("once let go show the response times still, and the memory", () => {
		const accumulator = new DeltaAccumulator();
		accumulator.apply(1, deltaOf([{ valueUs: 1_500, slot: 0, sequence: 0, error: "" }]));
		const before = accumulator.memory.length;
		accumulator.release();
		expect(accumulator.live().responseTime.count).toBe(1);
		expect(accumulator.memory).toHaveLength(before);
		expect(accumulator.measurements()).toMatchObject({ ledger: [], series: [], responseSeries: [] });
	});

	test("that nobody sent are nothing at all", () => {
		const { span, resources, counters } = new DeltaAccumulator().measurements();
		expect(span?.firstSentAtUs).toBe(-1);
		expect(resources?.allocatedBytes).toBe(-1);
		expect(counters).toEqual(Counters.create());
	});
});

describe("a delta is refused, whole, with", () => {
	const good = deltaOf([{ valueUs: 700, slot: 1, sequence: 3, error: "x" }]);
	const [response] = good.stages;
	if (!response) throw new Error("the good delta has no stage");
	const second = encodeSecond({
		index: 1,
		count: 1,
		intended: 1,
		ended: 0,
		maxUs: 700,
		buckets: { indexes: [coarseBucket(700)], counts: [1] },
	});
	const secondOf = (change: Partial<ResponseSecond>) => ({ ...second, ...change });
	const page: LedgerPage = { producer: 0, outcome: Outcome.COMPLETED, page: 0, bits: Buffer.alloc(1_025) };
	test.each<[string, Partial<Measurements>, RegExp]>([
		[
			"a histogram that does not add up",
			{ stages: [{ ...response, count: 2 }] },
			/histogram of stage 1: .* do not sum/,
		],
		["a stage twice", { stages: [response, response] }, /stage 1 twice/],
		["a slot a year away", { series: [{ index: 157_680_000, sent: 1, enqueued: 0, completed: 0, failed: 0 }] }, /slot/],
		["a second a year away", { responseSeries: [secondOf({ index: 31_536_000 })] }, /second 31536000/],
		["a second twice", { responseSeries: [secondOf({}), secondOf({})] }, /second of response times twice/],
		["a second that does not add up", { responseSeries: [secondOf({ count: 2 })] }, /do not sum to its count of 2/],
		["a second with an impossible maximum", { responseSeries: [secondOf({ maxUs: 9_000 })] }, /not in its last bucket/],
		["a second's histogram of another kind", { responseSeries: [secondOf({ histogram: response.histogram })] }, /V2/],
		["a ledger page of 1,025 bytes", { ledger: [page] }, /1025 bytes/],
		["a producer out of bounds", { producers: [{ producer: 65_536, issued: 1 }] }, /producer 65536/],
		["more tasks than there can be", { producers: [{ producer: 1, issued: 2 ** 42 }] }, /issued by producer 1/],
		["a time that is no number", { span: Span.create({ firstSentAtUs: Number.NaN }) }, /firstSentAtUs/],
		["an infinite resource", { resources: Resources.create({ wallUs: Number.POSITIVE_INFINITY }) }, /wallUs/],
		["endless kinds of errors", { errors: new Map(Array.from({ length: 1_001 }, (_, at) => [`${at}`, 1])) }, /kinds/],
		["an endless kind of error", { errors: new Map([["x".repeat(1_001), 1]]) }, /long names/],
	])("%s", (_, change, message) => {
		const accumulator = new DeltaAccumulator();
		expect(() => accumulator.apply(1, { ...good, ...change })).toThrow(MeasurementsError);
		expect(() => accumulator.apply(1, { ...good, ...change })).toThrow(message);
		expect(accumulator.measurements()).toEqual(new DeltaAccumulator().measurements());
		expect(accumulator.apply(1, good)).toBe(true);
	});

	test("a number far ahead", () => {
		expect(() => new DeltaAccumulator().apply(1e9, good)).toThrow(/delta 1000000000 after delta 0/);
	});
});
