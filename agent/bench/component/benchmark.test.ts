import { expect, test } from "vitest";
import { type Benchmark, measure, nextIterations } from "./benchmark.js";
import { CODE_BENCHMARKS } from "./code.js";
import { goHeader, goLine } from "./goText.js";

test.each([
	[1, 0.001, 1_000, 100],
	[100, 1, 1_000, 10_000],
	[1_000, 500, 1_000, 2_400],
	[1_000, 999, 1_000, 1_202],
	[1, 0, 1_000, 100],
	[10, 2_000, 1_000, 11],
])("after %d operations in %d ms of %d: %d", (iterations, elapsedMs, benchMs, next) => {
	expect(nextIterations(iterations, elapsedMs, benchMs)).toBe(next);
});

test("only the last try counts, and each is prepared for its own number", async () => {
	const prepared: number[] = [];
	let ran = 0;
	const benchmark: Benchmark = {
		name: "Count",
		prepare(iterations) {
			prepared.push(iterations);
			return {
				run() {
					ran = iterations;
				},
			};
		},
	};
	const figures = await measure(benchmark, 60_000, 5_000);
	expect(prepared).toEqual([1, 100, 5_000]);
	expect(ran).toBe(5_000);
	expect(figures).toMatchObject({ name: "Count", iterations: 5_000, bytesPerOperation: undefined });
});

test("a line is what benchstat reads: name, iterations, then pairs of value and unit", () => {
	const figures = { name: "EnqueueOnly/Engine=fused", iterations: 24_045, nsPerOperation: 15_569.4 };
	const fields = (bytesPerOperation: number | undefined) => goLine({ ...figures, bytesPerOperation }, 2).split(/\s+/);
	const line = ["BenchmarkEnqueueOnly/Engine=fused-2", "24045", "15569", "ns/op", "64229", "ops/s"];
	expect(fields(undefined)).toEqual(line);
	expect(fields(6_882.4)).toEqual([...line, "6882", "B/op"]);
	expect(goHeader({ os: "linux", arch: "x64", cpu: "A CPU" }).split("\n")).toEqual([
		"goos: linux",
		"goarch: x64",
		"pkg: spool-bench",
		"cpu: A CPU",
	]);
});

test.each(CODE_BENCHMARKS)("$name runs", async (benchmark) => {
	const { iterations, nsPerOperation } = await measure(benchmark, 1, 1_000);
	expect(iterations).toBeGreaterThanOrEqual(1);
	expect(nsPerOperation).toBeGreaterThan(0);
});
