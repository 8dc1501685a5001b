import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const scalar = z.union([z.string(), z.number()]).transform(String);
const fileSchema = z.strictObject({
	maxRate: scalar.optional(),
	maxConnections: scalar.optional(),
	maxDuration: scalar.optional(),
	maxPayload: scalar.optional(),
	keyPrefixes: z.array(z.string().min(1)).min(1).optional(),
	targets: z.record(z.string(), z.string()).optional(),
});
export type CapsFile = z.infer<typeof fileSchema>;

/** @param faults where what is wrong with the file is added, a line each */
export function readCapsFile(path: string, faults: string[]): CapsFile {
	let content: unknown;
	try {
		content = parse(readFileSync(path, "utf8")) ?? {};
	} catch (error) {
		const { code, name } = error as NodeJS.ErrnoException;
		// What the YAML parser says repeats the line, which may hold a password.
		faults.push(`cannot read ${path}: ${code === "ENOENT" ? "there is no such file" : (code ?? name)}`);
		return {};
	}
	const read = fileSchema.safeParse(content);
	if (read.success) return read.data;
	for (const { path: at, message } of read.error.issues) faults.push(`${path}: ${[...at, message].join(": ")}`);
	return {};
}
