import { expect, test } from "vitest";
import { formatExposition } from "./exposition.js";

test("a family has its help, its kind and a line for each sample; what a label holds is escaped", () => {
	const text = formatExposition([
		{
			name: "spoolbench_run_info",
			kind: "gauge",
			help: "A run.",
			samples: [{ labels: { name: 'a "b" \\ c\nd', run: "0" }, value: 1 }],
		},
		{ name: "spoolbench_empty", kind: "gauge", help: "Nothing.", samples: [] },
		{
			name: "spoolbench_seconds",
			kind: "histogram",
			help: "Times.",
			samples: [
				{ suffix: "_bucket", labels: { le: "+Inf" }, value: 2 },
				{ suffix: "_sum", labels: {}, value: 0.25 },
				{ suffix: "_count", labels: {}, value: 2 },
			],
		},
	]);
	expect(text).toBe(
		[
			"# HELP spoolbench_run_info A run.",
			"# TYPE spoolbench_run_info gauge",
			String.raw`spoolbench_run_info{name="a \"b\" \\ c\nd",run="0"} 1`,
			"# HELP spoolbench_seconds Times.",
			"# TYPE spoolbench_seconds histogram",
			'spoolbench_seconds_bucket{le="+Inf"} 2',
			"spoolbench_seconds_sum 0.25",
			"spoolbench_seconds_count 2",
			"",
		].join("\n"),
	);
});

test("numbers as Prometheus writes them", () => {
	const of = (value: number) =>
		formatExposition([{ name: "x", kind: "gauge", help: "X.", samples: [{ labels: {}, value }] }]);
	expect(of(Number.POSITIVE_INFINITY)).toMatch(/^x \+Inf$/m);
	expect(of(Number.NEGATIVE_INFINITY)).toMatch(/^x -Inf$/m);
	expect(of(1e-7)).toMatch(/^x 1e-7$/m);
});
