import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "../report/schema.js";
import { codeOf, HTML_FILE, REPORT_FILE, type ResultFolder, SUMMARY_FILE } from "../results/folder.js";
import { parseGoLines } from "./goLines.js";
import { COMPONENTS, type Part, PROFILED } from "./parts.js";
import { type PartEnd, runPart } from "./runPart.js";
import { renderSuiteHtml } from "./suiteHtml.js";
import { type PartResult, renderSuiteSummary, type SuiteReport, suiteExitCode } from "./suiteReport.js";

/** Exits of a part after which the next one would meet the same, or is not wanted. */
const ENDS_THE_SUITE = new Set([2, 4, 130]);
const PROFILES = ["cpu", "mem"].flatMap((kind) => [`${kind}.prof`, `${kind}_analysis.txt`, `${kind}_flame.svg`]);

export interface SuiteOptions {
	readonly parts: readonly Part[];
	readonly folder: ResultFolder;
	/** As it is told in the report; passwords hidden. */
	readonly command: string;
	readonly quick: boolean;
	readonly interrupt: AbortSignal;
	readonly onPart: (part: Part, index: number) => void;
	readonly onProgress: (line: string) => void;
	readonly onResult: (text: string) => void;
}

/**
 * Runs the parts one after another and writes one report for all. A part that fails loses the others nothing, unless the
 * user ended it or its input is wrong.
 *
 * @throws ResultFolderError where the folder cannot be written to
 */
export async function runSuite(options: SuiteOptions): Promise<SuiteReport> {
	const { parts, folder, interrupt } = options;
	const startedAt = new Date();
	const results: PartResult[] = [];
	let components: SuiteReport["components"] = [];
	for (const [index, part] of parts.entries()) {
		options.onPart(part, index);
		const end = await runPart(part, { ...options, interrupt });
		results.push(await resultOf(part, end, folder));
		if (part.name === COMPONENTS) components = parseGoLines(end.output);
		if (part.name === PROFILED) await copyProfiles(folder);
		if (ENDS_THE_SUITE.has(end.exitCode) || interrupt.aborted) break;
	}
	const codes = [...results.map(({ exitCode }) => exitCode), ...(interrupt.aborted ? [4] : [])];
	const suite: SuiteReport = {
		schema: "spool-bench/suite/1",
		startedAt: startedAt.toISOString(),
		finishedAt: new Date().toISOString(),
		command: options.command,
		quick: options.quick,
		exitCode: suiteExitCode(codes),
		parts: results,
		components,
	};
	await folder.writeAtomically(REPORT_FILE, `${JSON.stringify(suite, undefined, "\t")}\n`);
	await folder.writeAtomically(SUMMARY_FILE, renderSuiteSummary(suite));
	await folder.writeAtomically(HTML_FILE, renderSuiteHtml(suite));
	return suite;
}

async function resultOf({ name, title }: Part, end: PartEnd, folder: ResultFolder): Promise<PartResult> {
	await folder.writeAtomically(`${name}_output.log`, end.output);
	const { exitCode, seconds } = end;
	return { name, title, exitCode, seconds, report: await readReport(join(folder.path, name, REPORT_FILE)) };
}

/** What a part of this same version has just written; null where it wrote none. */
async function readReport(file: string): Promise<Report | null> {
	try {
		return JSON.parse(await readFile(file, "utf8")) as Report;
	} catch (error) {
		if (codeOf(error) === "ENOENT") return null;
		throw error;
	}
}

/** Into the suite's own folder, where people look for them. */
async function copyProfiles(folder: ResultFolder): Promise<void> {
	for (const name of PROFILES) {
		await copyFile(join(folder.path, PROFILED, name), join(folder.path, name)).catch((error: unknown) => {
			if (codeOf(error) !== "ENOENT") throw error;
		});
	}
}
