import type { Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";

/**
 * What merging must not do: each percentile becomes the mean of the two that are merged, where they should be counted
 * together. The number of values is right, so that nothing but the percentiles tells.
 */
export function averageStages(merged: Map<Stage, Distribution>, stages: ReadonlyMap<Stage, Distribution>): void {
	for (const [stage, own] of stages) {
		const before = merged.get(stage);
		merged.set(stage, before && before.count > 0 ? average(before, own) : own);
	}
}

function average(one: Distribution, other: Distribution): Distribution {
	if (other.count === 0) return one;
	const count = one.count + other.count;
	const percentiles = Array.from({ length: count }, (_, at) => ((at + 0.5) / count) * 100);
	return Distribution.of(
		one.unit,
		percentiles.map((percentile) => (one.valueAtPercentile(percentile) + other.valueAtPercentile(percentile)) / 2),
	);
}
