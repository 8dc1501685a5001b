import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { settingTexts } from "./describe.js";
import { formatHandler, HANDLER_EXAMPLES } from "./handlers.js";
import { PAYLOAD_EXAMPLES } from "./mix.js";
import { formatProblem } from "./problem.js";
import { ARRIVAL_EXAMPLES, formatRateSpec, RATE_EXAMPLES } from "./rate.js";
import { resolvePlan } from "./resolve.js";
import { filePath, planFileSchema } from "./schema.js";
import { SETTING_KEYS } from "./settings.js";

const SCHEMA_FILE = new URL("../../docs/plan.schema.json", import.meta.url);
const PAGE = readFileSync(new URL("../../docs/plans.md", import.meta.url), "utf8");

function resolve(text: string) {
	const resolution = resolvePlan({ file: { path: "plan", text }, flags: {}, environment: {} });
	if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join("\n"));
	return resolution.plan;
}

test("docs/plan.schema.json is what the schema says (written with UPDATE_DOCS=1)", () => {
	const schema = z.toJSONSchema(planFileSchema, { io: "input" });
	if (process.env.UPDATE_DOCS) writeFileSync(SCHEMA_FILE, `${JSON.stringify(schema, null, "\t")}\n`);
	expect(JSON.parse(readFileSync(SCHEMA_FILE, "utf8"))).toEqual(JSON.parse(JSON.stringify(schema)));
});

test("the page's examples resolve to what they say", () => {
	const examples = [...PAGE.matchAll(/```(?:yaml|json)\n(.*?)```/gs)].map(([, text = ""]) => resolve(text));
	expect(examples.map((plan) => plan.name)).toEqual(["growth", "minute", "as-json"]);
	const [growth, minute] = examples;
	expect(growth?.runs.map((run) => run.workers)).toEqual([1, 2, 4, 8, 16, 32]);
	expect(growth?.runs[0]).toMatchObject({
		pollIntervalMs: 0,
		task: { payload: [{ leastBytes: 4_096, mostBytes: 4_096 }], priorities: [0, 0, 1, 0] },
	});
	expect(minute?.runs[0]?.load).toEqual({ kind: "timed", warmupMs: 0, durationMs: 60_000, inFlight: 64 });
});

test("the page names every key with its default", () => {
	const rows = PAGE.slice(PAGE.indexOf("## Keys"), PAGE.indexOf("## Types")).matchAll(/^\| `(.*?)` \| (.*?) \|/gm);
	const defaults = settingTexts(resolve(""), "drawn anew");
	const expected = SETTING_KEYS.map((key) => [filePath(key).join("."), defaults[key]]);
	expect([...rows].map(([, key, value]) => [key, value])).toEqual(expected);
});

test("the page names every handler", () => {
	const rows = PAGE.slice(PAGE.indexOf("## Handlers"), PAGE.indexOf("## Sweeps")).matchAll(/^\| `(.*?)` \|/gm);
	const handlers = [...rows].map(([, handler = ""]) => handler);
	expect(handlers).toEqual(HANDLER_EXAMPLES);
	for (const handler of handlers) {
		const [run] = resolve(`handler: "${handler}"`).runs;
		expect(run && formatHandler(run.handler)).toBe(handler);
	}
});

test("the page names every rate, process and mix", () => {
	const section = (from: string, to: string) => PAGE.slice(PAGE.indexOf(from), PAGE.indexOf(to));
	const rates = [...section("## Rates", "## Mixes").matchAll(/^\| `(.*?)` \|/gm)].map(([, rate = ""]) => rate);
	expect(rates).toEqual(RATE_EXAMPLES);
	for (const rate of rates) {
		const [run] = resolve(`rate: "${rate}"`).runs;
		expect(run?.load.kind === "open" && formatRateSpec(run.load.rate)).toBe(rate);
	}
	for (const process of ARRIVAL_EXAMPLES) expect(section("## Keys", "## Types")).toContain(`\`${process}\``);
	const [mixed] = resolve('task: { priority: "low=1,normal=7,high=2", payload: "100B-10KB" }').runs;
	expect(mixed?.task.priorities).toEqual([1, 7, 2, 0]);
	for (const mix of ["low=1,normal=7,high=2", ...PAYLOAD_EXAMPLES.slice(1)]) {
		expect(section("## Mixes", "## A number")).toContain(mix);
	}
});
