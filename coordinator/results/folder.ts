import { mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Where a result cannot be written or read. The message is a sentence for the user. */
export class ResultFolderError extends Error {
	override readonly name = "ResultFolderError";
}

export const SUMMARY_FILE = "SUMMARY.md";
export const REPORT_FILE = "report.json";
export const HTML_FILE = "report.html";
export const JUNIT_FILE = "junit.xml";
export const RECORD_FILE = "result.pb.gz";
/** There only where tasks were lost, held or unaccounted. */
export const LOST_TASKS_FILE = "lost_tasks.txt";

const RESULT_FILES: readonly string[] = [
	...[SUMMARY_FILE, REPORT_FILE, HTML_FILE, JUNIT_FILE, RECORD_FILE, LOST_TASKS_FILE],
	...["cpu", "mem"].flatMap((kind) => [`${kind}.prof`, `${kind}_analysis.txt`, `${kind}_flame.svg`]),
];

/** The folder that a run's results go to. It exists and has been written to. */
export class ResultFolder {
	constructor(readonly path: string) {}

	/**
	 * Writes `name` whole or not at all: a temporary file, synced, then renamed over the name, then the folder synced.
	 * Throws `ResultFolderError`; the temporary file is gone then.
	 */
	async writeAtomically(name: string, bytes: string | Uint8Array): Promise<void> {
		const target = join(this.path, name);
		const temporary = join(this.path, `.${name}.${process.pid}.tmp`);
		try {
			const file = await open(temporary, "w", 0o644);
			try {
				await file.writeFile(bytes);
				await file.sync();
			} finally {
				await file.close();
			}
			await rename(temporary, target);
			await syncFolder(this.path);
		} catch (error) {
			await rm(temporary, { force: true }).catch(() => undefined);
			throw new ResultFolderError(`cannot write ${target}: ${reasonOf(error)}`, { cause: error });
		}
	}

	/** Takes the folder away again where nothing was written into it. */
	async removeIfEmpty(): Promise<void> {
		await rmdir(this.path).catch(() => undefined);
	}
}

/**
 * Creates the folder for a run that starts at `startedAt` and proves that it can be written to, before anything else starts.
 * Without `out` it is `benchmark_results/run_YYYYMMDD_HHMMSS` (local time) under `workingFolder`, with `_2`, `_3` … where
 * that exists. An `out` that holds an earlier result keeps it as `<file>.previous`, so that no old report is taken for this
 * run's. Throws `ResultFolderError`.
 */
export async function preflight(options: {
	readonly out: string | undefined;
	readonly startedAt: Date;
	readonly workingFolder: string;
}): Promise<ResultFolder> {
	const path =
		options.out === undefined
			? await createNumbered(resolve(options.workingFolder, "benchmark_results"), runFolderName(options.startedAt))
			: await createGiven(resolve(options.workingFolder, options.out));
	const folder = new ResultFolder(path);
	const probe = ".writable";
	await folder.writeAtomically(probe, "The run has not finished yet.\n");
	await rm(join(path, probe), { force: true });
	return folder;
}

/** `run_YYYYMMDD_HHMMSS` in local time. */
export function runFolderName(at: Date): string {
	const two = (value: number) => String(value).padStart(2, "0");
	const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
	return `run_${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
}

async function createNumbered(parent: string, name: string): Promise<string> {
	try {
		await mkdir(parent, { recursive: true });
		for (let attempt = 1; ; attempt++) {
			const path = join(parent, attempt === 1 ? name : `${name}_${attempt}`);
			try {
				await mkdir(path);
				return path;
			} catch (error) {
				if (codeOf(error) !== "EEXIST" || attempt === 1000) throw error;
			}
		}
	} catch (error) {
		throw new ResultFolderError(
			`cannot create a folder for the results in ${parent}: ${reasonOf(error)}; name another with --out DIR`,
			{ cause: error },
		);
	}
}

async function createGiven(path: string): Promise<string> {
	try {
		await mkdir(path, { recursive: true });
		const present = new Set(await readdir(path));
		for (const name of RESULT_FILES) {
			if (present.has(name)) await rename(join(path, name), join(path, `${name}.previous`));
		}
		return path;
	} catch (error) {
		throw new ResultFolderError(
			`cannot write results to ${path}: ${reasonOf(error)}; name another folder with --out DIR`,
			{ cause: error },
		);
	}
}

async function syncFolder(path: string): Promise<void> {
	const folder = await open(path, "r");
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}

const REASONS = new Map([
	["EACCES", "permission denied"],
	["EPERM", "permission denied"],
	["EROFS", "the file system is read-only"],
	["ENOSPC", "no space is left on the device"],
	["EDQUOT", "the disk quota is used up"],
	["ENOTDIR", "a part of the path is not a folder"],
	["EEXIST", "a file of that name is in the way"],
	["ENOENT", "there is no such file or folder"],
	["EISDIR", "a folder of that name is in the way"],
]);

/** What went wrong with a file, in words. */
export function reasonOf(error: unknown): string {
	const code = codeOf(error);
	return REASONS.get(code) ?? (error instanceof Error ? error.message : String(error));
}

/** The `code` that Node's file errors carry; empty where there is none. */
export function codeOf(error: unknown): string {
	return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
