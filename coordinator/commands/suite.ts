import { isatty } from "node:tty";
import { Command } from "commander";
import { hidePasswords } from "../../proto/redisUrl.js";
import { EXIT_NOT_DELIVERED } from "../deliver.js";
import { formatClock, shorten } from "../report/format.js";
import { preflight, ResultFolderError } from "../results/folder.js";
import { type Part, suiteParts } from "../suite/parts.js";
import { runSuite } from "../suite/suite.js";
import { suiteVerdict } from "../suite/suiteReport.js";

const EXIT_SECOND_INTERRUPT = 130;

interface Flags {
	readonly quick: boolean;
	readonly out?: string;
}

/** `coordinator suite`: every benchmark, one after another, into one folder. Sets the process's exit code. */
export function suiteCommand(): Command {
	return new Command("suite")
		.description("run all benchmarks, with one report for all")
		.usage("[--quick] [--out DIR] [FLAG of run…]")
		.option("--quick", "Fewer tasks and benchmarks: to see that all works, not to compare.", false)
		.option("--out <DIR>", "Folder of the results. Default: benchmark_results/run_YYYYMMDD_HHMMSS.")
		.allowUnknownOption()
		.allowExcessArguments()
		.configureHelp({ helpWidth: 100 })
		.addHelpText("after", EPILOGUE)
		.action(async (flags: Flags, command: Command) => {
			process.exitCode = await suite(flags, command.args);
		});
}

const EPILOGUE = `
Parts: quick, scalability, bench (component benchmarks), profiled. All other flags go to each coordinator run.
A part that fails loses the others nothing; bad input (exit 2) and an interrupt end the suite.

Exit codes: 0 all parts valid · 2 bad input · 3 a part is not valid · 4 interrupted · 5 agents missing
            6 a threshold failed · 7 report not delivered · 1 a part failed in another way · 130 second interrupt

Examples:
  coordinator suite                                     all, in under three minutes
  coordinator suite --quick                             in half a minute
  coordinator suite --redis redis://127.0.0.1:6379 --agents 2`;

async function suite(flags: Flags, runFlags: readonly string[]): Promise<number> {
	const interrupt = new AbortController();
	const onSignal = (signal: NodeJS.Signals) => {
		if (interrupt.signal.aborted) process.exit(EXIT_SECOND_INTERRUPT);
		interrupt.abort(signal);
	};
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);
	try {
		const startedAt = new Date();
		const folder = await preflight({ out: flags.out, startedAt, workingFolder: process.cwd() });
		const parts = suiteParts(folder.path, runFlags, flags.quick);
		const progress = new Progress(parts);
		const report = await runSuite({
			parts,
			folder,
			command: hidePasswords(["coordinator suite", ...process.argv.slice(3)].join(" ")),
			quick: flags.quick,
			interrupt: interrupt.signal,
			onPart: (part, index) => progress.begin(part, index),
			onProgress: (line) => progress.tell(line),
			onResult: (text) => progress.aside(() => process.stdout.write(text)),
		});
		progress.aside(() =>
			process.stdout.write(
				`\n  ${suiteVerdict(report)}  suite\n\n  files       ${folder.path}/ (SUMMARY.md, report.html, …)\n\n`,
			),
		);
		return report.exitCode;
	} catch (error) {
		if (!(error instanceof ResultFolderError)) throw error;
		process.stderr.write(`coordinator: ${error.message}\n`);
		return EXIT_NOT_DELIVERED;
	} finally {
		process.off("SIGINT", onSignal);
		process.off("SIGTERM", onSignal);
	}
}

/** Which part runs and what is left, on stderr: in one line where that is a terminal, else as it comes. */
class Progress {
	readonly #inPlace = isatty(process.stderr.fd);
	#part = "";
	#line = "";
	#index = 0;
	#partBeganMs = 0;

	constructor(private readonly parts: readonly Part[]) {}

	begin({ name, title }: Part, index: number): void {
		this.#index = index;
		this.#partBeganMs = performance.now();
		this.#part = `${index + 1}/${this.parts.length} ${name}`;
		this.aside(() =>
			process.stderr.write(`suite: ${this.#part} (${title}), about ${formatClock(this.#leftMs())} left in all\n`),
		);
	}

	tell(line: string): void {
		if (!this.#inPlace) {
			process.stderr.write(`${line}\n`);
			return;
		}
		// Log lines, which are in the part's log.
		if (line.startsWith("{")) return;
		this.#line = shorten(
			`${this.#part}, ~${formatClock(this.#leftMs())} left · ${line}`,
			(process.stderr.columns ?? 80) - 1,
		);
		process.stderr.write(`\r\u001b[2K${this.#line}`);
	}

	/** Writes something else where the line stands. */
	aside(write: () => void): void {
		if (this.#line !== "") process.stderr.write("\r\u001b[2K");
		this.#line = "";
		write();
	}

	#leftMs(): number {
		const spentSeconds = (performance.now() - this.#partBeganMs) / 1_000;
		const left = this.parts.slice(this.#index).reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0);
		const ofThis = Math.min(spentSeconds, this.parts[this.#index]?.expectedSeconds ?? 0);
		return (left - ofThis) * 1_000;
	}
}
