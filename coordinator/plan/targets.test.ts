import { expect, test } from "vitest";
import { formatProblem } from "./problem.js";
import { resolvePlan } from "./resolve.js";
import { readTargets, SPOOL_TARGETS } from "./targets.js";

function resolve(targets: string, readText?: (path: string) => string) {
	return resolvePlan({ flags: { targets }, environment: {}, ...(readText ? { readText } : {}) });
}

test("spool's own", () => {
	const resolution = resolve("spool");
	expect(resolution).toMatchObject({ ok: true, plan: { targets: SPOOL_TARGETS } });
	expect(SPOOL_TARGETS.rows.map(({ target }) => target.text)).toEqual([
		"throughput: rate>=2500",
		"responseTime: p(99)<50ms",
		"errors: rate<0.1%",
		"memory: rss<500MB",
	]);
});

test("a file: titles with conditions, and what calls for a look", () => {
	const text =
		'Rate: "throughput: rate>10"\nP99: { target: "responseTime: p(99)<1s", warning: "responseTime: p(99)>2s" }';
	const resolution = resolve("mine.yaml", () => text);
	expect(resolution).toMatchObject({
		ok: true,
		plan: {
			targets: {
				name: "mine.yaml",
				rows: [
					{ title: "Rate", target: { limit: 10 }, warning: undefined },
					{ title: "P99", target: { limit: 1e6 }, warning: { limit: 2e6 } },
				],
			},
		},
	});
});

test.each([
	["a: [", /^mine.yaml:1:\d+: /],
	["a: throughput", /^mine.yaml:1:1 a: expected a metric, a colon and a condition, .*, in "throughput"$/],
	["\nb: { target: 'errors: rate<5' }", /^mine.yaml:2:6 b.target: expected a share from 0 to 1/],
	["b: { target: 'errors: rate<1%', warn: x }", /^mine.yaml:1:33 b.warn: unknown key; expected target or warning/],
	["b: 'errors: rate<1%, abortOnFail'", /expected no abortOnFail/],
	["b: [1]", /^mine.yaml:1:1 b: expected a condition/],
	["", /^mine.yaml: expected at least one target/],
])("%j is refused with its place", (text, problem) => {
	const { problems } = readTargets("mine.yaml", text);
	expect(problems.map(formatProblem).join("\n")).toMatch(problem);
});

test("a file that is not there is the flag's problem", () => {
	const missing = () => {
		throw new Error("cannot read mine.yaml: there is no such file");
	};
	const resolution = resolve("mine.yaml", missing);
	expect(resolution.ok ? [] : resolution.problems.map(formatProblem)).toEqual([
		"--targets: expected spool or a file of targets: cannot read mine.yaml: there is no such file",
	]);
});
