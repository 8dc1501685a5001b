import { beforeAll, describe, expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { readReport, resultFolder } from "./support/results.js";

describe("a saved sweep, exported", () => {
	let folder = "";
	beforeAll(async () => {
		const sweep = ["run", "--rate", "100,200", "--warmup", "0s", "--duration", "2s", "--workers", "8", "--quiet"];
		folder = resultFolder((await runCli(sweep)).folder);
	}, 60_000);
	const exported = async (...flags: string[]) => await runCli(["export", folder, ...flags]);

	test("percentiles of the run and the stage that are asked for, with the report's count", async () => {
		const run = readReport(folder).runs[0];
		const { code, stdout } = await exported("--format", "hgrm", "--run", run?.name ?? "", "--stage", "queueWait");
		expect(code).toBe(0);
		expect(stdout).toMatch(/^ +Value +Percentile +TotalCount/);
		expect(/Total count += +(\d+)/.exec(stdout)?.[1]).toBe(String(run?.latency.queueWait.count));
	});

	test("an interval log of the headline run, seconds of all runs, entries for a history", async () => {
		expect((await exported("--format", "hlog")).stdout).toMatch(/^#\[.*\n(.*\n)*"StartTimestamp"/);
		const { runs } = readReport(folder);
		const rows = (await exported("--format", "csv")).stdout.trim().split("\n");
		for (const { name } of runs) expect(rows.filter((row) => row.includes(name)).length).toBeGreaterThan(1);
		const entries = JSON.parse((await exported("--format", "benchmark-smaller")).stdout) as { unit: string }[];
		const valid = runs.filter(({ verdict }) => verdict.validity !== "INVALID");
		expect(entries).toHaveLength(4 * valid.length);
	});

	test.each([
		[["--format", "xml"], /Allowed choices are hgrm, hlog, csv/],
		[[], /required option '--format <format>'/],
		[["--format", "hgrm", "--run", "none"], /there is no run "none"; there are /],
		[["--format", "hgrm", "--stage", "backpressureLag"], /nothing was recorded of backpressureLag/],
	])("%j: exit 2 and a sentence", async (flags, sentence) => {
		const { code, stdout, stderr } = await exported(...flags);
		expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
		expect(stderr).toMatch(sentence);
	});

	test("a folder that is none", async () => {
		const { code, stderr } = await runCli(["export", "nowhere", "--format", "csv"]);
		expect(code).toBe(2);
		expect(stderr).toMatch(/nowhere/);
	});
});
