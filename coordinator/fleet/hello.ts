import type { Hello } from "../../proto/gen/cluster.js";

/** A host name has at most 253 characters, a UUID 36; nothing here is longer in an agent in order. */
const MAX_CHARACTERS = 500;

/**
 * What is wrong with a Hello besides its version: texts that are too long, or that would not stay on one line of a log or a
 * report; undefined when nothing is.
 */
export function helloFault({ agentId, softwareVersion, host }: Hello): string | undefined {
	const texts = { agentId, softwareVersion, ...host };
	for (const [name, value] of Object.entries(texts)) {
		if (typeof value !== "string") continue;
		if (value.length > MAX_CHARACTERS) return `${name} has ${value.length} characters`;
		if (/\p{Cc}/u.test(value)) return `${name} has control characters`;
	}
	return undefined;
}
