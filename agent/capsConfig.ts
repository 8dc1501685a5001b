import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { redisUrlFault, targetAlias } from "../proto/redisUrl.js";
import type { Caps } from "./caps.js";
import { parseBytes, parseCount, parseDurationMs, parseRate } from "./quantities.js";

/** What the flags and the environment say of the caps, each as it was written. They go before the file. */
export interface CapsFlags {
	readonly maxRate?: string;
	readonly maxConnections?: string;
	readonly maxDuration?: string;
	readonly maxPayload?: string;
	readonly keyPrefixes?: string;
	/** A YAML or JSON file with the same keys, and `targets`. */
	readonly config?: string;
	/** Only by flag or environment: no agent that stands ready for benchmarks should have it. */
	readonly allowFaults?: boolean;
}

/** A configuration that cannot be used; the message has a line for each fault, without passwords. */
export class CapsConfigError extends Error {}

const TARGET_VARIABLE = "SPOOLBENCH_TARGET_";

const scalar = z.union([z.string(), z.number()]).transform(String);
const fileSchema = z.strictObject({
	maxRate: scalar.optional(),
	maxConnections: scalar.optional(),
	maxDuration: scalar.optional(),
	maxPayload: scalar.optional(),
	keyPrefixes: z.array(z.string().min(1)).min(1).optional(),
	targets: z.record(z.string(), z.string()).optional(),
});
type CapsFile = z.infer<typeof fileSchema>;

/**
 * What this agent may do: by flags and their environment, else by the file. Targets come from the file and from
 * SPOOLBENCH_TARGET_<NAME>, never from the command line, which other users of the machine can read.
 *
 * @throws CapsConfigError naming every fault
 */
export function readCaps(flags: CapsFlags, environment: NodeJS.ProcessEnv): Caps {
	const faults: string[] = [];
	const file = flags.config === undefined ? {} : readFile(flags.config, faults);
	const quantity = (
		name: "maxRate" | "maxConnections" | "maxDuration" | "maxPayload",
		parseText: (text: string) => number | undefined,
		expected: string,
	) => {
		const text = flags[name] ?? file[name];
		const value = text === undefined ? undefined : parseText(text);
		if (text !== undefined && value === undefined)
			faults.push(`${name}: expected ${expected}, got ${JSON.stringify(text)}`);
		return value;
	};
	const caps = {
		maxRatePerSecond: quantity("maxRate", parseRate, "tasks a second, such as 500"),
		maxConnections: quantity("maxConnections", parseCount, "a whole number above 0"),
		maxDurationMs: quantity("maxDuration", parseDurationMs, "a time such as 30s, 5m or 1h"),
		maxPayloadBytes: quantity("maxPayload", parseBytes, "a size such as 100B, 64KB or 1MB"),
		keyPrefixes: flags.keyPrefixes?.split(",").filter((prefix) => prefix !== "") ?? file.keyPrefixes,
		targets: readTargets(file, environment, faults),
		allowFaults: flags.allowFaults ?? false,
	};
	if (caps.keyPrefixes?.length === 0) faults.push("keyPrefixes: expected one or more, separated by commas");
	if (faults.length > 0) throw new CapsConfigError(faults.join("\n"));
	return caps;
}

function readFile(path: string, faults: string[]): CapsFile {
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

function readTargets(file: CapsFile, environment: NodeJS.ProcessEnv, faults: string[]): ReadonlyMap<string, string> {
	const fromEnvironment = Object.entries(environment)
		.filter(([name]) => name.startsWith(TARGET_VARIABLE))
		.map(([name, url]) => [name.slice(TARGET_VARIABLE.length).toLowerCase(), url ?? ""] as const);
	const targets = new Map([...Object.entries(file.targets ?? {}), ...fromEnvironment]);
	for (const [name, url] of targets) {
		const fault = targetAlias(`alias:${name}`) === undefined ? "is no name for a target" : redisUrlFault(url);
		if (fault !== undefined) faults.push(`targets: ${JSON.stringify(name)}: ${fault}`);
	}
	return targets;
}
