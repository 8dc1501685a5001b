import { Command, Option } from "commander";
import { natsUrlFault } from "../../proto/natsUrl.js";
import { executionOf } from "../../proto/telemetrySubjects.js";
import { found, type Problem } from "../plan/problem.js";
import { parseDuration } from "../plan/quantities.js";
import { type WatchOptions, watch } from "../watch.js";
import { WatchError } from "../watchFeed.js";
import { refuse } from "./options.js";

const EXIT_ABORTED = 4;
const EXIT_SECOND_INTERRUPT = 130;

interface WatchFlags {
	readonly nats?: string;
	readonly run?: string;
	readonly wait?: string;
}

/** `coordinator watch`: the live view of a run that goes on elsewhere. Sets the process's exit code. */
export function watchCommand(): Command {
	return new Command("watch")
		.description("show the live view of a run that goes on elsewhere, over NATS")
		.addOption(
			new Option(
				"--nats <URL>",
				"The server that the run publishes to with --nats (required); with a password rather in SPOOLBENCH_NATS.",
			).env("SPOOLBENCH_NATS"),
		)
		.addOption(new Option("--run <ID>", "The plan to follow, by the ID in its logs. Default: the only one there is."))
		.addOption(new Option("--wait <TIME>", "How long to wait for it to appear, such as 30s. Default: for ever."))
		.allowExcessArguments(false)
		.addHelpText(
			"after",
			`
Joins late or early, and any number may watch. Ends with the plan. See docs/watch.md.

Exit codes: 0 the plan is over, however it ended · 2 bad input, or NATS cannot be reached or heard
            4 interrupted · 5 no run was heard, or its coordinator fell silent

Examples:
  coordinator run --type scalability --nats nats://127.0.0.1:4222
  coordinator watch --nats nats://127.0.0.1:4222
  SPOOLBENCH_NATS='tls://onlooker:secret@nats.internal?ca=/etc/nats/ca.crt' coordinator watch --run 0a1b2c3d`,
		)
		.action(async (flags: WatchFlags, command: Command) => {
			process.exitCode = await run(readFlags(command, flags));
		});
}

type Request = Pick<WatchOptions, "url" | "execution" | "waitMs">;

function readFlags(command: Command, { nats, run, wait }: WatchFlags): Request {
	const problems: Problem[] = [];
	const flag = command.getOptionValueSource("nats") === "env" ? "SPOOLBENCH_NATS" : "--nats";
	const natsFault = natsUrlFault(nats ?? "");
	if (natsFault !== undefined) problems.push({ where: flag, message: `${natsFault}, ${found(nats)}` });
	const execution = run === undefined ? undefined : executionOf(run);
	if (run !== undefined && execution === undefined)
		problems.push({ where: "--run", message: `expected a run's ID such as 0a1b2c3d, ${found(run)}` });
	const duration = wait === undefined ? undefined : parseDuration(wait);
	if (duration && !duration.ok) problems.push({ where: "--wait", message: `${duration.expected}, ${found(wait)}` });
	if (problems.length > 0) refuse(command, problems);
	return { url: nats ?? "", execution, waitMs: duration?.ok ? duration.value : undefined };
}

async function run(request: Request): Promise<number> {
	const interrupt = new AbortController();
	const onSignal = (signal: NodeJS.Signals) => {
		if (interrupt.signal.aborted) process.exit(EXIT_SECOND_INTERRUPT);
		interrupt.abort(signal);
	};
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);
	const say = (line: string) => void process.stderr.write(`${line}\n`);
	try {
		await watch({ ...request, interrupt: interrupt.signal, say });
		return 0;
	} catch (error) {
		if (interrupt.signal.aborted) return EXIT_ABORTED;
		if (!(error instanceof WatchError)) throw error;
		say(`coordinator watch: ${error.message}`);
		return error.exitCode;
	} finally {
		process.off("SIGINT", onSignal);
		process.off("SIGTERM", onSignal);
	}
}
