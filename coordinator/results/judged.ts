import { mergeRun } from "../merge/merge.js";
import { buildReport } from "../report/build.js";
import type { Report } from "../report/schema.js";
import { ResultFolderError, reasonOf } from "./folder.js";
import { readRecord } from "./recordFile.js";

/** Judges the result in a folder as this version does. @throws ResultFolderError with a sentence for the user */
export async function judgeFolder(dir: string): Promise<Report> {
	const record = await readRecord(dir);
	try {
		return buildReport(record, record.runs.map(mergeRun));
	} catch (error) {
		// Bytes that unpack and decode may still hold figures that do not add up.
		throw new ResultFolderError(`the result in ${dir} cannot be judged: ${reasonOf(error)}`, { cause: error });
	}
}
