import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { build, decodeFromCompressedBase64, initWebAssemblySync } from "hdr-histogram-js";
import { describe, expect, test } from "vitest";
import { Stage, type StageHistogram } from "./gen/measurement.js";
import { Distribution } from "./histogram.js";
import { bucketFrom, bucketIndex, bucketTo, HIGHEST } from "./histogramBuckets.js";
import { compress, HistogramError, mend } from "./histogramCodec.js";
import { StageRecorder } from "./histogramRecorder.js";

const PERCENTILES = [0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100];

/** Values over the whole range, most of them where latencies are. */
const durations = fc.oneof(
	{ arbitrary: fc.double({ min: 0, max: 5_000, noNaN: true }), weight: 5 },
	{ arbitrary: fc.double({ min: 0, max: 3.6e9, noNaN: true }), weight: 2 },
	{ arbitrary: fc.double({ min: -1e6, max: 1e11, noNaN: true }), weight: 1 },
);
const samples = fc.array(durations, { maxLength: 200 });

/** Everything a distribution tells, for comparing. */
function told(distribution: Distribution) {
	const { unit, count, min, max, overflow, negative, mostNegative } = distribution;
	const buckets = [...distribution.buckets()];
	return { unit, count, min, max, overflow, negative, mostNegative, buckets };
}

function recorded(stage: Stage, values: readonly number[]): StageHistogram {
	const recorder = new StageRecorder(stage);
	for (const value of values) recorder.record(value);
	return recorder.encode();
}

function wasmHistogram(): { recordValue(value: number): void; encode(): Uint8Array; destroy(): void } {
	initWebAssemblySync();
	return build({
		bitBucketSize: 64,
		lowestDiscernibleValue: 1,
		highestTrackableValue: HIGHEST.us,
		useWebAssembly: true,
	}) as unknown as ReturnType<typeof wasmHistogram>;
}

describe("buckets", () => {
	test("hold their values, touch, and are at most a 1,024th wide", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: HIGHEST.ns }), (value) => {
				const index = bucketIndex(value);
				const [from, to] = [bucketFrom(index), bucketTo(index)];
				expect(from).toBeLessThanOrEqual(value);
				expect(to).toBeGreaterThanOrEqual(value);
				expect(to - from).toBeLessThanOrEqual(value / 1_024);
				expect(bucketIndex(to + 1)).toBe(index + 1);
			}),
			{ examples: [[0], [2_047], [2_048], [2 ** 31 - 1], [2 ** 31], [2 ** 32], [HIGHEST.ns]] },
		);
	});
});

