import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { findRedisServer } from "../coordinator/fleet/findRedis.js";
import { RECORD_FILE } from "../coordinator/results/folder.js";
import { encodeRecord } from "../coordinator/results/recordFile.js";
import { simulatedRecord } from "./support/records.js";
import { type Finished, ROOT, Sandbox } from "./support/sandbox.js";

const PAGE = readFileSync(join(ROOT, "docs", "ci.md"), "utf8");

/** The code blocks of a language below a heading of docs/ci.md, as they stand. */
function recipes(heading: string, language = "bash"): string[] {
	const [, section = ""] = PAGE.split(`## ${heading}\n`);
	const blocks = [...(section.split("\n## ")[0] ?? "").matchAll(/```(\w+)\n(.*?)```/gs)];
	return blocks.filter(([, name]) => name === language).map(([, , text = ""]) => text);
}

let checkout: Sandbox;
/** Some forty runs each, on a machine that may be busy. */
const MANY_RUNS_TIMEOUT_MS = 180_000;

beforeEach(() => {
	checkout = new Sandbox();
	// npx finds the program as in a checkout that has been set up, and would rather install one that it does not find.
	checkout.write("package.json", '{ "private": true }');
	mkdirSync(checkout.at("node_modules/.bin"), { recursive: true });
	symlinkSync(join(ROOT, "dist/coordinator/main.js"), checkout.at("node_modules/.bin/coordinator"));
	checkout.write("step-summary.md", "");
});

/** A run with reservations (exit 3) is repeated, as the page advises: the machine that tests run on is not quiet. */
async function run(recipe: string | undefined, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
	if (recipe === undefined) throw new Error("docs/ci.md has no such recipe");
	for (let attempt = 1; ; attempt++) {
		const finished = await checkout.run("bash", ["-eo", "pipefail", "-c", recipe], {
			GITHUB_STEP_SUMMARY: checkout.at("step-summary.md"),
			// The cache that it may lie in is under the real home.
			SPOOLBENCH_REDIS_SERVER: findRedisServer(process.env),
			npm_config_offline: "true",
			npm_config_update_notifier: "false",
			...env,
		});
		if (finished.code !== 3 || attempt === 3) return finished;
	}
}

const stepSummary = () => readFileSync(checkout.at("step-summary.md"), "utf8");

test("every block of the page is run by a test here", () => {
	expect([...PAGE.matchAll(/```(\w+)/g)].map(([, language]) => language)).toEqual([
		...["bash", "bash", "bash", "bash", "bash", "bash"],
		...["yaml", "yaml", "bash"],
	]);
});

describe("fail below a threshold", () => {
	const [byExitCode, bySummary] = recipes("Fail below a threshold");
	const enough = { SPOOLBENCH_ENGINE: "fused" };
	const tooFew = { SPOOLBENCH_POLL_INTERVAL: "50ms", SPOOLBENCH_TASKS: "50" };

	test("by exit code: 0 above it, 6 below it", async () => {
		expect((await run(byExitCode, enough)).code).toBe(0);
		expect((await run(byExitCode, tooFew)).code).toBe(6);
	});

	test("by the summary's line: passes above it, fails below it with the rate", async () => {
		const passing = await run(bySummary, enough);
		expect(passing.stdout).not.toMatch(/too slow/);
		expect(passing.code).toBe(0);
		const failing = await run(bySummary, tooFew);
		expect(failing.stdout).toMatch(/^too slow: \d+\.\d\d tasks\/s, expected 300$/m);
		expect(failing.code).toBe(1);
	});
});

test("a job summary", async () => {
	const { code } = await run(recipes("A job summary")[0], { SPOOLBENCH_TASKS: "100" });
	expect(code).toBe(0);
	expect(stepSummary()).toMatch(/^Tasks\/Second: +\d+\.\d\d$/m);
});

describe("compare with a stored baseline", () => {
	const [storing, running, comparing] = recipes("Compare with a stored baseline");

	test("nothing has changed: no regression, the comparison on the job's page", {
		timeout: MANY_RUNS_TIMEOUT_MS,
	}, async () => {
		// So slow that what else runs on the machine makes little difference.
		const env = { SPOOLBENCH_TASKS: "24", SPOOLBENCH_POLL_INTERVAL: "40ms" };
		for (const recipe of [storing, running]) expect((await run(recipe, env)).code).toBe(0);
		const { code, stderr } = await run(comparing, env);
		expect(stderr).not.toMatch(/regression/);
		expect(code).toBe(0);
		expect(stepSummary()).toMatch(/^## Benchmark: (equivalent|inconclusive|better|worse)\n/);
		expect(stepSummary()).toMatch(/✅ No regression beyond 10%/);
	});

	test("a regression fails the job, and is on its page", async () => {
		const shapes = { baseline: {}, candidate: { deadLetterEach: 20 } };
		for (const [name, shape] of Object.entries(shapes)) {
			mkdirSync(checkout.at(`benchmark_results/${name}`), { recursive: true });
			const record = simulatedRecord(Array.from({ length: 5 }, () => ({ tasks: 200, ...shape })));
			writeFileSync(checkout.at(`benchmark_results/${name}/${RECORD_FILE}`), await encodeRecord(record));
		}
		const { code, stderr } = await run(comparing);
		expect(stderr).toMatch(/^regression: error rate: worse by 5\.00 points/m);
		expect(code).toBe(6);
		expect(stepSummary()).toMatch(/❌ Regression beyond 10%:\n\n- error rate: worse/);
	});
});

test("compare two plans in one job", { timeout: MANY_RUNS_TIMEOUT_MS }, async () => {
	const heading = "Compare two plans in one job";
	for (const plan of recipes(heading, "yaml")) checkout.write(/^# (\S+)/.exec(plan)?.[1] ?? "", plan);
	const { code, stdout } = await run(recipes(heading)[0], { SPOOLBENCH_TASKS: "60" });
	expect(code).toBe(0);
	expect(stdout).toMatch(/differs +pollIntervalMs: 10 → 5/);
	expect(stepSummary()).toMatch(/^## Benchmark: /);
	expect(stepSummary()).toMatch(/10 pairs in blocks ABBA and BAAB/);
});
