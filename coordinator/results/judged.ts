import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import { buildReport } from "../report/build.js";
import type { Report } from "../report/schema.js";
import { ResultFolderError, reasonOf } from "./folder.js";
import { readRecord } from "./recordFile.js";

export interface Judged {
	readonly report: Report;
	readonly merged: readonly MergedRun[];
}

/** Judges the result in a folder as this version does. @throws ResultFolderError with a sentence for the user */
export async function judgeFolder(dir: string): Promise<Judged> {
	const record = await readRecord(dir);
	try {
		const merged = record.runs.map(mergeRun);
		return { report: buildReport(record, merged), merged };
	} catch (error) {
		// Bytes that unpack and decode may still hold figures that do not add up.
		throw new ResultFolderError(`the result in ${dir} cannot be judged: ${reasonOf(error)}`, { cause: error });
	}
}