describe("a distribution", () => {
	test("is the same after encoding and decoding", () => {
		fc.assert(
			fc.property(samples, (values) => {
				const original = Distribution.of("us", values);
				const back = Distribution.decode(original.encode(Stage.RESPONSE_TIME));
				expect(told(back)).toEqual(told(original));
				expect(back.sum).toBe(original.sum);
			}),
		);
	});

	test("merged of parts is that of all values together", () => {
		fc.assert(
			fc.property(fc.array(samples, { maxLength: 6 }), (parts) => {
				const pooled = Distribution.of("us", parts.flat());
				const merged = Distribution.empty("us");
				for (const part of parts) {
					merged.add(Distribution.decode(Distribution.of("us", part).encode(Stage.ACK_TIME)));
				}
				expect(told(merged)).toEqual(told(pooled));
				expect(merged.sum).toBeCloseTo(pooled.sum, -Math.log10(Math.max(1, pooled.sum)) + 9);
				for (const p of PERCENTILES) expect(merged.valueAtPercentile(p)).toBe(pooled.valueAtPercentile(p));
			}),
		);
	});

	test("has the percentiles of the library's own histogram of the same values", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 0, max: HIGHEST.us }), { minLength: 1, maxLength: 300 }), (values) => {
				const distribution = Distribution.of("us", values);
				const library = build({ bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: HIGHEST.us });
				for (const value of values) library.recordValue(value);
				for (const p of PERCENTILES.slice(1, -1)) {
					const exact = Math.min(Math.max(library.getValueAtPercentile(p), distribution.min), distribution.max);
					expect(distribution.valueAtPercentile(p)).toBe(exact);
				}
			}),
		);
	});

	test("percentiles are those of the sorted values, to the bucket", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 300 }), (values) => {
				const sorted = [...values].sort((a, b) => a - b);
				const distribution = Distribution.of("us", values);
				for (const percent of [1, 50, 90, 99, 100]) {
					const exact = sorted[Math.ceil((percent * values.length) / 100) - 1] as number;
					const top = Math.min(bucketTo(bucketIndex(exact)), distribution.max);
					expect(distribution.valueAtPercentile(percent)).toBe(top);
				}
			}),
		);
	});

	test("merging is not averaging: one agent with 99 % of the values at 1 ms, one with the rest at 100 ms", () => {
		const one = Distribution.of("us", Array<number>(9_900).fill(1_000));
		const other = Distribution.of("us", Array<number>(100).fill(100_000));
		const averaged = (one.percentileUs(99.5) + other.percentileUs(99.5)) / 2;
		one.add(other);
		expect(one.percentileUs(99.5)).toBe(100_000);
		expect(averaged).toBe(50_500);
	});

	test("knows its exact figures in microseconds whatever the unit", () => {
		const distribution = Distribution.of("ns", [1_500, 2_500_001, 3_001]);
		expect(distribution.minUs).toBe(1.5);
		expect(distribution.maxUs).toBeCloseTo(2_500.001, 6);
		expect(distribution.meanUs).toBeCloseTo(834.834, 6);
		expect(distribution.percentileUs(100)).toBe(distribution.maxUs);
	});

	test("counts up to a value, by buckets", () => {
		const distribution = Distribution.of("us", [0, 1, 5, 5, 2_000, 5_000_000_000]);
		const counts = [-1, 0, 4.9, 5, 2_000, 1e6, HIGHEST.us, 1e12].map((value) => distribution.countAtOrBelow(value));
		expect(counts).toEqual([0, 1, 2, 4, 5, 5, 6, 6]);
	});

	test("of nothing is all zeros, and can be sent", () => {
		const empty = Distribution.decode(Distribution.empty("ns").encode(Stage.SERVICE_TIME));
		const { count, min, max, mean, sum } = empty;
		expect({ count, min, max, mean, sum, p50: empty.valueAtPercentile(50) }).toEqual({
			count: 0,
			min: 0,
			max: 0,
			mean: 0,
			sum: 0,
			p50: 0,
		});
	});

	test("holds more values than 32 bits count", () => {
		const distribution = Distribution.of("us", [10, 20, 20, 30]);
		for (let doubling = 0; doubling < 40; doubling++) {
			distribution.add(Distribution.decode(distribution.encode(Stage.SEND_LAG)));
		}
		expect([...distribution.buckets()].map(({ count }) => count)).toEqual([2 ** 40, 2 ** 41, 2 ** 40]);
		expect(distribution.count).toBe(2 ** 42);
		expect(distribution.valueAtPercentile(50)).toBe(20);
	});

	test("refuses another unit", () => {
		expect(() => Distribution.empty("us").add(Distribution.empty("ns"))).toThrow(HistogramError);
		expect(() => Distribution.empty("us").encode(Stage.SERVICE_TIME)).toThrow(HistogramError);
	});
});

describe("a recorder", () => {
	const stages = fc.constantFrom(Stage.RESPONSE_TIME, Stage.SERVICE_TIME);
	/** More than are put aside at a time. */
	const many = fc.array(durations, { minLength: 505, maxLength: 1_100, size: "max" });

	test("gives what the same values give without it", () => {
		fc.assert(
			fc.property(fc.oneof({ arbitrary: samples, weight: 3 }, many), stages, (values, stage) => {
				const distribution = Distribution.decode(recorded(stage, values));
				const expected = Distribution.of(distribution.unit, values);
				expect(told(distribution)).toEqual(told(expected));
				expect(distribution.sum).toBe(expected.sum);
			}),
		);
	});

	test("sends the bytes that the library gives which recorded each value itself", () => {
		const values = fc.array(fc.integer({ min: 0, max: HIGHEST.us }), { maxLength: 300 });
		fc.assert(
			fc.property(values, (whole) => {
				const library = wasmHistogram();
				for (const value of whole) library.recordValue(value);
				const expected = mend(Buffer.from(library.encode()));
				library.destroy();
				const sent = recorded(Stage.RESPONSE_TIME, whole);
				expect(sent.histogram.equals(expected)).toBe(true);
				const kept = Distribution.decode(sent).encode(Stage.RESPONSE_TIME);
				expect(kept.histogram.equals(compress(expected))).toBe(true);
			}),
		);
	});

	test("tells all since a reset, whenever that comes", () => {
		fc.assert(
			fc.property(many, fc.nat({ max: 1_100 }), (values, resetAfter) => {
				const recorder = new StageRecorder(Stage.RESPONSE_TIME);
				for (const [at, value] of values.entries()) {
					if (at === resetAfter) recorder.reset();
					recorder.record(value);
				}
				const rest = resetAfter < values.length ? values.slice(resetAfter) : values;
				expect(recorder.count).toBe(rest.length);
				expect(told(Distribution.decode(recorder.encode()))).toEqual(told(Distribution.of("us", rest)));
			}),
			{ numRuns: 50 },
		);
	});

	test("a zero below zero is zero", () => {
		expect(Distribution.decode(recorded(Stage.RESPONSE_TIME, [-0])).min).toBe(0);
		expect(told(Distribution.of("us", [-0]))).toEqual(told(Distribution.of("us", [0])));
	});

	test("keeps the exact figures of values out of range, and says how many", () => {
		const { overflow, negative, mostNegative, count, min, max } = Distribution.decode(
			recorded(Stage.QUEUE_WAIT, [-7.5, -2, 12.25, 4e9, Number.NaN]),
		);
		expect({ overflow, negative, mostNegative, count, min, max }).toEqual({
			overflow: 1,
			negative: 3,
			mostNegative: -7.5,
			count: 5,
			min: 0,
			max: 4e9,
		});
	});
});

