// Everything that is checked without running the program, at once: a line each, and the whole output of what failed.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);
const checks = [
	["format and lint", bin("biome"), "check", "--error-on-warnings", "--colors=off", "."],
	["lint with types", bin("oxlint"), "--deny-warnings"],
	["types", bin("tsc"), "--noEmit"],
	["generated code", process.execPath, join(root, "scripts", "generate.mjs"), "--check"],
];

const results = await Promise.all(checks.map(([name, program, ...args]) => run(name, program, args)));
for (const { name, ok, output, seconds } of results) {
	console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
	if (!ok) console.log(output.trimEnd());
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function run(name, program, args) {
	const startedMs = performance.now();
	return new Promise((resolve) => {
		const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
		let output = "";
		const settle = (ok) => resolve({ name, ok, output, seconds: ((performance.now() - startedMs) / 1_000).toFixed(1) });
		for (const stream of [child.stdout, child.stderr])
			stream.setEncoding("utf8").on("data", (text) => (output += text));
		child.once("error", (error) => {
			output += error.message;
			settle(false);
		});
		child.once("close", (code) => settle(code === 0));
	});
}
