import { type Command, Option } from "commander";
import { interleave } from "../compare/blocks.js";
import { compareInterleaved } from "../compare/build.js";
import { FEWEST_PAIRS } from "../compare/compareMetric.js";
import { interleavedPlan, togetherProblems } from "../compare/livePlan.js";
import { renderComparisonMarkdown } from "../compare/markdown.js";
import type { Design } from "../compare/schema.js";
import { conduct, refuse as refuseToStart } from "../conduct.js";
import { EXIT_NOT_DELIVERED } from "../deliver.js";
import { LiveView } from "../liveView.js";
import { makeLog } from "../log.js";
import { mergeRun } from "../merge/merge.js";
import type { Plan } from "../plan/plan.js";
import { found, type Problem } from "../plan/problem.js";
import { parseCount } from "../plan/quantities.js";
import { flagName, SETTINGS, type SettingKey } from "../plan/settings.js";
import { buildReport } from "../report/build.js";
import { renderJson } from "../report/json.js";
import { renderSummary } from "../report/summary.js";
import { COMPARISON_FILE, COMPARISON_SUMMARY_FILE } from "../results/comparisonFile.js";
import { preflight, RECORD_FILE, REPORT_FILE, type ResultFolder, SUMMARY_FILE } from "../results/folder.js";
import { encodeRecord } from "../results/recordFile.js";
import { exitCodeOf, type Presentation, print, render, withRegressions } from "./comparePresentation.js";
import { type ExecutionFlags, readPlanInput, readSecrets, refuse } from "./options.js";
import { EXECUTION_OPTIONS, readExecutionFlags } from "./optionsExecution.js";

const DEFAULT_PAIRS = "10";
const DEFAULT_NOISE_PAIRS = "6";
const MOST_PAIRS = 200;

/** Settings that concern both plans; a flag goes before either. */
const COMMON_SETTINGS: Partial<Record<SettingKey, string>> = {
	agents: "N",
	redis: "URL",
	keyPrefix: "TEXT",
	purge: "",
	seed: "N",
};

/** Flags that only a live comparison takes and that cannot come from elsewhere. */
export const LIVE_FLAGS = [
	{ flag: "--pairs", property: "pairs" },
	{ flag: "--noise-pairs", property: "noisePairs" },
] as const;

/** Adds what a live comparison takes. */
export function addLiveOptions(command: Command): Command {
	const option = (flags: string, description: string | undefined) =>
		command.addOption(new Option(flags, description).helpGroup("Live:"));
	option("--baseline <PLAN>", "Plan file to compare with.");
	option("--candidate <PLAN>", "Plan file to judge.");
	option("--pairs <N>", `Pairs of runs, one of each plan: at least ${FEWEST_PAIRS}. Default: ${DEFAULT_PAIRS}.`);
	option(
		"--noise-pairs <N>",
		`A/A pairs of the baseline with itself, run first to see what is noise. Default: ${DEFAULT_NOISE_PAIRS}.`,
	);
	for (const [key, word] of Object.entries(COMMON_SETTINGS) as [SettingKey, string][]) {
		option(word === "" ? flagName(key) : `${flagName(key)} <${word}>`, SETTINGS[key].description);
	}
	for (const { flags, description } of EXECUTION_OPTIONS) {
		if (flags.startsWith("--plan") || flags.startsWith("--out")) continue;
		command.addOption(new Option(flags, description).helpGroup("Live, execution:"));
	}
	return command;
}

export interface LiveRequest {
	readonly plan: Plan;
	readonly design: Design;
	readonly execution: ExecutionFlags;
	readonly presentation: Presentation;
}

/**
 * Reads all that a live comparison is told, both plan files among it.
 *
 * @param problems what is wrong already
 * @throws CommanderError with exit code 2, after every problem has been told on stderr
 */
