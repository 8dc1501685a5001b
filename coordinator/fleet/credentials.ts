import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const MIN_TOKEN_LENGTH = 16;

/** A join token: 256 random bits. */
export function makeToken(): string {
	return randomBytes(32).toString("hex");
}

/** Compares in constant time, whatever the lengths. */
export function tokenMatches(expected: string, presented: string): boolean {
	const digest = (text: string) => createHash("sha256").update(text).digest();
	return timingSafeEqual(digest(expected), digest(presented));
}

/**
 * The token that agents must present: from the file, else from the environment. A file that does not exist is made (mode
 * 0600) with a new token, for the user to hand to the agents.
 *
 * @returns undefined where neither is given
 * @throws Error with a sentence for the user when the file cannot be read or made, or the token is too short to be one
 */
export function readOrMakeToken(tokenFile: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
	const fromEnvironment = environment.SPOOLBENCH_JOIN_TOKEN?.trim();
	const token = tokenFile ? fromFile(tokenFile) : fromEnvironment;
	if (token !== undefined && token.length < MIN_TOKEN_LENGTH) {
		const source = tokenFile ?? "SPOOLBENCH_JOIN_TOKEN";
		throw new Error(
			`${source}: a join token needs at least ${MIN_TOKEN_LENGTH} characters, this one has ${token.length}`,
		);
	}
	return token || undefined;
}

function fromFile(path: string): string {
	try {
		return readFileSync(path, "utf8").trim();
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
			throw new Error(`cannot read the token file ${path}: ${(error as Error).message}`, { cause: error });
		}
	}
	const token = makeToken();
	try {
		writeFileSync(path, `${token}\n`, { mode: 0o600, flag: "wx" });
	} catch (error) {
		throw new Error(`cannot make the token file ${path}: ${(error as Error).message}`, { cause: error });
	}
	return token;
}