/**
 * Reads an encoding as the C and Java libraries do: a count at index i of the payload belongs to bucket i less the header's
 * normalizing index offset, and its values to themselves times the header's ratio.
 */
function readAsC(encoded: Buffer): Map<number, number> {
	const isCompressed = encoded.readUInt32BE(0) === 0x1c849314;
	if (isCompressed) expect(encoded.readUInt32BE(4)).toBe(encoded.length - 8);
	const v2 = isCompressed ? inflateSync(encoded.subarray(8)) : encoded;
	expect(v2.readUInt32BE(0)).toBe(0x1c849313);
	const end = 40 + v2.readInt32BE(4);
	expect(end).toBe(v2.length);
	const [offset, ratio] = [v2.readInt32BE(8), v2.readDoubleBE(32)];
	const counts = new Map<number, number>();
	let index = 0;
	for (let at = 40; at < end; ) {
		let zigZag = 0n;
		for (let shift = 0n; ; shift += 7n) {
			const byte = BigInt(v2[at++] as number);
			zigZag |= (byte & 0x7fn) << shift;
			if (byte < 0x80n) break;
		}
		const count = Number((zigZag >> 1n) ^ -(zigZag & 1n));
		if (count < 0) index -= count;
		else if (count > 0) counts.set(bucketFrom(index++ + offset) * ratio, count);
		else index++;
	}
	return counts;
}

describe("what is sent", () => {
	const values = [0, 1, 1, 1_000, 123_456, 3.6e9];
	const expected = new Map(values.map((value) => [bucketFrom(bucketIndex(value)), value === 1 ? 2 : 1]));

	test("is read right by readers that apply the header's offset and ratio", () => {
		expect(readAsC(recorded(Stage.RESPONSE_TIME, values).histogram)).toEqual(expected);
		expect(readAsC(Distribution.of("us", values).encode(Stage.RESPONSE_TIME).histogram)).toEqual(expected);
	});

	test("would not be without mending the library's header", () => {
		const library = wasmHistogram();
		for (const value of values) library.recordValue(value);
		const unmended = Buffer.from(library.encode());
		library.destroy();
		expect(unmended.readInt32BE(8)).toBe(1);
		expect(unmended.readDoubleBE(32)).not.toBe(1);
		expect(readAsC(unmended)).not.toEqual(expected);
		expect(readAsC(compress(mend(unmended)))).toEqual(expected);
	});

	test("is read by the library too", () => {
		const { histogram } = Distribution.of("us", values).encode(Stage.RESPONSE_TIME);
		const library = decodeFromCompressedBase64(histogram.toString("base64"), 64);
		expect(library.totalCount).toBe(values.length);
		expect(library.getValueAtPercentile(60)).toBe(bucketTo(bucketIndex(1_000)));
	});
});

