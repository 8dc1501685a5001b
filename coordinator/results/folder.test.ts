import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { preflight, type ResultFolder, ResultFolderError, runFolderName } from "./folder.js";

const STARTED = new Date(2026, 0, 31, 9, 5, 7);
let home: string;

beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), "spool-bench-results-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const create = (out?: string): Promise<ResultFolder> => preflight({ out, startedAt: STARTED, workingFolder: home });

describe("preflight", () => {
	it("makes a folder named for the local time, and another for a second run within the second", async () => {
		const folders = [await create(), await create(), await create()];
		const parent = join(home, "benchmark_results");
		expect(folders.map(({ path }) => path)).toEqual([
			join(parent, "run_20260131_090507"),
			join(parent, "run_20260131_090507_2"),
			join(parent, "run_20260131_090507_3"),
		]);
		expect(runFolderName(STARTED)).toBe("run_20260131_090507");
	});

	it("leaves nothing in the folder", async () => {
		expect(readdirSync((await create("here/and/there")).path)).toEqual([]);
	});

	it("keeps an earlier result under another name, so that it is not taken for the new one", async () => {
		const first = await create("out");
		await first.writeAtomically("report.json", "{}");
		await first.writeAtomically("cpu_flame.svg", "<svg/>");
		writeFileSync(join(first.path, "notes.txt"), "mine");
		const second = await create("out");
		expect(second.path).toBe(first.path);
		expect(readdirSync(second.path).sort()).toEqual(["cpu_flame.svg.previous", "notes.txt", "report.json.previous"]);
	});

	// A file where a folder should be stops root too, whom permissions do not.
	it.each([
		["benchmark_results", undefined],
		["out", "out"],
		["out", "out/deeper"],
	])("refuses in one sentence when %s is a file and --out is %s", async (name, out) => {
		writeFileSync(join(home, name), "in the way");
		const failure = create(out);
		await expect(failure).rejects.toThrow(ResultFolderError);
		await expect(failure).rejects.toThrow(/^cannot .* --out DIR$/);
	});

	it.runIf(process.platform === "linux")("refuses a folder that cannot be written to", async () => {
		await expect(create("/proc/self")).rejects.toThrow(/^cannot write .*\/proc/);
	});
});

describe("writing", () => {
	it("replaces a file whole", async () => {
		const folder = await create("out");
		await folder.writeAtomically("SUMMARY.md", "a long first text");
		await folder.writeAtomically("SUMMARY.md", "short");
		expect(readFileSync(join(folder.path, "SUMMARY.md"), "utf8")).toBe("short");
		expect(readdirSync(folder.path)).toEqual(["SUMMARY.md"]);
	});

	it("leaves neither a part nor a temporary file when it fails", async () => {
		const folder = await create("out");
		await (await create("out/report.json")).writeAtomically("keep", "x");
		await expect(folder.writeAtomically("report.json", "{}")).rejects.toThrow(/cannot write .*a folder of that name/);
		expect(readdirSync(folder.path)).toEqual(["report.json"]);
	});

	it("says so when the folder has gone", async () => {
		const folder = await create("out");
		rmSync(folder.path, { recursive: true });
		await expect(folder.writeAtomically("report.json", "{}")).rejects.toThrow(/no such file or folder/);
	});

	it("takes back an empty folder, not one that holds something", async () => {
		const [empty, used] = [await create("empty"), await create("used")];
		await used.writeAtomically("report.json", "{}");
		await empty.removeIfEmpty();
		await used.removeIfEmpty();
		expect(readdirSync(home)).toEqual(["used"]);
	});
});
