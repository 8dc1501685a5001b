import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Record } from "../../proto/gen/record.js";
import { simulatedRecord } from "../../tests/support/records.js";
import { deliver } from "../deliver.js";
import { ResultFolder } from "../results/folder.js";
import { encodeRecord } from "../results/recordFile.js";
import { reportCommand } from "./report.js";

let folder: string;
let printed: string;
let complained: string;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "spool-bench-report-"));
	printed = "";
	complained = "";
	vi.spyOn(process.stdout, "write").mockImplementation((text, ...more) => {
		printed += String(text);
		for (const done of more) if (typeof done === "function") done();
		return true;
	});
	await deliver(simulatedRecord([{ vanished: [7] }]), "quick", new ResultFolder(folder), ["a line"], []);
	printed = "";
});
afterEach(() => {
	vi.restoreAllMocks();
	rmSync(folder, { recursive: true, force: true });
});

/** @returns the exit code */
async function run(...args: string[]): Promise<number> {
	const output = {
		writeErr: (text: string) => {
			complained += text;
		},
	};
	const report = reportCommand().exitOverride().configureOutput(output);
	const program = new Command("coordinator").exitOverride().configureOutput(output).addCommand(report);
	try {
		await program.parseAsync(["report", ...args], { from: "user" });
		return 0;
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		return error.exitCode;
	}
}

const file = (name: string, of = folder): string => readFileSync(join(of, name), "utf8");

describe("renders what the run printed and wrote", () => {
	it.each([
		[[], () => expect(file("quick_output.log")).toContain(printed)],
		[["--format", "terminal"], () => expect(file("quick_output.log")).toContain(printed)],
		[["--format", "markdown"], () => expect(printed).toBe(file("SUMMARY.md"))],
		[["--format", "html"], () => expect(printed).toBe(file("report.html"))],
		[["--format", "json"], () => expect(printed).toBe(file("report.json"))],
	] as const)("%o", async (flags, check) => {
		expect(await run(folder, ...flags)).toBe(0);
		expect(printed.length).toBeGreaterThan(500);
		check();
	});
});

it("writes the reports again, byte for byte", async () => {
	const names = ["SUMMARY.md", "report.html", "report.json", "lost_tasks.txt"];
	const present = readdirSync(folder);
	const before = names.map((name) => file(name));
	for (const name of names) writeFileSync(join(folder, name), "spoilt");
	expect(await run(folder, "--write")).toBe(0);
	expect(names.map((name) => file(name))).toEqual(before);
	expect(readdirSync(folder)).toEqual(present);
});

it("writes them elsewhere and leaves the result as it was", async () => {
	const other = mkdtempSync(join(tmpdir(), "spool-bench-report-out-"));
	writeFileSync(join(folder, "SUMMARY.md"), "notes of mine");
	expect(await run(folder, "--out", other)).toBe(0);
	expect(readdirSync(other).sort()).toEqual([
		"SUMMARY.md",
		"junit.xml",
		"lost_tasks.txt",
		"report.html",
		"report.json",
	]);
	expect(file("report.json", other)).toBe(file("report.json"));
	expect(file("SUMMARY.md")).toBe("notes of mine");
	rmSync(other, { recursive: true });
});

describe("refuses in one sentence, with exit 2", () => {
	it.each([
		["no folder", () => ["/nowhere"], /coordinator report: \/nowhere is not a result folder/],
		["a folder to write to that is not there", () => [folder, "--out", "/nowhere"], /cannot write to \/nowhere/],
	] as const)("%s", async (_, args, message) => {
		expect(await run(...args())).toBe(2);
		expect(complained).toMatch(message);
		expect(complained.trim().split("\n")).toHaveLength(1);
		expect(printed).toBe("");
	});

	it.each<[string, (record: Record) => void]>([
		[
			"a plan of another kind",
			(record) => {
				record.planJson = '{"type":"espresso"}';
			},
		],
		[
			"no plan",
			(record) => {
				record.planJson = "";
			},
		],
		[
			"a run of another kind",
			(record) => {
				for (const each of record.runs) each.specJson = "{}";
			},
		],
		[
			"a histogram that does not add up",
			(record) => {
				for (const each of record.runs[0]?.agents[0]?.measurements?.stages ?? []) each.count += 1;
			},
		],
	])("%s", async (_, spoil) => {
		const record = Record.decode(Record.encode(simulatedRecord([{}])).finish());
		spoil(record);
		writeFileSync(join(folder, "result.pb.gz"), await encodeRecord(record));
		expect(await run(folder)).toBe(2);
		expect(complained).toMatch(/cannot be judged: /);
		expect(complained.trim().split("\n")).toHaveLength(1);
	});
});
