import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Design, designSchema } from "../compare/schema.js";
import { codeOf, ResultFolderError, reasonOf } from "./folder.js";

export const COMPARISON_FILE = "comparison.json";
export const COMPARISON_SUMMARY_FILE = "COMPARISON.md";

/** Which run of a live comparison's folder was whose. @throws ResultFolderError with a sentence for the user */
export async function readDesign(dir: string): Promise<Design> {
	const path = join(dir, COMPARISON_FILE);
	try {
		const { design } = JSON.parse(await readFile(path, "utf8")) as { design?: unknown };
		return designSchema.parse(design);
	} catch (error) {
		const sentence =
			codeOf(error) === "ENOENT"
				? `${dir} holds one result and no comparison: give a second folder to compare it with`
				: `${path} is damaged: ${codeOf(error) === "" ? "it does not say which run was whose" : reasonOf(error)}`;
		throw new ResultFolderError(sentence, { cause: error });
	}
}
