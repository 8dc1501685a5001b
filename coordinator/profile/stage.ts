import type { Frame } from "./stackProfile.js";

interface Rule {
	readonly stage: string;
	readonly file: RegExp;
	/** Of the function; any where this is missing. */
	readonly name?: RegExp;
}

/** The first that fits the innermost function that any fits. */
const RULES: readonly Rule[] = [
	{ stage: "record", file: /^agent\/measure\// },
	{ stage: "handle", file: /^agent\/work\/(handlers|handling|slots)\.ts$/ },
	{ stage: "enqueue", file: /^agent\/load\// },
	{ stage: "enqueue", file: /^agent\/spool\/groupedEnqueue\.ts$/ },
	{ stage: "enqueue", file: /^agent\/spool\/(classic|fused)\.ts$/, name: /^(enqueue|#writeTasks)$/ },
	{ stage: "dequeue", file: /^agent\/spool\/classic\.ts$/, name: /^(dequeue|#taskJson|#decoded)$/ },
	{
		stage: "ack",
		file: /^agent\/spool\/classic\.ts$/,
		name: /^(start|complete|fail|#store|#storeResult|#release|#bury)$/,
	},
	{ stage: "turn", file: /^agent\/spool\/fused\.ts$/, name: /^(turn|#run)$/ },
	{ stage: "turn", file: /^agent\/work\/fused/ },
	{ stage: "poll", file: /^agent\/work\/ticker\.ts$/ },
];

/**
 * The part of a task's way that a stack is on, where its functions tell: what an `await` comes back to does not show who
 * called it. Fused workers dequeue and acknowledge in one turn.
 *
 * @param frames the innermost first
 */
export function stageLabel(frames: readonly Frame[]): ReadonlyMap<string, string> {
	for (const { file, name } of frames) {
		const rule = RULES.find((each) => each.file.test(file) && (each.name?.test(name) ?? true));
		if (rule) return new Map([["stage", rule.stage]]);
	}
	return new Map();
}
