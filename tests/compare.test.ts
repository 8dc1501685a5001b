import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Comparison, comparisonSchema } from "../coordinator/compare/schema.js";
import { RECORD_FILE } from "../coordinator/results/folder.js";
import { encodeRecord } from "../coordinator/results/recordFile.js";
import { type CliResult, runCli } from "./support/cli.js";
import { simulatedRecord } from "./support/records.js";

let home: string;
beforeAll(async () => {
	home = mkdtempSync(join(tmpdir(), "compare-"));
	// So slow that what else runs on the machine makes little difference.
	await measure("first", "25ms");
	await measure("second", "25ms");
	await measure("slow", "75ms");
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function measure(folder: string, pollInterval: string): Promise<void> {
	const args = ["--tasks", "60", "--poll-interval", pollInterval, "--repeat", "4", "--quiet", "--out", folder];
	const { code, stderr } = await runCli(["run", ...args], { cwd: home });
	if (code !== 0 && code !== 3) throw new Error(stderr);
}

/** Writes a result as a run with these shapes would have left it. */
async function store(folder: string, shapes: Parameters<typeof simulatedRecord>[0]): Promise<void> {
	mkdirSync(join(home, folder), { recursive: true });
	writeFileSync(join(home, folder, RECORD_FILE), await encodeRecord(simulatedRecord(shapes)));
}

const compare = (...args: string[]): Promise<CliResult> => runCli(["compare", ...args], { cwd: home });

function parsed(text: string): Comparison {
	return comparisonSchema.parse(JSON.parse(text));
}

describe("results with repeats", () => {
	test("a run against its own repetition, renamed: compared metric by metric, with a verdict", async () => {
		cpSync(join(home, "first"), join(home, "old"), { recursive: true });
		renameSync(join(home, "old"), join(home, "baseline"));
		const { code, stdout } = await compare("baseline", "second");
		expect(code).toBe(0);
		expect(stdout).toMatch(/baseline {4}baseline: custom, 4 runs/);
		for (const title of ["throughput", "response time p50", "error rate", "agents' peak RSS", "queue wait p50"]) {
			expect(stdout).toMatch(new RegExp(`^  ${title} `, "m"));
		}
		expect(stdout.split("\n")[1]).toMatch(/^ {2}(EQUIVALENT|INCONCLUSIVE|BETTER|WORSE)$/);
		expect(stdout).toMatch(/10 runs a side are advised; there are 4/);
	});

	test("unlike plans are refused with what differs; --allow-unlike finds the third of the rate", async () => {
		const refused = await compare("first", "slow");
		expect(refused.code).toBe(2);
		expect(refused.stdout).toBe("");
		expect(refused.stderr).toMatch(/pollIntervalMs: 25 → 75/);
		expect(refused.stderr).toMatch(/--allow-unlike/);
		const { code, stdout } = await compare("first", "slow", "--allow-unlike", "--format", "json");
		expect(code).toBe(0);
		const comparison = parsed(stdout);
		expect(comparison.verdict.outcome).toBe("worse");
		const throughput = comparison.points[0]?.metrics.find(({ key }) => key === "throughput");
		expect(throughput?.outcome).toBe("worse");
		expect(throughput?.change).toBeLessThan(-0.5);
		expect(throughput?.change).toBeGreaterThan(-0.8);
		expect(comparison.obstacles.map(({ kind }) => kind)).toEqual(["plan"]);
	});

	test("--fail-on-regression: exit 6 with what regressed; the other way round exit 0", async () => {
		const worse = await compare("first", "slow", "--allow-unlike", "--fail-on-regression", "5%");
		expect(worse.code).toBe(6);
		expect(worse.stderr).toMatch(/^regression: throughput: worse by \d\d\.\d% \[.*\]; allowed is 5\.0%$/m);
		expect(worse.stdout).toMatch(/regression {2}throughput/);
		const better = await compare("slow", "first", "--allow-unlike", "--fail-on-regression", "throughput=5%,errors=1%");
		expect(better.code).toBe(0);
		expect(better.stdout).toMatch(/none beyond throughput=5%,errors=1%/);
	});

	test("Markdown into a file, for a pull request", async () => {
		const { code, stdout } = await compare("first", "second", "--format", "markdown", "--out", "comment.md");
		expect(code).toBe(0);
		expect(stdout).toBe("");
		const text = readFileSync(join(home, "comment.md"), "utf8");
		expect(text).toMatch(/^## Benchmark: (equivalent|inconclusive|better|worse)\n/);
		expect(text).toMatch(/^\| throughput +\|/m);
	});

	test("where it cannot write, the comparison goes to stdout, exit 7", async () => {
		const { code, stdout, stderr } = await compare("first", "second", "--out", "no/such/folder.md");
		expect(code).toBe(7);
		expect(stderr).toMatch(/cannot write no\/such\/folder\.md/);
		expect(stdout).toMatch(/throughput/);
	});
});

describe("one run a side", () => {
	test("the difference, and that it proves nothing; a regression by the plain difference says so", async () => {
		await store("one", [{ tasks: 1_000 }]);
		await store("two", [{ tasks: 1_000, deadLetterEach: 10 }]);
		const { code, stdout } = await compare("one", "two");
		expect(code).toBe(0);
		expect(stdout).toMatch(/NO VERDICT/);
		expect(stdout).toMatch(/one run a side proves nothing/);
		const failing = await compare("one", "two", "--fail-on-regression", "5%");
		expect(failing.code).toBe(6);
		expect(failing.stderr).toMatch(/regression: error rate: \+10\.00 points, by the plain difference, which proves/);
	});
});

describe("refusals", () => {
	test("an invalid run: exit 3 with the reason, unless --allow-invalid", async () => {
		await store("whole", [{ tasks: 1_000 }]);
		await store("lossy", [{ tasks: 1_000, vanished: [7] }]);
		const refused = await compare("whole", "lossy");
		expect(refused.code).toBe(3);
		expect(refused.stderr).toMatch(/The candidate is INVALID\. .*lost/);
		expect(refused.stderr).toMatch(/--allow-invalid/);
		const allowed = await compare("whole", "lossy", "--allow-invalid");
		expect(allowed.code).toBe(0);
		expect(allowed.stdout).toMatch(/invalid +The candidate is INVALID/);
	});

	test("an unlike environment: exit 2, each difference named", async () => {
		await store("here", [{ tasks: 1_000 }]);
		await store("there", [{ tasks: 1_000, hosts: ["bench-1", "bench-2"], agents: 2 }]);
		const { code, stderr } = await compare("here", "there");
		expect(code).toBe(2);
		expect(stderr).toMatch(/number of hosts differs: 1 in the baseline, 2 in the candidate/);
		expect(stderr).toMatch(/agents: 1 → 2/);
	});

	test("a folder that holds a report and no record", async () => {
		mkdirSync(join(home, "bare"));
		cpSync(join(home, "first", "report.json"), join(home, "bare", "report.json"));
		const { code, stderr } = await compare("first", "bare");
		expect(code).toBe(2);
		expect(stderr).toMatch(/bare is not a result folder: there is no result\.pb\.gz in it/);
	});

	test.each([
		[[], /two folders, or --baseline PLAN and --candidate PLAN/],
		[["first"], /holds one result and no comparison: give a second folder/],
		[["first", "second", "--pairs", "8"], /--pairs: expected with --baseline and --candidate/],
		[["first", "second", "--baseline", "a.yaml"], /expected two folders or two plans, not both/],
		[["first", "second", "--fail-on-regression", "lots"], /--fail-on-regression: expected a percentage.*got "lots"/],
		[["--baseline", "a.yaml"], /--candidate: expected the path of a plan file/],
		[["--baseline", "none.yaml", "--candidate", "none.yaml"], /--baseline: cannot read none\.yaml/],
		[
			["--baseline", "a.yaml", "--candidate", "b.yaml", "--pairs", "5"],
			/--pairs: .*fewer than 6 pairs have no interval/,
		],
		[["first", "second", "third"], /too many arguments/],
	])("%j: exit 2 and a sentence", async (args, sentence) => {
		for (const name of ["a.yaml", "b.yaml"]) writeFileSync(join(home, name), "tasks: 100\n");
		const { code, stderr, stdout } = await compare(...args);
		expect(stderr).toMatch(sentence);
		expect(stderr).not.toMatch(/\n\s+at .*\(/);
		expect(stdout).toBe("");
		expect(code).toBe(2);
	});
});
