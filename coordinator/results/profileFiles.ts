import { mkdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { FinishedProfile } from "../profile/collector.js";
import { ResultFolder, ResultFolderError, reasonOf } from "./folder.js";

/**
 * Writes each profile where the plan says, and its analysis and its flame graph into the result's folder.
 *
 * @throws ResultFolderError with a sentence for the user
 */
export async function writeProfiles(folder: ResultFolder, profiles: readonly FinishedProfile[]): Promise<void> {
	for (const { digest, files } of profiles) {
		if (!files) continue;
		const place = await placeOf(folder, digest.file);
		await place.writeAtomically(basename(digest.file), files.pprof);
		await folder.writeAtomically(`${digest.kind}_analysis.txt`, files.analysis);
		await folder.writeAtomically(`${digest.kind}_flame.svg`, files.flame);
	}
}

/** A name alone is in the result's folder; one with a folder goes from the working folder. */
async function placeOf(folder: ResultFolder, file: string): Promise<ResultFolder> {
	if (basename(file) === file) return folder;
	const path = resolve(dirname(file));
	try {
		await mkdir(path, { recursive: true });
	} catch (error) {
		throw new ResultFolderError(`cannot write ${file}: ${reasonOf(error)}`, { cause: error });
	}
	return new ResultFolder(path);
}
