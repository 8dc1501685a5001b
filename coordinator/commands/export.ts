import { Command, Option } from "commander";
import { STAGES, type StageName } from "../../proto/stages.js";
import { exportBenchmarkAction } from "../export/benchmarkAction.js";
import { exportIntervals } from "../export/intervals.js";
import { exportPercentiles } from "../export/percentiles.js";
import { exportSeconds } from "../export/seconds.js";
import { mergeRun } from "../merge/merge.js";
import { buildReport } from "../report/build.js";
import { ResultFolderError } from "../results/folder.js";
import { readRecord } from "../results/recordFile.js";

const EXIT_BAD_INPUT = 2;
const FORMATS = ["hgrm", "hlog", "csv", "benchmark-bigger", "benchmark-smaller"] as const;

interface Flags {
	readonly format: (typeof FORMATS)[number];
	readonly run?: string;
	readonly stage: StageName;
}

/** `coordinator export DIR`: a result's figures in the forms of other tools, on stdout. */
export function exportCommand(): Command {
	return new Command("export")
		.description("print a saved result in the form of another tool")
		.argument("<dir>", "folder of a result, such as benchmark_results/run_20260131_120000")
		.addOption(new Option("--format <format>", "which form").choices(FORMATS).makeOptionMandatory())
		.option("--run <name>", "of a sweep this run; default: its headline run, for csv all")
		.addOption(
			new Option("--stage <stage>", "for hgrm: whose times")
				.choices(STAGES.map(({ name }) => name))
				.default("responseTime"),
		)
		.configureHelp({ helpWidth: 100 })
		.addHelpText(
			"after",
			`
Formats: hgrm               percentile distribution of HdrHistogram, in ms, for its plotters
         hlog               interval log of HdrHistogram: response times by second
         csv                each second: offered, sent, completed, failed, backlog, p50, p99, max
         benchmark-bigger   github-action-benchmark, customBiggerIsBetter: throughput
         benchmark-smaller  the same, customSmallerIsBetter: response times, errors, memory

Examples:
  coordinator export benchmark_results/run_20260131_120000 --format hgrm > response.hgrm
  coordinator export benchmark_results/run_20260131_120000 --format csv | column -s, -t
  coordinator export benchmark_results/run_20260131_120000 --format benchmark-bigger > throughput.json`,
		)
		.action(async (dir: string, flags: Flags, command: Command) => {
			try {
				process.stdout.write(await exported(dir, flags));
			} catch (error) {
				if (!(error instanceof ResultFolderError)) throw error;
				command.error(`coordinator export: ${error.message}`, { exitCode: EXIT_BAD_INPUT });
			}
		});
}

async function exported(dir: string, { format, run: name, stage }: Flags): Promise<string> {
	const record = await readRecord(dir);
	const merged = record.runs.map(mergeRun);
	const report = buildReport(record, merged);
	const known = report.runs.map((run) => run.name);
	if (name !== undefined && !known.includes(name)) {
		throw new ResultFolderError(
			`--run: there is no run ${JSON.stringify(name)}; there are ${known.join(", ") || "none"}`,
		);
	}
	if (format === "benchmark-bigger") return exportBenchmarkAction(report, "bigger");
	if (format === "benchmark-smaller") return exportBenchmarkAction(report, "smaller");
	if (format === "csv") return exportSeconds(report.runs.filter((run) => name === undefined || run.name === name));
	const ordinal = name === undefined ? report.headlineRun : report.runs.find((run) => run.name === name)?.ordinal;
	const run = merged.find((each) => each.ordinal === ordinal);
	if (!run) throw new ResultFolderError(`the result in ${dir} has no run`);
	if (format === "hlog") return exportIntervals(run);
	const text = exportPercentiles(run, stage);
	if (text === undefined) throw new ResultFolderError(`--stage: nothing was recorded of ${stage}`);
	return text;
}
