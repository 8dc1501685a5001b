import { Command } from "commander";
import { conduct, refuse } from "../conduct.js";
import { deliver } from "../deliver.js";
import { LiveView } from "../liveView.js";
import { makeLog } from "../log.js";
import type { Plan } from "../plan/plan.js";
import { preflight, type ResultFolder } from "../results/folder.js";
import { addRunOptions, type ExecutionFlags, readRunRequest } from "./options.js";

/** `coordinator run`: executes a plan and reports. Sets the process's exit code. */
export function runCommand(): Command {
	return addRunOptions(new Command("run"))
		.description("run a benchmark and report")
		.action(async (_flags: unknown, command: Command) => {
			const request = readRunRequest(command);
			process.exitCode = await run(request.plan, request.execution);
		});
}

async function run(plan: Plan, flags: ExecutionFlags): Promise<number> {
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
		conclude: (record, profiles) => deliver(record, plan.name, folder, view.lines, profiles),
		nothing: () => folder.removeIfEmpty(),
	});
}
