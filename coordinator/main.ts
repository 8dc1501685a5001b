#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { VERSION } from "../proto/version.js";

const EXIT_BAD_INPUT = 2;

// Who reads no further, as `| head` does, ends no run.
for (const stream of [process.stdout, process.stderr]) {
	stream.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
	});
}

const program = new Command("coordinator")
	.description("Spool Bench: load generation for Redis-backed task queues, with numbers that hold.")
	.version(VERSION)
	.exitOverride()
	.addHelpText(
		"after",
		`
Examples:
  coordinator run --type quick                    a first look, on a private Redis
  coordinator run --type scalability --agents 8   1 to 16 workers over 8 processes
  coordinator suite                               all benchmarks, one report
  coordinator report benchmark_results/run_…      render a result again
  coordinator compare before/ after/              did the change help?
  coordinator watch --nats nats://host:4222       look at a run that goes on elsewhere
  coordinator selftest                            does it measure rightly here?
  coordinator certs --host bench.internal         certificates for agents on other machines

Exit codes: 0 valid · 2 bad input · 3 completed but not valid · 4 aborted
            5 agents missing · 6 a threshold failed, or a regression
            7 report not delivered · 130 second interrupt`,
	);
/** A command loads what it needs; what the others need would take longer than many of them run. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
	run: async () => (await import("./commands/run.js")).runCommand(),
	suite: async () => (await import("./commands/suite.js")).suiteCommand(),
	report: async () => (await import("./commands/report.js")).reportCommand(),
	export: async () => (await import("./commands/export.js")).exportCommand(),
	compare: async () => (await import("./commands/compare.js")).compareCommand(),
	profile: async () => (await import("./commands/profile.js")).profileCommand(),
	watch: async () => (await import("./commands/watch.js")).watchCommand(),
	selftest: async () => (await import("./commands/selftest.js")).selftestCommand(),
	validate: async () => (await import("./commands/validate.js")).validateCommand(),
	certs: async () => (await import("./commands/certs.js")).certsCommand(),
};

const [asked = ""] = process.argv.slice(2);
for (const name of Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS)) {
	const command = await COMMANDS[name]?.();
	if (command) program.addCommand(command.exitOverride());
}

try {
	await program.parseAsync();
} catch (error) {
	if (!(error instanceof CommanderError)) throw error;
	process.exitCode = error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
}
