import { existsSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { ROOT, Sandbox } from "./support/sandbox.js";

const BASICS = ["bash", "mktemp", "rm", "id", "cat", "dirname", "node"];

function buildable(): Sandbox {
	const sandbox = new Sandbox(["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"]);
	sandbox.write(
		"coordinator/main.ts",
		'#!/usr/bin/env node\nimport { two } from "../proto/two.js";\nconsole.log(two);\n',
	);
	sandbox.write("coordinator/main.test.ts", "throw new Error();\n");
	sandbox.write("agent/main.ts", "export {};\n");
	sandbox.write("proto/two.ts", "export const two: number = 2;\n");
	for (const name of ["typescript", "@types/node"]) sandbox.usePackage(name);
	return sandbox;
}

function build(sandbox: Sandbox): ReturnType<Sandbox["run"]> {
	return sandbox.run(process.execPath, ["scripts/build.mjs"]);
}

test("a build is made once, is executable, and leaves tests out", async () => {
	const sandbox = buildable();
	expect(await build(sandbox)).toEqual({ code: 0, stdout: "", stderr: "" });
	const program = sandbox.at("dist/coordinator/main.js");
	expect((await sandbox.run(program, [])).stdout).toBe("2\n");
	expect(existsSync(sandbox.at("dist/coordinator/main.test.js"))).toBe(false);
	const { ino } = statSync(program);
	await build(sandbox);
	expect(statSync(program).ino).toBe(ino);
	expect((await sandbox.run(sandbox.at("node_modules/.bin/coordinator"), [])).stdout).toBe("2\n");
});

test("a changed source is built though it looks older than the build, and a deleted one leaves nothing", async () => {
	const sandbox = buildable();
	sandbox.write("agent/gone.ts", "export {};\n");
	await build(sandbox);
	expect(existsSync(sandbox.at("dist/agent/gone.js"))).toBe(true);
	utimesSync(sandbox.write("proto/two.ts", "export const two: number = 3;\n"), 0, 0);
	rmSync(sandbox.at("agent/gone.ts"));
	await build(sandbox);
	expect((await sandbox.run(process.execPath, [sandbox.at("dist/coordinator/main.js")])).stdout).toBe("3\n");
	expect(existsSync(sandbox.at("dist/agent/gone.js"))).toBe(false);
});

test("a build that fails says why and leaves the last one", async () => {
	const sandbox = buildable();
	await build(sandbox);
	sandbox.write("proto/two.ts", "export const two = ;\n");
	const failed = await build(sandbox);
	expect(failed.code).toBe(1);
	expect(failed.stderr).toContain("proto/two.ts");
	expect(readFileSync(sandbox.at("dist/proto/two.js"), "utf8")).toContain("2");
});

function lock(versions: object): string {
	const packages = Object.entries(versions).map(([name, integrity]) => [
		name,
		{ integrity, optional: name === "optional" },
	]);
	return JSON.stringify({ packages: Object.fromEntries(packages) });
}

test.each([
	["nothing is installed", { a: "1" }, undefined, 1],
	["all is there", { a: "1", b: "2" }, { a: "1", b: "2" }, 0],
	["one is missing", { a: "1", b: "2" }, { a: "1" }, 1],
	["one is of another version", { a: "1" }, { a: "0" }, 1],
	["one is left over", { a: "1" }, { a: "1", b: "2" }, 1],
	["one for another platform is not there", { a: "1", optional: "2" }, { a: "1" }, 0],
] as const)("installed packages: %s", async (_name, wanted, found, code) => {
	const sandbox = new Sandbox();
	sandbox.write("package-lock.json", lock({ "": "root", ...wanted }));
	if (found) sandbox.write("node_modules/.package-lock.json", lock(found));
	expect((await sandbox.run(process.execPath, ["scripts/installed.mjs"])).code).toBe(code);
});

const OLD = expect.stringContaining("Node.js 20.11 or newer is needed");

test.each([
	["v20.10.0", 1, OLD],
	["v18.19.1", 1, OLD],
	["v20.11.0", 0, ""],
	["v22.0.0", 0, ""],
	["v100.1.0", 0, ""],
])("Node %s", async (version, code, stderr) => {
	const sandbox = new Sandbox();
	// Answers for itself and for the scripts that set-up starts with it.
	sandbox.writeProgram("bin/node", `#!/bin/sh\n[ "$1" = --version ] && echo ${version}\nexit 0\n`);
	const result = await sandbox.run("scripts/setup.sh", ["--no-redis"], {
		PATH: `${sandbox.at("bin")}:${process.env.PATH}`,
	});
	expect(result).toEqual({ code, stdout: "", stderr });
});

test("set-up in this checkout has nothing to say or to do", async () => {
	const sandbox = new Sandbox();
	// What it installed lies under the real home.
	const { HOME, XDG_CACHE_HOME } = process.env;
	const result = await sandbox.run(`${ROOT}/scripts/setup.sh`, [], { HOME, XDG_CACHE_HOME });
	expect(result).toEqual({ code: 0, stdout: "", stderr: "" });
});

/** A PATH with nothing that could be or install a redis-server. */
function barePath(sandbox: Sandbox): string {
	const search = process.env.PATH?.split(":") ?? [];
	for (const name of BASICS) {
		const real = search.map((folder) => `${folder}/${name}`).find(existsSync);
		const link = sandbox.write(`bare/${name}`, "");
		rmSync(link);
		symlinkSync(real as string, link);
	}
	return sandbox.at("bare");
}

test("redis.sh takes the first redis-server that runs, and says what to do where there is none", async () => {
	const sandbox = new Sandbox();
	const env: NodeJS.ProcessEnv = { PATH: barePath(sandbox) };
	const find = () => sandbox.run("scripts/redis.sh", [], env);
	const none = await find();
	expect(none).toMatchObject({ code: 1, stdout: "" });
	expect(none.stderr).toContain("SPOOLBENCH_REDIS_SERVER=/path/to/redis-server");
	const runs = "#!/bin/sh\nexit 0\n";
	const cached = sandbox.writeProgram(".cache/spool-bench/redis/redis-server", runs);
	expect(await find()).toEqual({ code: 0, stdout: `${cached}\n`, stderr: "" });
	const valkey = sandbox.writeProgram("bare/valkey-server", runs);
	expect((await find()).stdout).toBe(`${valkey}\n`);
	const broken = sandbox.writeProgram("bare/redis-server", "#!/bin/sh\nexit 1\n");
	expect((await find()).stdout).toBe(`${valkey}\n`);
	sandbox.writeProgram("bare/redis-server", runs);
	expect((await find()).stdout).toBe(`${broken}\n`);
	env.SPOOLBENCH_REDIS_SERVER = sandbox.writeProgram("mine", runs);
	expect((await find()).stdout).toBe(`${sandbox.at("mine")}\n`);
	env.SPOOLBENCH_REDIS_SERVER = "/nonexistent";
	expect(await find()).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("/nonexistent") });
	expect(dirname(broken)).toBe(sandbox.at("bare"));
});
