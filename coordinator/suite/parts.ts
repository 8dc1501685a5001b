import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One part of the suite: a program of this package that is run to its end. */
export interface Part {
	/** Names its folder and its log. */
	readonly name: string;
	/** What it is, for people. */
	readonly title: string;
	readonly command: readonly string[];
	/** Roughly how long it takes on two cores, until it is known. */
	readonly expectedSeconds: number;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const COORDINATOR = join(ROOT, "dist", "coordinator", "main.js");
const COMPONENT_BENCHMARKS = join(ROOT, "scripts", "bench.sh");

/** The part whose output is in Go's benchmark format, and no report. */
export const COMPONENTS = "bench";
/** The part whose profiles lie in the suite's own folder, too. */
export const PROFILED = "profiled";

/** What `--quick` leaves: enough to see that everything works, not to compare. */
const QUICK_TASKS: Readonly<Record<string, string>> = { quick: "400", scalability: "400", profiled: "1000" };
const QUICK_COMPONENTS = ["--benchtime", "0.02", "--filter", "^(Serialize|Deserialize|Record)|EnqueueOnly|DequeueOnly"];

/**
 * The parts in their order.
 *
 * @param folder what they write lies in one folder a part under it
 * @param runFlags for every `coordinator run`
 */
export function suiteParts(folder: string, runFlags: readonly string[], quick: boolean): Part[] {
	const run = (name: string, title: string, expectedSeconds: number): Part => ({
		name,
		title: quick ? `${title}, trimmed` : title,
		command: [
			...[process.execPath, COORDINATOR, "run", "--type", name, "--out", join(folder, name)],
			...(quick ? ["--tasks", QUICK_TASKS[name] ?? ""] : []),
			...runFlags,
		],
		expectedSeconds: quick ? expectedSeconds / 3 : expectedSeconds,
	});
	return [
		run("quick", "1,000 tasks, 4 workers", 8),
		run("scalability", "1 to 16 workers", 60),
		{
			name: COMPONENTS,
			title: "component benchmarks",
			command: [COMPONENT_BENCHMARKS, "--benchmem", ...(quick ? QUICK_COMPONENTS : ["--benchtime", "0.3"])],
			expectedSeconds: quick ? 15 : 90,
		},
		run(PROFILED, "5,000 tasks, 8 workers, with profiles", 20),
	];
}
