import { expect, test } from "vitest";
import { simulatedRecord } from "../tests/support/records.js";
import { exitCodeOf } from "./deliver.js";
import { mergeRun } from "./merge/merge.js";
import { parseThreshold } from "./plan/threshold.js";
import { buildReport } from "./report/build.js";

const VALID = {};
const DEGRADED = { abortedAtUs: 1_000_000 };
const INVALID = { vanished: [3] };
const HOLDS = "tasks: completed>0";
const FAILS = "throughput: rate>1M";
const ENDED = "errors: rate<1%, abortOnFail";

/** What is wrong with the measurement goes before what it says. */
test.each([
	[0, VALID, [], {}],
	[0, VALID, [HOLDS], {}],
	[6, VALID, [HOLDS, FAILS], {}],
	[3, DEGRADED, [HOLDS], {}],
	[6, DEGRADED, [FAILS], {}],
	[3, INVALID, [HOLDS], {}],
	[3, INVALID, [FAILS], {}],
	[4, VALID, [FAILS], { aborted: "interrupted by SIGINT" }],
	[4, INVALID, [], { aborted: "interrupted by SIGINT" }],
	[6, DEGRADED, [ENDED], { aborted: "interrupted by the threshold", failedThreshold: "errors: rate<1%" }],
	[6, INVALID, [ENDED], { aborted: "interrupted by the threshold", failedThreshold: "errors: rate<1%" }],
])("exit %i of %j with %j, %j", (code, shape, texts, overrides) => {
	const thresholds = texts.flatMap((text) => {
		const threshold = parseThreshold(text);
		return threshold.ok ? [threshold.value] : [];
	});
	const record = simulatedRecord([shape], overrides, { thresholds });
	expect(exitCodeOf(buildReport(record, record.runs.map(mergeRun)))).toBe(code);
});
