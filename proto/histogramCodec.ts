import { deflateSync, inflateSync } from "node:zlib";
import { type BucketLayout, FINE, HIGHEST } from "./histogramBuckets.js";
import type { StageUnit } from "./stages.js";

/** A histogram that does not add up; the message says in what. */
export class HistogramError extends Error {}

/** The buckets that hold something, in ascending order. */
export interface RecordedBuckets {
	readonly indexes: readonly number[];
	readonly counts: readonly number[];
}

/**
 * HdrHistogram's V2 encoding, big-endian: cookie, payload length, normalizing index offset, digits (int32 each), lowest,
 * highest (int64), ratio (double), then the counts as ZigZag LEB128, a negative one standing for that many empty buckets.
 * The compressed form is a cookie, a length, and the above deflated (HdrHistogram, AbstractHistogram.encodeIntoByteBuffer).
 */
const COOKIE = 0x1c849313;
const COMPRESSED_COOKIE = 0x1c849314;
const COMPRESSED_HEADER_BYTES = 8;
const AT = { payloadBytes: 4, indexOffset: 8, digits: 12, lowest: 16, highest: 24, ratio: 32, payload: 40 } as const;
/** Above this a count is not exact in a double; 8 bytes hold it. */
const MAX_COUNT_BYTES = 8;

/** The uncompressed form. @param counts counts[0] belongs to bucket `first`; whole numbers */
export function encodeV2(layout: BucketLayout, highest: number, first: number, counts: ArrayLike<number>): Buffer {
	let used = 0;
	for (let at = 0; at < counts.length; at++) if (counts[at] !== 0) used++;
	const room = Buffer.allocUnsafe(AT.payload + 1 + used * 2 * MAX_COUNT_BYTES);
	let end: number = AT.payload;
	let empty = first;
	for (let at = 0; at < counts.length; at++) {
		const count = counts[at] as number;
		if (count === 0) {
			empty++;
			continue;
		}
		if (empty > 0) end = putZigZag(room, end, empty === 1 ? 0 : 2 * empty - 1);
		empty = 0;
		end = putZigZag(room, end, 2 * count);
	}
	// An empty histogram is one empty bucket: readers want a payload.
	if (used === 0) end = putZigZag(room, end, 0);
	// As long as it is: thousands of seconds are kept.
	const v2 = Buffer.alloc(end);
	room.copy(v2, AT.payload, AT.payload, end);
	v2.writeInt32BE(COOKIE, 0);
	v2.writeInt32BE(end - AT.payload, AT.payloadBytes);
	v2.writeInt32BE(layout.significantDigits, AT.digits);
	v2.writeBigInt64BE(1n, AT.lowest);
	v2.writeBigInt64BE(BigInt(highest), AT.highest);
	v2.writeDoubleBE(1, AT.ratio);
	return v2;
}

/**
 * Mends what hdr-histogram-js writes into the header: a normalizing index offset of 1, with which C and Java readers see
 * every count one bucket too high, and a conversion ratio of 5e-324.
 *
 * @param v2 is changed
 */
export function mend(v2: Uint8Array): Uint8Array {
	const header = new DataView(v2.buffer, v2.byteOffset, v2.byteLength);
	header.setInt32(AT.indexOffset, 0);
	header.setFloat64(AT.ratio, 1);
	return v2;
}

/** The compressed form of an uncompressed V2 histogram. */
export function compress(v2: Uint8Array): Buffer {
	const deflated = deflateSync(v2);
	const compressed = Buffer.allocUnsafe(COMPRESSED_HEADER_BYTES + deflated.length);
	compressed.writeInt32BE(COMPRESSED_COOKIE, 0);
	compressed.writeInt32BE(deflated.length, 4);
	deflated.copy(compressed, COMPRESSED_HEADER_BYTES);
	return compressed;
}

/**
 * Reads either form, from a peer that is not trusted: everything is bounded before it is allocated, and only this project's
 * one configuration is taken.
 *
 * @throws HistogramError
 */
