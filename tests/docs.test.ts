import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { agentCommand } from "../agent/flags.js";
import { certsCommand } from "../coordinator/commands/certs.js";
import { compareCommand } from "../coordinator/commands/compare.js";
import { exportCommand } from "../coordinator/commands/export.js";
import { readRunInput } from "../coordinator/commands/options.js";
import { profileCommand } from "../coordinator/commands/profile.js";
import { reportCommand } from "../coordinator/commands/report.js";
import { runCommand } from "../coordinator/commands/run.js";
import { selftestCommand } from "../coordinator/commands/selftest.js";
import { suiteCommand } from "../coordinator/commands/suite.js";
import { validateCommand } from "../coordinator/commands/validate.js";
import { watchCommand } from "../coordinator/commands/watch.js";
import { findRedisServer } from "../coordinator/fleet/findRedis.js";
import { startRedis } from "./support/redis.js";
import { ROOT, Sandbox } from "./support/sandbox.js";

const PAGES = [
	"README.md",
	"deploy/README.md",
	...readdirSync(join(ROOT, "docs"))
		.filter((name) => name.endsWith(".md"))
		.map((name) => `docs/${name}`),
];

interface Shown {
	readonly page: string;
	readonly command: string;
}

/** The commands in a page's shell blocks: continued lines as one, comments left out. */
function commandsOf(page: string): Shown[] {
	const text = readFileSync(join(ROOT, page), "utf8");
	return [...text.matchAll(/```(?:sh|bash)\n(.*?)```/gs)].flatMap(([, block = ""]) =>
		block
			.replaceAll("\\\n", " ")
			.split("\n")
			.map((line) => line.replace(/ +#.*$/, "").trim())
			.filter((line) => line !== "" && !line.startsWith("#"))
			.map((command) => ({ page, command })),
	);
}

/** As a shell takes a simple command apart, up to where its output goes. */
function wordsOf(command: string): string[] {
	const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
	const end = words.findIndex((word) => /^(\d?>>?|\||\|\||&&|&)$/.test(word));
	return end < 0 ? words : words.slice(0, end);
}

const shown = PAGES.flatMap(commandsOf);
const COMMANDS: Readonly<Record<string, () => Command>> = {
	certs: certsCommand,
	compare: compareCommand,
	export: exportCommand,
	profile: profileCommand,
	report: reportCommand,
	run: runCommand,
	selftest: selftestCommand,
	suite: suiteCommand,
	validate: validateCommand,
	watch: watchCommand,
};

/** Flags of a command that it does not have. The suite hands those of `run` on. */
function unknownFlags(program: string, words: readonly string[]): string[] {
	const [name = ""] = words;
	const made = program === "agent" ? agentCommand() : COMMANDS[name]?.();
	if (!made) return [`no command ${name}`];
	const commands = [made, ...made.commands, ...(name === "suite" ? [runCommand()] : [])];
	const known = new Set(commands.flatMap(({ options }) => options.map(({ long }) => long)));
	return words.flatMap((word) => /^--[a-z-]+/.exec(word) ?? []).filter((flag) => flag !== "--help" && !known.has(flag));
}

describe("every command that a page shows", () => {
	const ours = shown.flatMap(({ page, command }) => {
		const [, program = "", rest] = /^(?:npx )?(coordinator|agent) (.*)$/.exec(command) ?? [];
		return rest === undefined ? [] : [{ page, command, program, words: wordsOf(rest) }];
	});

	test("has flags that there are", () => {
		expect(ours.length).toBeGreaterThan(50);
		const wrong = ours.map(({ page, command, program, words }) => [unknownFlags(program, words), page, command]);
		expect(wrong.filter(([flags]) => flags?.length !== 0)).toEqual([]);
	});

	test("is a plan that is accepted, where it runs one", () => {
		const plans = ours.filter(
			({ program, words }) =>
				program === "coordinator" && /^(run|validate)$/.test(words[0] ?? "") && !words.includes("…"),
		);
		expect(plans.length).toBeGreaterThan(25);
		const refused = plans.flatMap(({ page, command, words }) => {
			const [name = "", ...flags] = words;
			const made = COMMANDS[name]?.().action(() => {});
			made?.parse(flags.map(onThisMachine), { from: "user" });
			// What a reader has made beforehand: a plan, a token, certificates.
			const input = made && readRunInput(made, { REDIS_URL: "redis://127.0.0.1", SPOOLBENCH_JOIN_TOKEN: "x" });
			return input?.ok ? [] : [{ page, command, problems: input?.problems }];
		});
		expect(refused).toEqual([]);
	});
});

/** Files that a page makes before it uses them. */
function onThisMachine(word: string): string {
	if (/\.ya?ml$/.test(word)) return join(ROOT, "tests/support/plan.yaml");
	return word.replace("$REDIS_URL", "redis://127.0.0.1");
}

test("a link leads to a page that there is, and to a heading in it", () => {
	const broken = PAGES.flatMap((page) => {
		const text = readFileSync(join(ROOT, page), "utf8");
		const links = [...text.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)].filter(([, to = ""]) => !/^https?:/.test(to));
		return links.flatMap(([, to = "", anchor]) => {
			const target = to === "" ? join(ROOT, page) : join(ROOT, page, "..", to);
			try {
				const found = anchor === undefined || headings(readFileSync(target, "utf8")).includes(anchor);
				return found ? [] : [`${page}: ${to}#${anchor}`];
			} catch (error) {
				return (error as NodeJS.ErrnoException).code === "EISDIR" ? [] : [`${page}: ${to}`];
			}
		});
	});
	expect(broken).toEqual([]);
});

/** Headings as GitHub makes anchors of them. */
function headings(text: string): string[] {
	return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
		title
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N} _-]/gu, "")
			.replaceAll(" ", "-"),
	);
}

