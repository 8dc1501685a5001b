import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { Sandbox } from "./support/sandbox.js";

/** Stands for the coordinator: prints its arguments and ends with the code that belongs to its type. */
const COORDINATOR = `
const type = process.argv[2] === "suite" ? "suite" : process.argv[process.argv.indexOf("--type") + 1];
if (type === "wait") {
	process.on("SIGTERM", () => process.exit(4));
	setInterval(() => {}, 1_000);
} else process.exitCode = Number(process.env["CODE_" + type] ?? 0);
console.log(process.argv.slice(2).join(" "));
`;

function benchmarks(): Sandbox {
	const sandbox = new Sandbox();
	sandbox.writeProgram("scripts/setup.sh", '#!/bin/sh\necho "setup $*"\n');
	sandbox.write("dist/coordinator/main.js", COORDINATOR);
	return sandbox;
}

test.each([
	{ args: ["quick"], lines: ["setup ", "run --type quick"] },
	{ args: ["quick", "--agents", "8"], lines: ["setup ", "run --type quick --agents 8"] },
	{ args: ["quick", "--redis", "redis://h"], lines: ["setup --no-redis", "run --type quick --redis redis://h"] },
	{ args: ["quick", "--redis=redis://h"], lines: ["setup --no-redis", "run --type quick --redis=redis://h"] },
	{ args: ["quick"], env: { REDIS_URL: "redis://h" }, lines: ["setup --no-redis", "run --type quick"] },
	{ args: ["quick"], env: { CODE_quick: "5" }, lines: ["setup ", "run --type quick"], code: 5 },
	{ args: [], lines: ["setup ", "suite"] },
	{ args: ["--quick", "--agents", "2"], lines: ["setup ", "suite --quick --agents 2"] },
	{ args: ["--redis", "redis://h"], lines: ["setup --no-redis", "suite --redis redis://h"] },
	{ args: [], env: { CODE_suite: "6" }, lines: ["setup ", "suite"], code: 6 },
])("benchmark.sh $args $env", async ({ args, env, lines, code = 0 }) => {
	const result = await benchmarks().run("scripts/benchmark.sh", args, env);
	expect(
		result.stdout
			.trimEnd()
			.split("\n")
			.map((line) => line.trimEnd()),
	).toEqual(lines.map((line) => line.trimEnd()));
	expect(result.code).toBe(code);
});

test("benchmark.sh --help", async () => {
	const { code, stdout } = await benchmarks().run("scripts/benchmark.sh", ["--help"]);
	expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("Usage: scripts/benchmark.sh") });
	expect(stdout).not.toContain("setup");
});

test("benchmark.sh passes SIGTERM on", async () => {
	const sandbox = benchmarks();
	const child = spawn("scripts/benchmark.sh", ["wait"], { cwd: sandbox.folder, stdio: ["ignore", "pipe", "inherit"] });
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		output += text;
		if (output.includes("run --type")) child.kill("SIGTERM");
	});
	const [code] = await once(child, "exit");
	expect(code).toBe(4);
});

const CASES = {
	pass: 'import { test } from "vitest"; test("a", () => {}); test("b", () => {}); test.skip("c", () => {}); test.todo("d");',
	fail: 'import { test } from "vitest"; test("a", () => { throw new Error("no"); });',
	unloadable: 'import "./nowhere.js";',
	unhandled: 'import { test } from "vitest"; test("a", () => { void Promise.reject(new Error("unhandled")); });',
	dies: 'import { test } from "vitest"; test("a", () => { process.kill(process.pid, "SIGKILL"); });',
};

test.each([
	{ name: "all pass", files: ["pass"], line: "2 passed, 0 failed, 2 skipped", code: 0 },
	{ name: "one fails", files: ["pass", "fail"], line: "2 passed, 1 failed, 2 skipped", code: 1 },
	{ name: "a file does not load", files: ["pass", "unloadable"], line: "2 passed, 1 failed, 2 skipped", code: 1 },
	{ name: "an error outside a test", files: ["unhandled"], line: "1 passed, 1 failed, 0 skipped", code: 1 },
	{ name: "a worker dies", files: ["dies"], line: /^\d passed, [12] failed, 0 skipped$/, code: 1 },
	{ name: "no test at all", files: [], line: "0 passed, 1 failed, 0 skipped", code: 1 },
	{ name: "a check fails", files: ["pass"], checks: 1, line: "2 passed, 1 failed, 2 skipped", code: 1 },
] as const)("test.sh: $name", async ({ files, line, code, ...rest }) => {
	const sandbox = new Sandbox();
	sandbox.writeProgram("scripts/setup.sh", "#!/bin/sh\n");
	sandbox.write("scripts/check.mjs", `process.exitCode = ${"checks" in rest ? rest.checks : 0};`);
	sandbox.write("package.json", '{ "type": "module" }');
	sandbox.usePackage("vitest");
	for (const name of files) sandbox.write(`${name}.test.js`, CASES[name]);
	const result = await sandbox.run("scripts/test.sh", []);
	const last = result.stdout.trimEnd().split("\n").at(-1);
	expect(last).toEqual(typeof line === "string" ? line : expect.stringMatching(line));
	expect(result.code).toBe(code);
});

test("test.sh: a set-up that fails", async () => {
	const sandbox = new Sandbox();
	sandbox.writeProgram("scripts/setup.sh", "#!/bin/sh\nexit 1\n");
	const result = await sandbox.run("scripts/test.sh", []);
	expect(result).toMatchObject({ code: 1, stdout: "0 passed, 1 failed, 0 skipped\n" });
});
