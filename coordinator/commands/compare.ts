import { writeFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { compareInterleaved, compareResults } from "../compare/build.js";
import { parseLimits } from "../compare/regression.js";
import type { Comparison } from "../compare/schema.js";
import { EXIT_NOT_DELIVERED, EXIT_NOT_VALID } from "../deliver.js";
import { found, type Problem } from "../plan/problem.js";
import { readDesign } from "../results/comparisonFile.js";
import { ResultFolderError, reasonOf } from "../results/folder.js";
import { judgeFolder } from "../results/judged.js";
import { addLiveOptions, compareLive, LIVE_FLAGS, readLiveRequest } from "./compareLive.js";
import { exitCodeOf, type Format, type Presentation, print, render, withRegressions } from "./comparePresentation.js";
import { refuse } from "./options.js";

const EXIT_BAD_INPUT = 2;
const HELP_COLUMNS = 100;

interface CompareFlags {
	readonly baseline?: string;
	readonly candidate?: string;
	readonly allowUnlike: boolean;
	readonly allowInvalid: boolean;
	readonly failOnRegression?: string;
	readonly format: Format;
	readonly out?: string;
}

/** `coordinator compare`: two results, or two plans live. Sets the process's exit code. */
export function compareCommand(): Command {
	const command = new Command("compare")
		.description("say whether a change helped: compare two results, or run two plans in turns")
		.argument("[baseline]", "folder of the result to compare with; of a live comparison, alone, to show it again")
		.argument("[candidate]", "folder of the result to judge")
		.option("--allow-unlike", "compare what was not measured alike: other plans, CPU, Redis, Node", false)
		.option("--allow-invalid", "compare INVALID runs too", false)
		.addOption(
			new Option(
				"--fail-on-regression <LIMITS>",
				"Exit 6 where a headline metric is worse by more than that: 5%, or throughput=5%,p99=20%.",
			).env("SPOOLBENCH_FAIL_ON_REGRESSION"),
		)
		.addOption(
			new Option("--format <FORMAT>", "what to print").choices(["terminal", "markdown", "json"]).default("terminal"),
		)
		.option("--out <PATH>", "Two results: write there instead of to stdout. Live: the folder of the comparison.");
	return addLiveOptions(command)
		.allowExcessArguments(false)
		.configureHelp({ helpWidth: HELP_COLUMNS })
		.addHelpText("after", EPILOGUE)
		.action(async (baseline: string | undefined, candidate: string | undefined, flags: CompareFlags) => {
			try {
				process.exitCode = await compare(command, baseline, candidate, flags);
			} catch (error) {
				if (!(error instanceof ResultFolderError)) throw error;
				command.error(`coordinator compare: ${error.message}`, { exitCode: EXIT_BAD_INPUT });
			}
		});
}

const EPILOGUE = `
Results that were measured once each show a difference, which proves nothing; give each some ten runs (--repeat 10),
or better compare live: what drifts on the machine then meets both sides alike. docs/ci.md says how to read a verdict.

Examples:
  Two results, the older one renamed:
    $ mv benchmark_results/run_20260131_120000 benchmark_results/baseline
    $ coordinator compare benchmark_results/baseline benchmark_results/run_20260131_121500
  The same for a pull request, failing where throughput or p99 are worse by more than 10 %:
    $ coordinator compare baseline candidate --format markdown --out comment.md --fail-on-regression 10%
  Live, ten pairs of runs in turns on one Redis, after six of the baseline against itself:
    $ coordinator compare --baseline before.yaml --candidate after.yaml --pairs 10
  What it came to, again:
    $ coordinator compare benchmark_results/run_20260131_123000

Exit codes: 0 compared · 2 bad input, or results that are not alike · 3 invalid runs · 4 aborted · 5 agents missing
            6 a regression · 7 not delivered · 130 second interrupt
`;

async function compare(
	command: Command,
	baseline: string | undefined,
	candidate: string | undefined,
	flags: CompareFlags,
): Promise<number> {
	const problems: Problem[] = [];
	const presentation = readPresentation(flags, problems);
	if (flags.baseline !== undefined || flags.candidate !== undefined) {
		if (baseline !== undefined) {
			problems.push({ where: "--baseline", message: "expected two folders or two plans, not both" });
		}
		return compareLive(readLiveRequest(command, presentation, problems));
	}
	for (const flag of LIVE_FLAGS.filter((name) => command.getOptionValueSource(name.property) === "cli")) {
		problems.push({ where: flag.flag, message: "expected with --baseline and --candidate, to compare live" });
	}
	if (baseline === undefined) {
		problems.push({ where: "compare", message: "expected two folders, or --baseline PLAN and --candidate PLAN" });
	}
	if (problems.length > 0 || baseline === undefined) return refuse(command, problems);
	const comparison =
		candidate === undefined
			? await again(baseline, presentation)
			: compareResults(await side(baseline), await side(candidate));
	return conclude(comparison, presentation, flags.out);
}

function readPresentation(flags: CompareFlags, problems: Problem[]): Presentation {
	const { format, allowUnlike, allowInvalid, failOnRegression: text } = flags;
	if (text === undefined) return { format, allowUnlike, allowInvalid, limits: undefined };
	const limits = parseLimits(text);
	if (!limits.ok) problems.push({ where: "--fail-on-regression", message: `${limits.expected}, ${found(text)}` });
	return { format, allowUnlike, allowInvalid, limits: limits.ok ? { text, byMetric: limits.value } : undefined };
}

async function side(dir: string) {
	return { label: dir, report: (await judgeFolder(dir)).report };
}

async function again(dir: string, { allowInvalid }: Presentation): Promise<Comparison> {
	const whole = await side(dir);
	return compareInterleaved(whole, await readDesign(dir), allowInvalid);
}

/** Shows a comparison, unless it must not be made. @returns the exit code */
async function conclude(comparison: Comparison, presentation: Presentation, out: string | undefined): Promise<number> {
	const refused = comparison.design === null ? refusal(comparison, presentation) : undefined;
	if (refused !== undefined) return refused;
	const judged = withRegressions(comparison, presentation);
	const text = render(judged, presentation.format);
	const exitCode = exitCodeOf(judged, presentation);
	if (out === undefined) {
		await print(text);
		return exitCode;
	}
	try {
		await writeFile(out, text);
		return exitCode;
	} catch (error) {
		process.stderr.write(`coordinator: cannot write ${out}: ${reasonOf(error)}; the comparison follows on stdout\n`);
		await print(text);
		return EXIT_NOT_DELIVERED;
	}
}

/** Tells every reason why two results must not be compared. @returns the exit code; undefined where there is none */
function refusal({ obstacles }: Comparison, { allowUnlike, allowInvalid }: Presentation): number | undefined {
	const invalid = allowInvalid ? [] : obstacles.filter(({ kind }) => kind === "invalid");
	const unlike = allowUnlike ? [] : obstacles.filter(({ kind }) => kind !== "invalid");
	if (invalid.length + unlike.length === 0) return undefined;
	process.stderr.write([...unlike, ...invalid].map(({ sentence }) => `coordinator compare: ${sentence}\n`).join(""));
	const flags = [...(unlike.length > 0 ? ["--allow-unlike"] : []), ...(invalid.length > 0 ? ["--allow-invalid"] : [])];
	process.stderr.write(`Not compared. To compare them all the same: ${flags.join(" ")}\n`);
	return unlike.length > 0 ? EXIT_BAD_INPUT : EXIT_NOT_VALID;
}