test("troubleshooting has every reason of a verdict", () => {
	const folder = join(ROOT, "coordinator/analysis");
	const codes = readdirSync(folder)
		.filter((name) => /^(check.*|verdict)\.ts$/.test(name) && !name.includes("test"))
		.flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/\bcode: "([a-z-]+)"/g)])
		.map(([, code]) => code);
	const page = readFileSync(join(ROOT, "docs/troubleshooting.md"), "utf8");
	expect(codes.length).toBeGreaterThan(25);
	expect([...new Set(codes)].filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

/** Set-up, the suite, the self-test, live comparisons and shapes of open loops have tests of their own, and take minutes. */
const ELSEWHERE =
	/^\.\/scripts\/benchmark\.sh|coordinator selftest|compare --baseline|^npm run|--arrivals|--rate ramp|--rate 500,/;

/** The same with fewer tasks: the last of two flags holds. */
function shortened(command: string): string {
	if (!/coordinator run/.test(command)) return command;
	const agents = command.includes("--agents") ? " --agents 2" : "";
	if (/--rate|--duration/.test(command)) return `${command} --duration 1s --warmup 0s${agents} --drain-timeout 10s`;
	if (command.includes("--repeat")) return `${command} --tasks 20 --workers 1,2 --repeat 1`;
	const sweep = /scalability|\d,\d|classic,fused/.test(command) ? 20 : 100;
	return `${command} --tasks ${sweep}${agents}`;
}

test("the quick reference runs, from its first line to its last", async () => {
	const server = await startRedis();
	const checkout = new Sandbox();
	checkout.write("package.json", '{ "private": true }');
	checkout.write("before.yaml", "tasks: 40\nworkers: 2\npollInterval: 0\n");
	checkout.write("after.yaml", "tasks: 40\nworkers: 2\npollInterval: 0\nengine: fused\n");
	mkdirSync(checkout.at("node_modules/.bin"), { recursive: true });
	symlinkSync(join(ROOT, "dist/coordinator/main.js"), checkout.at("node_modules/.bin/coordinator"));
	const commands = commandsOf("docs/quick-reference.md").filter(({ command }) => !ELSEWHERE.test(command));
	expect(commands.length).toBeGreaterThan(18);
	// How good the figures are depends on how busy the machine is: 3 is as good as 0 here, also to compare.
	const script = commands.map(({ command }) => {
		const call = shortened(command).replace("npx coordinator", "node_modules/.bin/coordinator");
		const also = command.includes("compare before") ? " --allow-invalid" : "";
		return `echo ">>> ${command.replaceAll(/["'$]/g, "")}"; ${call}${also} < /dev/null || [ $? = 3 ]`;
	});
	try {
		const { code, stdout, stderr } = await checkout.run("bash", ["-euc", script.join("\n")], {
			REDIS_URL: server.url,
			SPOOLBENCH_QUIET: "true",
			SPOOLBENCH_LOG_LEVEL: "warn",
			SPOOLBENCH_REDIS_SERVER: findRedisServer(process.env),
		});
		expect({ code, last: stdout.split(">>> ").at(-1)?.slice(0, 1_000), stderr }).toMatchObject({ code: 0 });
	} finally {
		await server.stop();
	}
}, 240_000);
