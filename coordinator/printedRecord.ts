import { createHash } from "node:crypto";

/** Begins each line, so that it is found again among log lines. */
export const RECORD_LINE = "spoolbench-record";

/** With base64 and what the container runtime adds a line, this stays below the 10 MiB at which a kubelet rotates a log. */
const MOST_BYTES = 6 * 1_048_576;
/** Below the 16 KiB at which a container runtime splits a line. */
const LINE_CHARACTERS = 12_000;

/**
 * `result.pb.gz` as lines of text, for where a log is all that outlives the process:
 *
 *     spoolbench-record 1/2 H4sIAAAA…
 *     spoolbench-record 2/2 …
 *     spoolbench-record sha256 9f86d081…
 *
 * A record that is too large for a log is left out, and a line says so.
 */
export function printRecord(bytes: Uint8Array): string {
	if (bytes.length > MOST_BYTES) {
		return `${RECORD_LINE} omitted: ${bytes.length} bytes are too many for a log; it is in the result folder alone\n`;
	}
	const text = Buffer.from(bytes).toString("base64");
	const count = Math.ceil(text.length / LINE_CHARACTERS);
	const lines = Array.from({ length: count }, (_, index) => {
		const piece = text.slice(index * LINE_CHARACTERS, (index + 1) * LINE_CHARACTERS);
		return `${RECORD_LINE} ${index + 1}/${count} ${piece}`;
	});
	const sha256 = createHash("sha256").update(bytes).digest("hex");
	return [...lines, `${RECORD_LINE} sha256 ${sha256}`, ""].join("\n");
}
