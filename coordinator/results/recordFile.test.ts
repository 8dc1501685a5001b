import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Record } from "../../proto/gen/record.js";
import { simulatedRecord } from "../../tests/support/records.js";
import { RECORD_FILE, ResultFolderError } from "./folder.js";
import { encodeRecord, RECORD_FORMAT, readRecord } from "./recordFile.js";

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "spool-bench-record-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (bytes: Uint8Array) => writeFileSync(join(folder, RECORD_FILE), bytes);

it("reads what it wrote", async () => {
	const record = simulatedRecord([{ agents: 2, errors: new Map([["enqueue: ECONNRESET", 2]]) }]);
	put(await encodeRecord(record));
	expect(Record.encode(await readRecord(folder)).finish()).toEqual(Record.encode(record).finish());
});

it.each([
	["is not a folder of a result", undefined, /is not a result folder: there is no result\.pb\.gz/],
	["is empty", new Uint8Array(), /is damaged/],
	["is no gzip", Buffer.from("hello, this is text"), /is damaged/],
	["is no record", gzipSync(Buffer.from([0x0a, 0xff, 0xff])), /is damaged/],
	["is a record of something else", gzipSync("hello, this is text"), /names no format/],
	["holds nothing", gzipSync(""), /names no format/],
	[
		"is of a newer version",
		gzipSync(Record.encode(Record.create({ format: RECORD_FORMAT + 1, softwareVersion: "9.1.0" })).finish()),
		/written by version 9\.1\.0/,
	],
])("refuses one that %s", async (_, bytes, message) => {
	if (bytes !== undefined) put(bytes);
	await expect(readRecord(folder)).rejects.toThrow(message);
	await expect(readRecord(folder)).rejects.toThrow(ResultFolderError);
});

it("notices every cut and every changed byte", async () => {
	const whole = await encodeRecord(simulatedRecord([{ tasks: 50 }]));
	for (let at = 11; at < whole.length; at += Math.ceil(whole.length / 40)) {
		put(whole.slice(0, at));
		await expect(readRecord(folder), `cut at ${at}`).rejects.toThrow(ResultFolderError);
		const changed = Uint8Array.from(whole);
		changed[at] = (changed[at] ?? 0) ^ 0x55;
		put(changed);
		await expect(readRecord(folder), `changed at ${at}`).rejects.toThrow(ResultFolderError);
	}
});

it("reads and unpacks no more than it may", async () => {
	put(gzipSync(Buffer.alloc(1_048_577)));
	await expect(readRecord(folder, 1_048_576)).rejects.toThrow(/is damaged/);
	put(Buffer.alloc(2_000));
	await expect(readRecord(folder, 1_999)).rejects.toThrow(/larger than a result can be/);
});
