import { redisUrlFault, targetAlias } from "../proto/redisUrl.js";
import type { Caps } from "./caps.js";
import type { CapsFile } from "./capsFile.js";
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

/**
 * What this agent may do: by flags and their environment, else by the file. Targets come from the file and from
 * SPOOLBENCH_TARGET_<NAME>, never from the command line, which other users of the machine can read.
 *
 * @throws CapsConfigError naming every fault
 */
export async function readCaps(flags: CapsFlags, environment: NodeJS.ProcessEnv): Promise<Caps> {
	const faults: string[] = [];
	const file = await readFile(flags.config, faults);
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

/** What reads a file takes longer to load than the rest of an agent's start, and most agents have none. */
async function readFile(path: string | undefined, faults: string[]): Promise<CapsFile> {
	return path === undefined ? {} : (await import("./capsFile.js")).readCapsFile(path, faults);
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
