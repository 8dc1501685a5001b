import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METRIC_NAMES, METRICS } from "./metrics.js";
import { formatProblem } from "./problem.js";
import { type FlagValues, resolvePlan } from "./resolve.js";
import { holds, OPERATORS, parseThreshold } from "./threshold.js";

function read(text: string) {
	const result = parseThreshold(text);
	if (!result.ok) throw new Error(result.expected);
	return result.value;
}

function problemOf(text: string): string {
	const result = parseThreshold(text);
	return result.ok ? "none" : result.expected;
}

function resolutionOf(flags: FlagValues, text?: string) {
	return resolvePlan({ flags, environment: {}, ...(text === undefined ? {} : { file: { path: "plan.yaml", text } }) });
}

function thresholdsOf(flags: FlagValues, text?: string) {
	const resolution = resolutionOf(flags, text);
	if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join("\n"));
	return resolution.plan.thresholds;
}

function problemsOf(flags: FlagValues, text?: string): string[] {
	const resolution = resolutionOf(flags, text);
	return resolution.ok ? [] : resolution.problems.map(formatProblem);
}

describe("what is understood", () => {
	test.each([
		["throughput: rate>2500", { aggregation: { name: "rate" }, operator: ">", limit: 2_500, unit: "rate" }],
		["throughput:rate>2.5k", { aggregation: { name: "rate" }, limit: 2_500 }],
		["throughput: steady >= 1_000.5/s", { aggregation: { name: "steady" }, operator: ">=", limit: 1_000.5 }],
		["responseTime: p(99)<50ms", { aggregation: { percentile: 99 }, operator: "<", limit: 50_000, unit: "duration" }],
		["responseTime: p( 99.95 ) <= 1m30s", { aggregation: { percentile: 99.95 }, limit: 90e6 }],
		["serviceTime: avg<250us", { metric: "serviceTime", aggregation: { name: "avg" }, limit: 250 }],
		["queueWait: count==0", { aggregation: { name: "count" }, unit: "count", limit: 0 }],
		["errors: rate<0.001", { unit: "share", limit: 0.001 }],
		["errors: rate<0.1%", { unit: "share", limit: 0.001 }],
		["errors: rate < 1 %", { limit: 0.01 }],
		["errors: count===0", { operator: "==", unit: "count" }],
		["memory: rss<500MB", { unit: "bytes", limit: 500 * 1_048_576 }],
		["tasks: lost!=1", { operator: "!=", limit: 1 }],
		["cpu: cores<1.5", { unit: "number", limit: 1.5 }],
		["redis: busy<85%", { limit: 0.85 }],
		["throughput{workers:16}: rate>1", { where: { workers: "16" } }],
		["throughput{payload: 1KB, pollInterval:10ms}: rate>1", { where: { payload: "1KB", pollInterval: "10ms" } }],
		["errors: rate<1%, abortOnFail", { abortOnFail: true, delayAbortEvalMs: 0 }],
		["errors: rate<1%, abortOnFail, delayAbortEval=10s", { abortOnFail: true, delayAbortEvalMs: 10_000 }],
	])("%s", (text, meaning) => {
		expect(read(text)).toMatchObject(meaning);
	});

	test("every figure of every metric", () => {
		const limits = { duration: "1ms", bytes: "1MB", share: "1%", rate: "1", count: "1", number: "1" };
		for (const metric of METRIC_NAMES) {
			for (const [figure, unit] of Object.entries(METRICS[metric])) {
				expect(read(`${metric}: ${figure}<${limits[unit]}`)).toMatchObject({ metric, unit });
			}
		}
	});

	test("its text names it, with one way to write spaces, and means the same again", () => {
		const text = fc.constantFrom("responseTime:  p(99)  <50ms", "errors :rate<1%", "throughput{workers:4}:rate>5");
		fc.assert(
			fc.property(text, (written) => {
				const threshold = read(written);
				expect(read(threshold.text)).toEqual(threshold);
			}),
		);
		expect(read("responseTime:  p(99)  <50ms").text).toBe("responseTime: p(99) <50ms");
	});
});

