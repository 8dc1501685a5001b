import { randomInt } from "node:crypto";
import { Command, CommanderError, Option } from "commander";
import { hidePasswords, redisUrlFault } from "../../proto/redisUrl.js";
import { type Cluster, openCluster } from "../cluster.js";
import { coloursFor } from "../colours.js";
import { EXIT_ABORTED, EXIT_NOT_VALID, EXIT_THRESHOLDS_FAILED, EXIT_VALID } from "../deliver.js";
import { makeLog } from "../log.js";
import { Experimenter, FLEET_SIZE, InterruptedError } from "../selftest/experiment.js";
import { ROWS, type Row, runSelfTest, SABOTAGES, type SabotageName } from "../selftest/selftest.js";
import { type RowResult, renderOutcome, renderRow, verdictOfRow } from "../selftest/table.js";
import { StartError } from "../startFailure.js";
import { LOG_LEVELS } from "./optionsExecution.js";

const EXIT_BAD_INPUT = 2;
const EXIT_SECOND_INTERRUPT = 130;
const MOST_SEED = 2 ** 32 - 1;

interface Flags {
	readonly redis?: string;
	readonly keyPrefix: string;
	readonly only?: readonly Row[];
	readonly sabotage?: SabotageName;
	readonly seed?: number;
	readonly logLevel: string;
}

/** `coordinator selftest`: whether the instrument measures rightly on this machine. Sets the process's exit code. */
export function selftestCommand(): Command {
	return new Command("selftest")
		.description("check on this machine, in under a minute, that what is measured is right")
		.addOption(
			new Option("--redis <URL>", "Redis to test on. Default: a private one that ends with the self-test.")
				.env("SPOOLBENCH_REDIS")
				.argParser(url),
		)
		.addOption(new Option("--key-prefix <TEXT>", "What its keys begin with.").default("spool-selftest:"))
		.addOption(new Option("--only <ROW,…>", `Some rows alone: ${ROWS.join(", ")}.`).argParser(rowsOf))
		.addOption(
			new Option("--sabotage <WHAT>", "Make the instrument wrong on purpose: the self-test must fail.").choices(
				Object.keys(SABOTAGES),
			),
		)
		.addOption(new Option("--seed <N>", "Draws the arrivals and the simulations. Default: a new one.").argParser(seed))
		.addOption(new Option("--log-level <LEVEL>", "What to log, on stderr.").choices(LOG_LEVELS).default("error"))
		.allowExcessArguments(false)
		.configureHelp({ helpWidth: 100 })
		.addHelpText("after", EPILOGUE)
		.action(async (flags: Flags) => {
			process.exitCode = await selftest(flags);
		});
}

const EPILOGUE = `
Rows: queueing    three M/M/c queues beside Erlang's formulas
      omission    a generator that stands still, and what that does to response times
      merge       percentiles of two agents together
      ledger      tasks lost and done twice, found and counted
      clocks      Redis's clock beside this machine's

Each line has what theory says, what was measured, and what a run as short as this allows.

Exit codes: 0 passed · 2 bad input · 3 inconclusive: the machine was too busy to tell · 4 interrupted
            5 agents missing · 6 failed: the instrument measures wrongly

Examples:
  coordinator selftest                                 all of it, on a private Redis
  coordinator selftest --redis redis://127.0.0.1:6379  on yours, beside what lies there
  coordinator selftest --sabotage sent-time            see it fail, at the row omission
See docs/selftest.md.`;

function url(value: string): string {
	const fault = redisUrlFault(value);
	if (fault !== undefined) throw new CommanderError(2, "spoolbench.badInput", tell(`--redis: ${fault}`));
	return value;
}

function rowsOf(value: string): Row[] {
	return value.split(",").map((name) => {
		const row = ROWS.find((candidate) => candidate === name);
		if (row) return row;
		const message = `--only: expected some of ${ROWS.join(", ")}, got ${JSON.stringify(name)}`;
		throw new CommanderError(2, "spoolbench.badInput", tell(message));
	});
}

function seed(value: string): number {
	const number = Number(value);
	if (/^\d+$/.test(value) && number <= MOST_SEED) return number;
	const message = `--seed: expected a whole number from 0 to ${MOST_SEED}, got ${JSON.stringify(value)}`;
	throw new CommanderError(2, "spoolbench.badInput", tell(message));
}

function tell(message: string): string {
	process.stderr.write(`${message}\n`);
	return message;
}

async function selftest(flags: Flags): Promise<number> {
	const logging = await makeLog(flags.logLevel, (write) => write());
	const interrupt = new AbortController();
	const onSignal = (signal: NodeJS.Signals) => {
		if (interrupt.signal.aborted) process.exit(EXIT_SECOND_INTERRUPT);
		interrupt.abort(signal);
	};
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);
	let cluster: Cluster | undefined;
	try {
		cluster = await openCluster({
			agents: FLEET_SIZE,
			redisUrl: flags.redis ?? process.env.REDIS_URL,
			listen: undefined,
			token: undefined,
			tls: undefined,
			logLevel: flags.logLevel,
			logging,
			agentFlags: ["--allow-faults"],
		});
		return await onCluster(cluster, flags, interrupt.signal, logging.log);
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		process.stderr.write(`coordinator: ${hidePasswords(error.message)}\n`);
		if (error instanceof InterruptedError) return EXIT_ABORTED;
		if (error instanceof StartError) return error.exitCode;
		return cluster ? EXIT_THRESHOLDS_FAILED : EXIT_BAD_INPUT;
	} finally {
		await cluster?.close("the self-test is done");
		process.off("SIGINT", onSignal);
		process.off("SIGTERM", onSignal);
	}
}

type Log = Awaited<ReturnType<typeof makeLog>>["log"];

async function onCluster(cluster: Cluster, flags: Flags, interrupt: AbortSignal, log: Log): Promise<number> {
	const { keyPrefix, sabotage, only = ROWS, seed = randomInt(2 ** 32) } = flags;
	const palette = coloursFor(process.stdout);
	const print = (text: string) => process.stdout.write(`${text}\n`);
	print(`\n  seed ${seed}${sabotage ? `; SABOTAGED: ${sabotage}` : ""}\n`);
	const experimenter = new Experimenter({
		cluster,
		keyPrefix,
		seed,
		sabotage: sabotage ? SABOTAGES[sabotage].faults : {},
		interrupt,
		log,
	});
	const results = await runSelfTest({
		rows: new Set(only),
		sabotage,
		seed,
		experimenter,
		onRow: (result) => print(renderRow(result, palette)),
	});
	// Since this program was started.
	print(`${renderOutcome(results, performance.now() / 1_000, palette)}\n`);
	return exitCodeOf(results);
}

function exitCodeOf(results: readonly RowResult[]): number {
	const verdicts = results.map(verdictOfRow);
	if (verdicts.includes("FAIL")) return EXIT_THRESHOLDS_FAILED;
	return verdicts.includes("INCONCLUSIVE") ? EXIT_NOT_VALID : EXIT_VALID;
}