describe("a peer's histogram is refused", () => {
	const good = Distribution.of("us", [5, 1_000, 1_000, 70_000]).encode(Stage.RESPONSE_TIME);
	const plain = inflateSync(good.histogram.subarray(8));

	/** With the uncompressed part changed. */
	function changed(change: (v2: Buffer) => Buffer | undefined): Partial<StageHistogram> {
		const v2 = inflateSync(good.histogram.subarray(8));
		return { histogram: compressed(deflateSync(change(v2) ?? v2)) };
	}
	function compressed(deflated: Buffer): Buffer {
		const header = Buffer.alloc(8);
		header.writeUInt32BE(0x1c849314, 0);
		header.writeUInt32BE(deflated.length, 4);
		return Buffer.concat([header, deflated]);
	}
	/** With a payload of its own and a header that fits it. */
	function payload(...bytes: number[]): Partial<StageHistogram> {
		return changed((v2) => {
			v2.writeInt32BE(bytes.length, 4);
			return Buffer.concat([v2.subarray(0, 40), Buffer.from(bytes)]);
		});
	}

	test("but the good one is taken, compressed or not", () => {
		expect(Distribution.decode({ ...good, ...changed(() => undefined) }).count).toBe(4);
		expect(Distribution.decode({ ...good, histogram: plain }).count).toBe(4);
	});

	const bomb = compressed(deflateSync(Buffer.alloc(50_000_000)));
	const cases: [string, Partial<StageHistogram>, RegExp][] = [
		["no stage", { stage: Stage.UNSPECIFIED }, /no stage/],
		["an unknown stage", { stage: 77 as Stage }, /no stage 77/],
		["nothing", { histogram: Buffer.alloc(0) }, /not a V2/],
		["noise", { histogram: Buffer.from("0123456789abcdef") }, /not a V2/],
		[
			"a compressed length that lies",
			{ histogram: Buffer.concat([good.histogram, Buffer.of(0)]) },
			/compressed length/,
		],
		[
			"bytes after the compressed part",
			{ histogram: compressed(Buffer.concat([good.histogram.subarray(8), Buffer.alloc(3)])) },
			/bytes follow/,
		],
		["a cut compressed part", { histogram: compressed(good.histogram.subarray(8, -6)) }, /does not inflate/],
		["a bomb", { histogram: bomb }, /does not inflate, or to more/],
		["too short a header", changed((v2) => v2.subarray(0, 39)), /not a V2/],
		["too short a header, not compressed", { histogram: plain.subarray(0, 39) }, /not a V2/],
		["trailing bytes, not compressed", { histogram: Buffer.concat([plain, Buffer.of(0)]) }, /payload's length/],
		["another cookie", changed((v2) => void v2.writeUInt32BE(0x1c849301, 0)), /not a V2/],
		["a payload length too large", changed((v2) => void v2.writeInt32BE(v2.length, 4)), /payload's length/],
		["a negative payload length", changed((v2) => void v2.writeInt32BE(-1, 4)), /payload's length/],
		["trailing bytes", changed((v2) => Buffer.concat([v2, Buffer.of(0)])), /payload's length/],
		["an index offset", changed((v2) => void v2.writeInt32BE(1, 8)), /configuration/],
		["2 digits", changed((v2) => void v2.writeInt32BE(2, 12)), /configuration/],
		["another lowest value", changed((v2) => void v2.writeBigInt64BE(1_000n, 16)), /configuration/],
		["another highest value", changed((v2) => void v2.writeBigInt64BE(2n ** 60n, 24)), /configuration/],
		["a ratio", changed((v2) => void v2.writeDoubleBE(1_000, 32)), /configuration/],
		["a histogram of another unit", { stage: Stage.SERVICE_TIME }, /configuration/],
		["a run of empty buckets beyond the range", payload(0xff, 0xff, 0xff, 0xff, 0x0f), /more buckets/],
		["a count of more than 2^53", payload(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), /count is too large/],
		["a count of 9 bytes", payload(...Array<number>(8).fill(0xff), 0x01), /cut off or too large/],
		["a cut count", payload(0x80), /cut off/],
		["a lower count", { count: 3 }, /do not sum/],
		["a higher count", { count: 5 }, /do not sum/],
		["a sum that is no number", { sum: Number.NaN }, /not a number/],
		["an infinite maximum", { max: Number.POSITIVE_INFINITY }, /not a number/],
		["a minimum elsewhere", { min: 4 }, /minimum/],
		["a negative minimum", { min: -5 }, /minimum/],
		["a maximum elsewhere", { max: 90_000 }, /maximum/],
		["a maximum below the minimum", { min: 5, max: 4 }, /maximum/],
		["too small a sum", { sum: 71_000 }, /sum/],
		["too large a sum", { sum: 73_000 }, /sum/],
		["more overflow than values", { overflow: 5 }, /overflow/],
		["overflow with a maximum in range", { overflow: 1 }, /maximum/],
		["negative values without the furthest", { negative: 1 }, /negative/],
		["a furthest negative value that is positive", { negative: 1, mostNegative: 3 }, /negative/],
		["no values, but a sum", { ...Distribution.empty("us").encode(Stage.RESPONSE_TIME), sum: 4 }, /empty/],
	];
	test.each(cases)("%s", (_, change, message) => {
		expect(() => Distribution.decode({ ...good, ...change })).toThrow(HistogramError);
		expect(() => Distribution.decode({ ...good, ...change })).toThrow(message);
	});

	test("whatever bytes it is: never anything but a HistogramError", () => {
		fc.assert(
			fc.property(fc.nat({ max: 60 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
				const v2 = Buffer.from(plain);
				v2[at % v2.length] = byte;
				for (const histogram of [v2, compressed(deflateSync(v2))]) {
					try {
						expect(Distribution.decode({ ...good, histogram }).count).toBe(4);
					} catch (error) {
						expect(error).toBeInstanceOf(HistogramError);
					}
				}
			}),
		);
	});
});
