import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatProblem } from "../plan/problem.js";
import { flagName, SETTING_KEYS } from "../plan/settings.js";
import { addRunOptions, readRunFlags, readRunInput } from "./options.js";

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "spool-bench-options-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** @returns the parsed command, and what commander told on stderr */
function parse(args: readonly string[]): { command: Command; told: string } {
	let told = "";
	const command = addRunOptions(new Command("run"))
		.exitOverride()
		.configureOutput({ writeErr: (text) => (told += text), writeOut: (text) => (told += text) });
	try {
		command.parse(args, { from: "user" });
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
	}
	return { command, told };
}

function inputOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
	const { command, told } = parse(args);
	expect(told).toBe("");
	return readRunInput(command, environment);
}

function problemsOf(args: readonly string[], environment?: NodeJS.ProcessEnv): string[] {
	const input = inputOf(args, environment);
	return input.ok ? [] : input.problems.map(formatProblem);
}

describe("flags", () => {
	test("every setting has one", () => {
		const { command } = parse([]);
		const flags = command.options.map((option) => option.long);
		for (const key of SETTING_KEYS) expect(flags).toContain(flagName(key));
	});

	test("only what was typed counts, the last of two", () => {
		expect(readRunFlags(parse([]).command)).toEqual({});
		const { command } = parse(["--workers", "1", "--workers=2", "--purge", "--in-flight", "9", "--quiet"]);
		expect(readRunFlags(command)).toEqual({ workers: "2", purge: "true", inFlight: "9" });
	});

	test("an unknown flag is refused with what was meant", () => {
		expect(parse(["--worker", "4"]).told).toContain("(Did you mean --workers?)");
		expect(parse(["quick"]).told).toContain("too many arguments");
	});
});

describe("help", () => {
	const help = parse(["--help"]).told;

	test("fits 100 columns and groups the flags", () => {
		expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
		for (const heading of ["What to run:", "Load:", "Workers:", "Tasks:", "Redis:", "Execution:", "Examples:"]) {
			expect(help.split("\n")).toContain(heading);
		}
	});

	test("its examples are right", () => {
		writeFileSync(join(folder, "plan.yaml"), "type: quick\n");
		const examples = [...help.replaceAll("\\\n", " ").matchAll(/^ +\$ coordinator run (.*)$/gm)].map(
			([, line = ""]) => line,
		);
		expect(examples).toHaveLength(10);
		for (const example of examples) {
			const typed = example.replace("plan.yaml", join(folder, "plan.yaml"));
			const args = [...typed.matchAll(/'([^']*)'|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
			expect(problemsOf(args)).toEqual([]);
		}
	});
});

describe("execution", () => {
	test("defaults", () => {
		expect(inputOf([])).toMatchObject({
			ok: true,
			execution: {
				out: undefined,
				listen: undefined,
				tokenFile: undefined,
				insecure: false,
				joinTimeoutMs: 60_000,
				logLevel: "info",
				quiet: false,
			},
		});
	});

	const wanted = {
		out: "results",
		listen: { host: "::1", port: 0 },
		tokenFile: "join.token",
		insecure: true,
		joinTimeoutMs: 5_000,
		logLevel: "warn",
		quiet: true,
	};

	test("by flag", () => {
		const args =
			"--out results --listen [::1]:0 --token-file join.token --insecure --join-timeout 5s --log-level warn --quiet";
		expect(inputOf(args.split(" "))).toMatchObject({ ok: true, execution: wanted });
	});

	test("by environment, which a flag overrides", () => {
		const environment = {
			SPOOLBENCH_OUT: "results",
			SPOOLBENCH_LISTEN: "[::1]:0",
			SPOOLBENCH_TOKEN_FILE: "join.token",
			SPOOLBENCH_INSECURE: "true",
			SPOOLBENCH_JOIN_TIMEOUT: "5s",
			SPOOLBENCH_LOG_LEVEL: "warn",
			SPOOLBENCH_QUIET: "true",
		};
		expect(inputOf([], environment)).toMatchObject({ ok: true, execution: wanted });
		expect(inputOf(["--out", "mine"], environment)).toMatchObject({ execution: { ...wanted, out: "mine" } });
	});

	test.each<[string, string[]]>([
		[
			"--listen 7070 --token-file t",
			['--listen: expected a host and a port such as 127.0.0.1:7070 or [::1]:7070, got "7070"'],
		],
		["--join-timeout 0", ['--join-timeout: expected a duration above 0 and of at most 24h, got "0"']],
		["--join-timeout 60", ['--join-timeout: expected a duration such as 10ms, 30s or 1m30s, got "60"']],
		["--log-level loud", ['--log-level: expected one of trace, debug, info, warn, error, silent, got "loud"']],
		["--out=", ["--out: expected a path, got nothing"]],
		[
			"--listen 127.0.0.1:0",
			["--listen: the agents that join need a token: give --token-file, or set SPOOLBENCH_JOIN_TOKEN"],
		],
		[
			"--listen 0.0.0.0:7070 --token-file t --redis redis://h",
			[expect.stringMatching(/^--listen: 0\.0\.0\.0:7070 can be reached from other machines, .*--insecure/)],
		],
		[
			"--listen 0.0.0.0:7070 --token-file t --insecure",
			["--redis: expected the URL of a Redis that agents on other hosts can reach, got nothing"],
		],
	])("%s is refused", (args, problems) => {
		expect(problemsOf(args.split(" "))).toEqual(problems);
	});

	test("variables are named as variables", () => {
		expect(problemsOf([], { SPOOLBENCH_LOG_LEVEL: "loud", SPOOLBENCH_QUIET: "1" })).toEqual([
			'SPOOLBENCH_LOG_LEVEL: expected one of trace, debug, info, warn, error, silent, got "loud"',
			'SPOOLBENCH_QUIET: expected true or false, got "1"',
		]);
	});
});

describe("plan files", () => {
	test("are read, by flag or environment", () => {
		const path = join(folder, "mine.yaml");
		writeFileSync(path, "\uFEFFname: mine\r\nworkers: 3\r\n");
		expect(inputOf(["--plan", path])).toMatchObject({ plan: { name: "mine" }, origins: { workers: `${path}:2:1` } });
		expect(inputOf(["--workers", "5"], { SPOOLBENCH_PLAN: path })).toMatchObject({ plan: { runs: [{ workers: 5 }] } });
	});

	test("that cannot be read are a problem beside the others", () => {
		const missing = join(folder, "missing.yaml");
		expect(problemsOf(["--plan", missing, "--workers", "x", "--join-timeout", "x"])).toEqual([
			expect.stringMatching(/^--join-timeout: /),
			`--plan: cannot read ${missing}: there is no such file`,
			expect.stringMatching(/^--workers: /),
		]);
		expect(problemsOf(["--plan", folder])).toEqual([`--plan: cannot read ${folder}: it is a folder`]);
	});

	test("of more than 1 MB are none", () => {
		const path = join(folder, "large.yaml");
		writeFileSync(path, `# ${"x".repeat(1_048_576)}`);
		expect(problemsOf(["--plan", path])).toEqual([`--plan: ${path} is no plan: it is larger than 1 MB`]);
	});
});