export function readLiveRequest(command: Command, presentation: Presentation, problems: Problem[]): LiveRequest {
	const { execution, problems: faults } = readExecutionFlags(command, process.env);
	problems.push(...faults);
	const pairs = readCount(command, "--pairs", "pairs", DEFAULT_PAIRS, FEWEST_PAIRS, problems);
	const noisePairs = readCount(command, "--noise-pairs", "noisePairs", DEFAULT_NOISE_PAIRS, 0, problems);
	const paths = { baseline: pathOf(command, "baseline", problems), candidate: pathOf(command, "candidate", problems) };
	const read = (planPath: string | undefined, flag: string) => {
		if (planPath === undefined) return undefined;
		const input = readPlanInput(command, process.env, { execution, planPath, problems: [] }, flag);
		if (!input.ok) problems.push(...input.problems);
		return input.ok ? input.plan : undefined;
	};
	const baseline = read(paths.baseline, "--baseline");
	const candidate = read(paths.candidate, "--candidate");
	if (baseline && candidate) problems.push(...togetherProblems(baseline, candidate, presentation.allowUnlike));
	if (problems.length > 0 || !baseline || !candidate) return refuse(command, unique(problems));
	const { seed } = baseline;
	const order = interleave(noisePairs, pairs, seed);
	const design: Design = {
		seed,
		baseline: { label: paths.baseline ?? "", name: baseline.name },
		candidate: { label: paths.candidate ?? "", name: candidate.name },
		noisePairs,
		pairs,
		order,
	};
	return {
		plan: interleavedPlan(baseline, candidate, design),
		design,
		execution: readSecrets(command, execution),
		presentation,
	};
}

/** Both plans may have the same fault, of the environment or a common flag. */
function unique(problems: readonly Problem[]): Problem[] {
	return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function pathOf(command: Command, name: "baseline" | "candidate", problems: Problem[]): string | undefined {
	const path = command.getOptionValue(name) as string | undefined;
	if (path === undefined)
		problems.push({ where: `--${name}`, message: "expected the path of a plan file, got nothing" });
	return path;
}

function readCount(
	command: Command,
	flag: string,
	property: string,
	standard: string,
	least: number,
	problems: Problem[],
): number {
	const text = String(command.getOptionValue(property) ?? standard);
	const count = parseCount(text, least, MOST_PAIRS);
	if (count.ok) return count.value;
	const why = flag === "--pairs" ? `; fewer than ${FEWEST_PAIRS} pairs have no interval at 95 %` : "";
	problems.push({ where: flag, message: `${count.expected}, ${found(text)}${why}` });
	return least;
}

/** Runs both plans in turns over one fleet, shows what it came to and saves it. @returns the process's exit code */
export async function compareLive({ plan, design, execution, presentation }: LiveRequest): Promise<number> {
	const startedAt = new Date();
	// What is printed in another format is for a program, or for a file.
	const view = new LiveView(plan.runs.length, execution.quiet || presentation.format !== "terminal");
	const logging = await makeLog(execution.logLevel, (write) => view.aside(write));
	let folder: ResultFolder;
	try {
		folder = await preflight({ out: execution.out, startedAt, workingFolder: process.cwd() });
	} catch (error) {
		return refuseToStart(error);
	}
	return conduct({
		plan,
		flags: execution,
		view,
		logging,
		startedAt,
		nothing: () => folder.removeIfEmpty(),
		conclude: async (record) => {
			const report = buildReport(record, record.runs.map(mergeRun));
			const compared = compareInterleaved({ label: folder.path, report }, design, presentation.allowInvalid);
			const comparison = withRegressions(compared, presentation);
			const text = render(comparison, presentation.format);
			await print(text);
			try {
				await folder.writeAtomically(RECORD_FILE, await encodeRecord(record));
				await folder.writeAtomically(COMPARISON_FILE, renderJson(comparison));
				await folder.writeAtomically(COMPARISON_SUMMARY_FILE, renderComparisonMarkdown(comparison));
				await folder.writeAtomically(REPORT_FILE, renderJson(report));
				await folder.writeAtomically(SUMMARY_FILE, renderSummary(report));
				await folder.writeAtomically(`${plan.name}_output.log`, [...view.lines, text].join("\n"));
			} catch (error) {
				process.stderr.write(`coordinator: ${(error as Error).message}\n`);
				return EXIT_NOT_DELIVERED;
			}
			process.stderr.write(`saved in ${folder.path}\n`);
			return exitCodeOf(comparison, presentation);
		},
	});
}
