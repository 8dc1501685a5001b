import { hidePasswords } from "../../proto/redisUrl.js";

/** One thing that is wrong with what the user asked. */
export interface Problem {
	/** `plan.yaml:7:3 workers`, `--workers` or `SPOOLBENCH_WORKERS`. */
	readonly where: string;
	/** What was expected and what was found instead; carries no password. */
	readonly message: string;
}

/** One line for people. */
export function formatProblem(problem: Problem): string {
	return `${problem.where}: ${problem.message}`;
}

const SHOWN_CHARACTERS = 60;

/** What was found, for the end of a message: quoted, shortened, passwords hidden. All scalars of a plan are strings. */
export function found(value: unknown): string {
	if (value === undefined || value === null || value === "") return "got nothing";
	if (typeof value !== "string" && !Array.isArray(value)) return "got a mapping";
	const text = hidePasswords(Array.isArray(value) ? `[${value.join(", ")}]` : value);
	return `got ${JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text)}`;
}
