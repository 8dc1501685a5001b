import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import type { StageHistogram } from "./gen/measurement.js";
import { compress } from "./histogramCodec.js";
import { encodeSecond, type SecondOfResponses } from "./responseSecond.js";

const BITS_A_BUCKET = 64;
const TICKS_PER_HALF_DISTANCE = 5;

/**
 * HdrHistogram's percentile distribution (`.hgrm`), as its plotters read it: value, percentile, count up to it, and
 * 1/(1-percentile).
 *
 * @param valuesPerUnit what values are divided by: 1,000 prints µs as ms
 */
export function percentileText({ histogram }: StageHistogram, valuesPerUnit: number): string {
	const decoded = decodeFromCompressedBase64(histogram.toString("base64"), BITS_A_BUCKET, false);
	return decoded.outputPercentileDistribution(TICKS_PER_HALF_DISTANCE, valuesPerUnit);
}

/** Response times of a second with values (µs, 2 digits) in the compressed form of interval logs (`.hlog`), base64. */
export function intervalText(second: SecondOfResponses): string {
	return compress(encodeSecond(second).histogram).toString("base64");
}
