/** MSER-5 (White 1997; White, Cobb & Spratt 2000): what a series' warm-up is, and whether it has one. */
export type WarmUp =
	/** Leaving out so many values at the start minimises the standard error of the mean of the rest. */
	| { readonly kind: "found"; readonly values: number }
	/** It is least where half the series is gone: the series has not settled. */
	| { readonly kind: "unsettled" }
	| { readonly kind: "tooShort" };

const BATCH = 5;
/** With fewer batches a series that is steady looks unsettled by chance in more than 1 of 50. */
const BATCHES_MIN = 20;

/** Of evenly spaced values; those beyond the last whole batch of five say nothing. */
export function mser5(values: readonly number[]): WarmUp {
	const count = Math.floor(values.length / BATCH);
	if (count < BATCHES_MIN) return { kind: "tooShort" };
	const means = Array.from({ length: count }, (_, batch) => {
		const members = values.slice(batch * BATCH, (batch + 1) * BATCH);
		return members.reduce((sum, value) => sum + value, 0) / BATCH;
	});
	const half = Math.floor(count / 2);
	let least = Number.POSITIVE_INFINITY;
	let leastAt = 0;
	// From the end, adding a batch to the front at each step (Welford), so that the whole is linear in time.
	let mean = 0;
	let squares = 0;
	const errors = new Float64Array(count);
	for (let at = count - 1; at >= 0; at--) {
		const value = means[at] as number;
		const members = count - at;
		const off = value - mean;
		mean += off / members;
		squares += off * (value - mean);
		errors[at] = squares / (members * members);
	}
	for (let cut = 0; cut <= half; cut++) {
		if ((errors[cut] as number) < least) {
			least = errors[cut] as number;
			leastAt = cut;
		}
	}
	return leastAt === half ? { kind: "unsettled" } : { kind: "found", values: leastAt * BATCH };
}
