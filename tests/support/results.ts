import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Report } from "../../coordinator/report/schema.js";

/** The one result folder that a run left below the folder it worked in. */
export function resultFolder(workingFolder: string): string {
	const parent = join(workingFolder, "benchmark_results");
	const names = readdirSync(parent);
	if (names.length !== 1 || names[0] === undefined) throw new Error(`expected one result, found: ${names.join(", ")}`);
	return join(parent, names[0]);
}

export function readReport(folder: string): Report {
	return JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as Report;
}

/** The run came to its end. How good its figures are depends on how busy the machine is: 0 is valid, 3 is not. */
export function expectReported({ code }: { readonly code: number | undefined }): void {
	expect([0, 3]).toContain(code);
}

/** The first run of the only report below `workingFolder`. */
export function onlyRun(workingFolder: string): Report["runs"][number] {
	const [run] = readReport(resultFolder(workingFolder)).runs;
	if (!run) throw new Error("the report has no run");
	return run;
}
