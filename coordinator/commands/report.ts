import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { coloursFor } from "../colours.js";
import { lazyHtml, writeReports } from "../deliver.js";
import { renderJson } from "../report/json.js";
import { renderJunit } from "../report/junit.js";
import type { Report } from "../report/schema.js";
import { renderSummary } from "../report/summary.js";
import { renderTerminal } from "../report/terminal.js";
import { renderTimeline } from "../report/timeline.js";
import {
	HTML_FILE,
	JUNIT_FILE,
	LOST_TASKS_FILE,
	REPORT_FILE,
	ResultFolder,
	ResultFolderError,
	reasonOf,
	SUMMARY_FILE,
} from "../results/folder.js";
import { type Judged, judgeFolder } from "../results/judged.js";
import { readRecord } from "../results/recordFile.js";

const EXIT_BAD_INPUT = 2;

type Format = "terminal" | "markdown" | "html" | "json" | "junit";

interface ReportFlags {
	readonly format: Format;
	readonly timeline?: boolean;
	readonly write?: boolean;
	readonly out?: string;
}

/** `coordinator report DIR`: judges and renders a saved result again. */
export function reportCommand(): Command {
	return new Command("report")
		.description("render a saved result again")
		.argument("<dir>", "folder of a result, such as benchmark_results/run_20260131_120000")
		.addOption(
			new Option("--format <format>", "what to print")
				.choices(["terminal", "markdown", "html", "json", "junit"])
				.default("terminal"),
		)
		.option("--timeline", "print what happened when, on which agent and host, instead of the report")
		.option(
			"--write",
			`write ${SUMMARY_FILE}, ${HTML_FILE}, ${REPORT_FILE}, ${JUNIT_FILE} and, where tasks are missing, ${LOST_TASKS_FILE} into the folder again`,
		)
		.option("--out <dir>", "write them into this folder instead, which must exist")
		.addHelpText(
			"after",
			`
Examples:
  coordinator report benchmark_results/run_20260131_120000
  coordinator report benchmark_results/run_20260131_120000 --format json | jq .verdict
  coordinator report benchmark_results/run_20260131_120000 --format html > report.html
  coordinator report benchmark_results/run_20260131_120000 --timeline | grep 'agent 3'
  coordinator report benchmark_results/run_20260131_120000 --write`,
		)
		.action(async (dir: string, flags: ReportFlags, command: Command) => {
			try {
				await report(dir, flags);
			} catch (error) {
				if (!(error instanceof ResultFolderError)) throw error;
				command.error(`coordinator report: ${error.message}`, { exitCode: EXIT_BAD_INPUT });
			}
		});
}

async function report(dir: string, flags: ReportFlags): Promise<void> {
	const judged = await judgeFolder(dir);
	if (flags.write || flags.out !== undefined) await rewrite(judged, flags.out ?? dir);
	await print(flags.timeline ? renderTimeline(await readRecord(dir)) : await render(judged.report, flags.format, dir));
}

async function rewrite({ report, merged }: Judged, dir: string): Promise<void> {
	try {
		await access(dir);
	} catch (error) {
		throw new ResultFolderError(`cannot write to ${dir}: ${reasonOf(error)}`, { cause: error });
	}
	await writeReports(new ResultFolder(resolve(dir)), report, merged);
}

async function render(judged: Report, format: Format, dir: string): Promise<string> {
	switch (format) {
		case "terminal":
			return renderTerminal(judged, coloursFor(process.stdout), resolve(dir));
		case "markdown":
			return renderSummary(judged);
		case "html":
			return lazyHtml(judged);
		case "junit":
			return renderJunit(judged);
		case "json":
			return renderJson(judged);
	}
}

/** Resolves when the text is out; a reader that has gone away (`| head`) is no error. */
async function print(text: string): Promise<void> {
	await new Promise<void>((done) => {
		process.stdout.once("error", () => done());
		process.stdout.write(text, () => done());
	});
}
