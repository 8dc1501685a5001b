import picocolors from "picocolors";
import type { Record } from "../proto/gen/record.js";
import { coloursFor } from "./colours.js";
import { mergeRun } from "./merge/merge.js";
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

/** Exit codes of a plan that was executed (robustness.md). */
export const EXIT_VALID = 0;
export const EXIT_NOT_VALID = 3;
export const EXIT_ABORTED = 4;
export const EXIT_THRESHOLDS_FAILED = 6;
export const EXIT_NOT_DELIVERED = 7;

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
): Promise<number> {
	const merged = record.runs.map(mergeRun);
	const report = buildReport(record, merged);
	const plain = renderTerminal(report, picocolors.createColors(false), folder.path);
	process.stdout.write(renderTerminal(report, coloursFor(process.stdout), folder.path));
	try {
		await writeProfiles(folder, profiles);
		await folder.writeAtomically(RECORD_FILE, await encodeRecord(record));
		await folder.writeAtomically(REPORT_FILE, renderJson(report));
		await folder.writeAtomically(SUMMARY_FILE, renderSummary(report));
		await folder.writeAtomically(JUNIT_FILE, renderJunit(report));
		await folder.writeAtomically(HTML_FILE, await lazyHtml(report));
		const fates = renderTaskFates(merged);
		if (fates !== undefined) await folder.writeAtomically(LOST_TASKS_FILE, fates);
		await folder.writeAtomically(`${name}_output.log`, [...logLines, plain].join("\n"));
	} catch (error) {
		process.stderr.write(`coordinator: ${(error as Error).message}; the report follows on stdout\n`);
		process.stdout.write(renderJson(report));
		return EXIT_NOT_DELIVERED;
	}
	return exitCodeOf(report);
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
