import { Command } from "commander";
import { describePlan } from "../plan/describe.js";
import { addRunOptions, readRunInput, refuse } from "./options.js";

/** `coordinator validate`: prints the resolved plan, where each value came from, and the agents' shares. Starts nothing. */
export function validateCommand(): Command {
	return addRunOptions(new Command("validate"))
		.description("show what a plan comes to, and start nothing")
		.action((_flags: unknown, command: Command) => {
			const input = readRunInput(command, process.env);
			if (!input.ok) return refuse(command, input.problems);
			process.stdout.write(describePlan(input.plan, input.origins));
		});
}