describe("what is refused, and why", () => {
	test.each([
		["", "expected a metric, a colon and a condition, such as 'responseTime: p(99)<50ms'"],
		["throughput", "expected a metric, a colon and a condition, such as 'responseTime: p(99)<50ms'"],
		["troughput: rate>1", 'unknown metric "troughput"; did you mean throughput?'],
		["latency: p(99)<1ms", /^unknown metric "latency"; expected one of responseTime, .*, redis$/],
		["throughput: rat>1", 'throughput has no figure "rat"; did you mean rate?'],
		["throughput: p(99)>1", 'throughput has no figure "p(99)"; expected one of rate, steady'],
		["responseTime: p99<1ms", 'responseTime has no figure "p99"; expected one of p(99), avg, min, med, max, count'],
		["responseTime: p(101)<1ms", "expected a percentile above 0 and up to p(100)"],
		["responseTime: p(0)<1ms", "expected a percentile above 0 and up to p(100)"],
		["tasks: constructor==0", /^tasks has no figure "constructor"/],
		["responseTime: p(99)<50", 'expected a time with its unit, such as 50ms after <, found "50"'],
		["memory: rss<500", 'expected a size with its unit, such as 500MB after <, found "500"'],
		["memory: rss<50ms", 'expected a size with its unit, such as 500MB after <, found "50ms"'],
		["errors: rate<5", 'expected a share from 0 to 1, or a percentage such as 0.1% after <, found "5"'],
		["errors: rate<101%", /^expected a share from 0 to 1/],
		["errors: rate<-1%", /^expected a share from 0 to 1/],
		["tasks: lost==0.5", 'expected a whole number after ==, found "0.5"'],
		["throughput: rate>fast", 'expected tasks a second, such as 2500 after >, found "fast"'],
		["throughput: rate>", 'expected tasks a second, such as 2500 after >, found ""'],
		["throughput: rate", 'expected a figure, one of < <= > >= == != and a limit after throughput, found "rate"'],
		["throughput: 1<rate<2", /^expected a figure, one of/],
		["throughput: rate=5", /^expected a figure, one of/],
		["throughput{wokers:4}: rate>1", /^unknown dimension "wokers"; expected one of engine, .*, workers$/],
		["throughput{workers}: rate>1", /^unknown dimension/],
		["throughput{workers:}: rate>1", "expected a value for workers, such as {workers:16}"],
		["tasks: lost==0, abortOnFail", /^tasks is known only after the run, so it cannot end it/],
		["throughput: steady>1, abortOnFail", /^throughput is known only after the run/],
		["errors: rate<1%, abort", 'expected abortOnFail or delayAbortEval=10s after the comma, found "abort"'],
		["errors: rate<1%, abortOnFail, delayAbortEval=10", /^expected abortOnFail or delayAbortEval=10s/],
		["errors: rate<1%, delayAbortEval=10s", "expected abortOnFail beside delayAbortEval"],
	])("%j", (text, problem) => {
		if (typeof problem === "string") expect(problemOf(text)).toBe(problem);
		else expect(problemOf(text)).toMatch(problem);
	});

	test("no text breaks the parser", () => {
		const pieces = fc.array(
			fc.constantFrom("errors", ":", "rate", "<", "1%", ",", "{", "}", "p(", ")", "abortOnFail", "="),
		);
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					pieces.map((parts) => parts.join("")),
				),
				(text) => {
					parseThreshold(text);
				},
			),
		);
	});
});

test("operators mean what they say, and nothing holds of what is no number", () => {
	const table = OPERATORS.map((operator) => [1, 2, 3].map((value) => holds(value, operator, 2)));
	expect(table).toEqual([
		[true, false, false],
		[true, true, false],
		[false, false, true],
		[false, true, true],
		[false, true, false],
		[true, false, true],
	]);
	for (const operator of OPERATORS) expect(holds(Number.NaN, operator, 2)).toBe(false);
});