export function decodeCounts(unit: StageUnit, encoded: Buffer): RecordedBuckets {
	const bucketCount = FINE.indexOf(HIGHEST[unit]) + 1;
	const isPlain = encoded.length >= AT.payload && encoded.readInt32BE(0) === COOKIE;
	const v2 = isPlain ? encoded : inflate(encoded, AT.payload + bucketCount * MAX_COUNT_BYTES);
	return decodeV2(FINE, HIGHEST[unit], v2);
}

/** Reads what `encodeV2` gives, of this layout and range alone. @throws HistogramError */
export function decodeV2(layout: BucketLayout, highest: number, v2: Buffer): RecordedBuckets {
	if (v2.length < AT.payload || v2.readInt32BE(0) !== COOKIE) throw new HistogramError("not a V2 histogram");
	if (v2.readInt32BE(AT.payloadBytes) !== v2.length - AT.payload)
		throw new HistogramError("its payload's length is wrong");
	if (
		v2.readInt32BE(AT.indexOffset) !== 0 ||
		v2.readInt32BE(AT.digits) !== layout.significantDigits ||
		v2.readBigInt64BE(AT.lowest) !== 1n ||
		v2.readBigInt64BE(AT.highest) !== BigInt(highest) ||
		v2.readDoubleBE(AT.ratio) !== 1
	) {
		throw new HistogramError(
			`its configuration is not 1 to ${highest} with ${layout.significantDigits} significant digits`,
		);
	}
	return readPayload(v2, layout.indexOf(highest) + 1);
}

function inflate(compressed: Buffer, maxBytes: number): Buffer {
	if (compressed.length < COMPRESSED_HEADER_BYTES || compressed.readInt32BE(0) !== COMPRESSED_COOKIE) {
		throw new HistogramError("not a V2 histogram, compressed or not");
	}
	const deflated = compressed.subarray(COMPRESSED_HEADER_BYTES);
	if (compressed.readInt32BE(4) !== deflated.length) throw new HistogramError("its compressed length is wrong");
	let inflated: { buffer: Buffer; engine: { bytesWritten: number } };
	try {
		// With `info` zlib answers the engine too; its types do not say so.
		inflated = inflateSync(deflated, { maxOutputLength: maxBytes, info: true }) as unknown as typeof inflated;
	} catch (cause) {
		throw new HistogramError("it does not inflate, or to more than a histogram can be", { cause });
	}
	if (inflated.engine.bytesWritten !== deflated.length) throw new HistogramError("bytes follow its compressed part");
	return inflated.buffer;
}

function readPayload(v2: Buffer, bucketCount: number): RecordedBuckets {
	const indexes: number[] = [];
	const counts: number[] = [];
	let index = 0;
	let at: number = AT.payload;
	while (at < v2.length) {
		let zigZag = 0;
		let factor = 1;
		let byte = 0x80;
		for (let read = 0; byte >= 0x80; at++, read++) {
			if (at === v2.length || read === MAX_COUNT_BYTES) throw new HistogramError("a count is cut off or too large");
			byte = v2[at] as number;
			zigZag += (byte & 0x7f) * factor;
			factor *= 128;
		}
		if (zigZag > Number.MAX_SAFE_INTEGER) throw new HistogramError("a count is too large");
		if (zigZag % 2 === 1) {
			index += (zigZag + 1) / 2;
		} else {
			if (zigZag > 0) {
				indexes.push(index);
				counts.push(zigZag / 2);
			}
			index++;
		}
		if (index > bucketCount) throw new HistogramError("it has more buckets than its range");
	}
	return { indexes, counts };
}

/** @returns where what comes next begins */
function putZigZag(bytes: Uint8Array, from: number, value: number): number {
	let at = from;
	let rest = value;
	while (rest >= 128) {
		bytes[at++] = (rest % 128) + 128;
		rest = Math.floor(rest / 128);
	}
	bytes[at++] = rest;
	return at;
}
