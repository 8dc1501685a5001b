import { Command, Option } from "commander";
import { conduct, refuse } from "../conduct.js";
import { deliver, type Handover } from "../deliver.js";
import { LiveView } from "../liveView.js";
import { makeLog } from "../log.js";
import type { Plan } from "../plan/plan.js";
import { preflight, type ResultFolder } from "../results/folder.js";
import { addRunOptions, type ExecutionFlags, readRunRequest } from "./options.js";

const HANDING_OVER = "Handing over:";

/** `coordinator run`: executes a plan and reports. Sets the process's exit code. */
export function runCommand(): Command {
	return addRunOptions(new Command("run"))
		.description("run a benchmark and report")
		.addOption(
			new Option("--print-record", "Print result.pb.gz on stdout too, as base64, for where only the log is kept.")
				.env("SPOOLBENCH_PRINT_RECORD")
				.helpGroup(HANDING_OVER),
		)
		.addOption(
			new Option("--termination-log <FILE>", "Write the verdict there in a line of JSON, for Kubernetes.")
				.env("SPOOLBENCH_TERMINATION_LOG")
				.helpGroup(HANDING_OVER),
		)
		.action(async ({ terminationLog, printRecord = false }: Partial<Handover>, command: Command) => {
			const request = readRunRequest(command);
			process.exitCode = await run(request.plan, request.execution, { terminationLog, printRecord });
		});
}

async function run(plan: Plan, flags: ExecutionFlags, handover: Handover): Promise<number> {
	const startedAt = new Date();
	const view = new LiveView(plan.runs.length, flags.quiet);
	const logging = await makeLog(flags.logLevel, (write) => view.aside(write));
	let folder: ResultFolder;
	try {
		folder = await preflight({ out: flags.out, startedAt, workingFolder: process.cwd() });
	} catch (error) {
		return refuse(error);
	}
	return conduct({
		plan,
		flags,
		view,
		logging,
		startedAt,
		conclude: (record, profiles) => deliver(record, plan.name, folder, view.lines, profiles, handover),
		nothing: () => folder.removeIfEmpty(),
	});
}
