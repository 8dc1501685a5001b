import { writeFile } from "node:fs/promises";
import picocolors from "picocolors";
import type { Record } from "../proto/gen/record.js";
import { coloursFor } from "./colours.js";
import { mergeRun } from "./merge/merge.js";
import type { MergedRun } from "./merge/merged.js";
import { printRecord } from "./printedRecord.js";
import type { FinishedProfile } from "./profile/collector.js";
import { buildReport } from "./report/build.js";
import { renderJson } from "./report/json.js";
import { renderJunit } from "./report/junit.js";
import type { Report } from "./report/schema.js";
import { renderSummary } from "./report/summary.js";
import { renderTaskFates } from "./report/taskFates.js";
import { renderTerminal } from "./report/terminal.js";
import {
	HTML_FILE,
	JUNIT_FILE,
	LOST_TASKS_FILE,
	RECORD_FILE,
	REPORT_FILE,
	type ResultFolder,
	SUMMARY_FILE,
} from "./results/folder.js";
import { writeProfiles } from "./results/profileFiles.js";
import { encodeRecord } from "./results/recordFile.js";
import { terminationMessage } from "./terminationMessage.js";

/** Exit codes of a plan that was executed (robustness.md). */
export const EXIT_VALID = 0;
export const EXIT_NOT_VALID = 3;
export const EXIT_ABORTED = 4;
export const EXIT_THRESHOLDS_FAILED = 6;
export const EXIT_NOT_DELIVERED = 7;

/** Where a result goes besides its folder, for a process whose files end with it. */
export interface Handover {
	/** A file for the termination message; undefined: none. */
	readonly terminationLog: string | undefined;
	/** Print `result.pb.gz` on stdout too. */
	readonly printRecord: boolean;
}

/**
 * Writes a record and its reports into the folder and prints the report on stdout.
 *
 * @param logLines what the live view said, for `<name>_output.log`
 * @param profiles go to their files; what they say in short is in the record
 * @returns the exit code that the result alone calls for
 */
export async function deliver(
	record: Record,
	name: string,
	folder: ResultFolder,
	logLines: readonly string[],
	profiles: readonly FinishedProfile[],
	handover: Handover = { terminationLog: undefined, printRecord: false },
): Promise<number> {
	const merged = record.runs.map(mergeRun);
	const report = buildReport(record, merged);
	const plain = renderTerminal(report, picocolors.createColors(false), folder.path);
	process.stdout.write(renderTerminal(report, coloursFor(process.stdout), folder.path));
	const bytes = await encodeRecord(record);
	if (handover.printRecord) process.stdout.write(printRecord(bytes));
	try {
		await writeProfiles(folder, profiles);
		await folder.writeAtomically(RECORD_FILE, bytes);
		await writeReports(folder, report, merged);
		await folder.writeAtomically(`${name}_output.log`, [...logLines, plain].join("\n"));
	} catch (error) {
		process.stderr.write(`coordinator: ${(error as Error).message}; the report follows on stdout\n`);
		process.stdout.write(renderJson(report));
		return EXIT_NOT_DELIVERED;
	} finally {
		await leaveMessage(handover.terminationLog, report);
	}
	return exitCodeOf(report);
}

/** Writes what is made of a record, whole files each. @throws ResultFolderError with a sentence for the user */
export async function writeReports(folder: ResultFolder, report: Report, merged: readonly MergedRun[]): Promise<void> {
	await folder.writeAtomically(REPORT_FILE, renderJson(report));
	await folder.writeAtomically(SUMMARY_FILE, renderSummary(report));
	await folder.writeAtomically(JUNIT_FILE, renderJunit(report));
	await folder.writeAtomically(HTML_FILE, await lazyHtml(report));
	const fates = renderTaskFates(merged);
	if (fates !== undefined) await folder.writeAtomically(LOST_TASKS_FILE, fates);
}

/** A message that cannot be left changes nothing about the result. */
async function leaveMessage(path: string | undefined, report: Report): Promise<void> {
	if (path === undefined) return;
	await writeFile(path, terminationMessage(report)).catch((error: Error) => {
		process.stderr.write(`coordinator: no termination message: ${error.message}\n`);
	});
}

/** What draws the charts takes a second to load, which nothing else has to wait for. */
export async function lazyHtml(report: Report): Promise<string> {
	const { renderHtml } = await import("./report/html/page.js");
	return renderHtml(report);
}

/**
 * What is wrong with the measurement goes before what it says: a user's interrupt, then figures that do not hold (INVALID),
 * then a threshold that failed, then reservations (DEGRADED). A threshold that ended the run has failed, and no user did.
 */
export function exitCodeOf({ aborted, thresholds, verdict }: Report): number {
	const endedByThreshold = thresholds.some((threshold) => threshold.aborted);
	if (aborted !== null && !endedByThreshold) return EXIT_ABORTED;
	if (verdict.validity === "INVALID" && !endedByThreshold) return EXIT_NOT_VALID;
	if (thresholds.some(({ passed }) => !passed)) return EXIT_THRESHOLDS_FAILED;
	return verdict.validity === "VALID" ? EXIT_VALID : EXIT_NOT_VALID;
}