describe("in a plan", () => {
	const WANTED = ["throughput: rate>2500", "errors: rate<0.1%"];
	test.each([
		["a list of texts", 'thresholds: ["throughput: rate>2500", "errors: rate<0.1%"]'],
		["a list of mappings", "thresholds:\n  - throughput: rate>2500\n  - errors: rate<0.1%\n"],
		["a mapping", "thresholds:\n  throughput: rate>2500\n  errors: [rate<0.1%]\n"],
		["one text", 'thresholds: "throughput: rate>2500; errors: rate<0.1%"'],
		["JSON", '{"thresholds": {"throughput": ["rate>2500"], "errors": {"threshold": "rate<0.1%"}}}'],
	])("%s", (_, text) => {
		expect(thresholdsOf({}, text).map((threshold) => threshold.text)).toEqual(WANTED);
	});

	test.each([
		'thresholds:\n  - { threshold: "errors: rate<1%", abortOnFail: true, delayAbortEval: 10s }',
		"thresholds:\n  errors: { threshold: rate<1%, abortOnFail: true, delayAbortEval: 10s }",
		'thresholds:\n  - errors:\n      - { threshold: rate<1%, abortOnFail: "true", delayAbortEval: 10s }',
	])("with what ends a run: %j", (text) => {
		const meaning = { text: "errors: rate<1%", abortOnFail: true, delayAbortEvalMs: 10_000 };
		expect(thresholdsOf({}, text)).toMatchObject([meaning]);
	});

	test("flags replace the file's", () => {
		expect(thresholdsOf({ thresholds: "tasks: lost==0" }, "thresholds: { errors: rate<1% }")).toHaveLength(1);
	});

	test("every problem with its place", () => {
		const text = [
			"tasks: 0",
			"thresholds:",
			'  - "throughput: rate>fast"',
			"  - errors: rate<5",
			"  - tasks: lost==0",
			"  - { threshold: 'errors: rate<1%', abortonfail: true }",
			"  - { threshold: 'errors: rate<1%', abortOnFail: perhaps }",
			"  - 4",
		].join("\n");
		expect(problemsOf({}, text)).toEqual([
			'plan.yaml:1:1 tasks: expected a whole number from 1 to 1,000,000,000, got "0"',
			'plan.yaml:3:5 thresholds.0: expected tasks a second, such as 2500 after >, found "fast", in "throughput: rate>fast"',
			'plan.yaml:4:5 thresholds.1.errors: expected a share from 0 to 1, or a percentage such as 0.1% after <, found "5", in "errors: rate<5"',
			'plan.yaml:6:5 thresholds.3: unknown key "abortonfail" of a threshold; did you mean abortOnFail?',
			'plan.yaml:7:5 thresholds.4: expected abortOnFail or delayAbortEval=10s after the comma, found "abortOnFail=perhaps", in "errors: rate<1%, abortOnFail=perhaps"',
			`plan.yaml:8:5 thresholds.5: expected a metric, a colon and a condition, such as 'responseTime: p(99)<50ms', in "4"`,
		]);
	});

	test("every problem of a flag that was given several times", () => {
		expect(problemsOf({ thresholds: "throughput: rate>fast\ntasks: lost==0\nerrors: rate<5" })).toEqual([
			expect.stringMatching(/^--threshold: .*in "throughput: rate>fast"$/),
			expect.stringMatching(/^--threshold: .*in "errors: rate<5"$/),
		]);
	});

	test("one about runs that the plan does not have is refused", () => {
		const thresholds = "throughput{workers:16}: rate>1";
		expect(problemsOf({ thresholds })).toEqual([
			"--threshold: no run of the plan is what 'throughput{workers:16}: rate>1' is about",
		]);
		expect(problemsOf({ thresholds, workers: "1,16" })).toEqual([]);
	});
});
