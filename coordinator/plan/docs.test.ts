import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { settingTexts } from "./describe.js";
import { formatHandler, HANDLER_EXAMPLES } from "./handlers.js";
import { formatProblem } from "./problem.js";
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
	expect(growth?.runs[0]).toMatchObject({ pollIntervalMs: 0, task: { payloadBytes: 4_096, priority: "high" } });
	expect(minute?.runs[0]?.load).toEqual({ kind: "timed", warmupMs: 0, durationMs: 60_000, inFlight: 64 });
});

test("the page names every key with its default", () => {
	const rows = PAGE.slice(PAGE.indexOf("## Keys"), PAGE.indexOf("## Types")).matchAll(/^\| `(.*?)` \| (.*?) \|/gm);
	const defaults = settingTexts(resolve(""));
	const expected = SETTING_KEYS.map((key) => [filePath(key).join("."), defaults[key]]);
	expect([...rows].map(([, key, value]) => [key, value])).toEqual(expected);
});

test("the page names every handler", () => {
	const rows = PAGE.slice(PAGE.indexOf("## Handlers"), PAGE.indexOf("## A number")).matchAll(/^\| `(.*?)` \|/gm);
	const handlers = [...rows].map(([, handler = ""]) => handler);
	expect(handlers).toEqual(HANDLER_EXAMPLES);
	for (const handler of handlers) {
		const [run] = resolve(`handler: "${handler}"`).runs;
		expect(run && formatHandler(run.handler)).toBe(handler);
	}
});
