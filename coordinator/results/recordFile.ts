import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { Record } from "../../proto/gen/record.js";
import { codeOf, RECORD_FILE, ResultFolderError, reasonOf } from "./folder.js";

/** The newest format of a record that this version writes and reads. */
export const RECORD_FORMAT = 1;

/** 512 agents that each hold pages of a ledger of ten million tasks come near; nothing honest comes over. */
const MAX_BYTES = 1024 ** 3;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The bytes of `result.pb.gz`. */
export async function encodeRecord(record: Record): Promise<Uint8Array> {
	return compress(Record.encode(record).finish());
}

/**
 * The record that a run left in `folder`. Throws `ResultFolderError` where there is none, where it is damaged, of a newer
 * version, or larger than `maxBytes`, packed or unpacked.
 */
export async function readRecord(folder: string, maxBytes = MAX_BYTES): Promise<Record> {
	const path = join(folder, RECORD_FILE);
	const record = decode(path, await decompressed(path, await readBounded(folder, path, maxBytes), maxBytes));
	if (record.format > RECORD_FORMAT) {
		throw new ResultFolderError(
			`${path} has format ${record.format}, written by version ${record.softwareVersion || "unknown"}; ` +
				`this version reads formats up to ${RECORD_FORMAT}: render it with that version or a newer one`,
		);
	}
	if (record.format < 1) throw new ResultFolderError(`${path} is not a result of this program: it names no format`);
	return record;
}

async function readBounded(folder: string, path: string, maxBytes: number): Promise<Buffer> {
	try {
		const file = await open(path, "r");
		try {
			const { size } = await file.stat();
			if (size > maxBytes) {
				throw new ResultFolderError(`${path} is larger than a result can be (${size} bytes)`);
			}
			return await file.readFile();
		} finally {
			await file.close();
		}
	} catch (error) {
		if (error instanceof ResultFolderError) throw error;
		const missing = codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
		throw new ResultFolderError(
			missing
				? `${folder} is not a result folder: there is no ${RECORD_FILE} in it`
				: `cannot read ${path}: ${reasonOf(error)}`,
			{ cause: error },
		);
	}
}

async function decompressed(path: string, bytes: Buffer, maxBytes: number): Promise<Uint8Array> {
	try {
		return await decompress(bytes, { maxOutputLength: maxBytes });
	} catch (error) {
		throw damaged(path, error);
	}
}

function decode(path: string, bytes: Uint8Array): Record {
	try {
		return Record.decode(bytes);
	} catch (error) {
		throw damaged(path, error);
	}
}

function damaged(path: string, error: unknown): ResultFolderError {
	return new ResultFolderError(`${path} is damaged and cannot be read: ${reasonOf(error)}`, { cause: error });
}
