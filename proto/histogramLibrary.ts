import { build, initWebAssemblySync, type WasmHistogram } from "hdr-histogram-js";
import { bucketFrom, HIGHEST, SIGNIFICANT_DIGITS } from "./histogramBuckets.js";
import { compress, mend, type RecordedBuckets } from "./histogramCodec.js";
import type { StageUnit } from "./stages.js";

/** hdr-histogram-js's compressed V2 encoding of what was counted, its header mended: for what is kept. */
export function libraryEncoding(unit: StageUnit, { indexes, counts }: RecordedBuckets): Buffer {
	const histogram = libraryHistogram(unit);
	histogram.reset();
	for (let at = 0; at < indexes.length; at++) {
		histogram.recordValueWithCount(bucketFrom(indexes[at] as number), counts[at] as number);
	}
	return compress(mend(histogram.encode()));
}

const libraryHistograms = new Map<StageUnit, WasmHistogram>();

/** One for each unit does: it holds something only while that is encoded. In WebAssembly, 64 bits a bucket. */
function libraryHistogram(unit: StageUnit): WasmHistogram {
	let histogram = libraryHistograms.get(unit);
	if (!histogram) {
		initWebAssemblySync();
		histogram = build({
			useWebAssembly: true,
			bitBucketSize: 64,
			autoResize: false,
			lowestDiscernibleValue: 1,
			highestTrackableValue: HIGHEST[unit],
			numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
		}) as WasmHistogram;
		libraryHistograms.set(unit, histogram);
	}
	return histogram;
}
