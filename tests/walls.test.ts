import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const CONFIGURATION = ["biome.json", ".oxlintrc.json", ".gitignore", "tsconfig.json", "package.json", "scripts/lint"];
const FOLDERS = ["agent/spool", "agent/load", "agent/measure", "coordinator/plan", "coordinator/fleet"];
const PURE = ["coordinator/analysis", "coordinator/compare", "coordinator/report"];

interface Planted {
	readonly wall: string;
	readonly file: string;
	readonly code: string;
	/** What the linter must say of the file; `undefined`: nothing. */
	readonly says: RegExp | undefined;
}

const AGENT = /Wall: agent never imports coordinator/;
const COORDINATOR = /Wall: coordinator never imports agent/;
const QUEUE = /Wall: the queue knows nothing/;
const PURITY = /Wall: analysis, compare and report are pure|Pure code reads no clock|noRestrictedGlobals/;

const planted: readonly Planted[] = [
	{ wall: "agent → coordinator", file: "agent/a1.ts", code: 'import "../coordinator/run.js";', says: AGENT },
	{
		wall: "agent → coordinator, dynamic",
		file: "agent/a2.ts",
		code: 'await import("../coordinator/run.js");',
		says: AGENT,
	},
	{
		wall: "agent → coordinator, a type",
		file: "agent/load/a3.ts",
		code: typeFrom("../../coordinator/run.js"),
		says: AGENT,
	},
	{
		wall: "agent/spool → coordinator",
		file: "agent/spool/a4.ts",
		code: 'import "../../coordinator/run.js";',
		says: AGENT,
	},
	{ wall: "coordinator → agent", file: "coordinator/b1.ts", code: 'import "../agent/runner.js";', says: COORDINATOR },
	{ wall: "report → agent", file: "coordinator/report/b2.ts", code: 'import "../../agent/log.js";', says: COORDINATOR },
	{
		wall: "proto → agent",
		file: "proto/c1.ts",
		code: 'import "../agent/runner.js";',
		says: /Wall: proto imports nothing/,
	},
	{
		wall: "proto → coordinator",
		file: "proto/c2.ts",
		code: 'import "../coordinator/run.js";',
		says: /Wall: proto imports/,
	},
	...["load", "measure", "work"].map((folder) => ({
		wall: `agent/spool → agent/${folder}`,
		file: `agent/spool/d-${folder}.ts`,
		code: `import "../${folder}/some.js";`,
		says: QUEUE,
	})),
	...PURE.flatMap((folder) =>
		[
			'import "node:fs";',
			'import { createServer } from "node:net";\ncreateServer();',
			'import "../fleet/listener.js";',
			"export const at = Date.now();",
			"export const at = new Date();",
			"export const at = performance.now();",
			"export const drawn = Math.random();",
			"setTimeout(() => {}, 1);",
			"export const home = process.env.HOME;",
		].map((code, index) => ({ wall: `${folder}: ${code}`, file: `${folder}/e${index}.ts`, code, says: PURITY })),
	),
	{
		wall: "pure code may format a time",
		file: "coordinator/report/e.ts",
		code: "export const t = (ms: number) => new Date(ms);",
		says: undefined,
	},
	{
		wall: "a test of pure code reads a file",
		file: "coordinator/report/e.test.ts",
		code: 'import "node:fs";',
		says: undefined,
	},
	...owner(
		"ioredis",
		["agent/load", "agent/measure", "coordinator/fleet", "coordinator/plan"],
		["agent/spool/redis", "agent/measure/clockSync"],
	),
	...owner("hdr-histogram-js", ["agent/measure", "coordinator/plan", "proto"], ["proto/histogram"]),
	...owner(
		"@grpc/grpc-js",
		["coordinator/plan", "agent/load", "proto"],
		["agent/session", "agent/stream", "coordinator/fleet/listener"],
	),
	...owner("nats", ["agent/load", "coordinator/fleet", "proto"], ["agent/measure/telemetry", "proto/telemetry"]),
	...owner("@nats-io/transport-node", ["coordinator/plan"], ["coordinator/fleet/telemetry"]),
	{ wall: "a test may look into Redis", file: "agent/load/f.test.ts", code: 'import "ioredis";', says: undefined },
	{ wall: "a cycle", file: "coordinator/plan/g1.ts", code: 'import "./g2.js";', says: /no-cycle/ },
	{ wall: "its other half", file: "coordinator/plan/g2.ts", code: 'import "./g1.js";', says: /no-cycle/ },
	{ wall: "any", file: "agent/h1.ts", code: "export const h = (x: any) => String(x);", says: /noExplicitAny/ },
	{ wall: "ts-ignore", file: "agent/h2.ts", code: "// @ts-ignore\nexport const h = 1;", says: /noTsIgnore/ },
	{ wall: "a barrel", file: "agent/h3.ts", code: 'export * from "./runner.js";', says: /noBarrelFile/ },
	{
		wall: "a floating promise",
		file: "agent/h4.ts",
		code: "export const h = () => { Promise.resolve(1); };",
		says: /no-floating-promises/,
	},
];

const folder = mkdtempSync(join(tmpdir(), "walls-"));
let complaints: string;

beforeAll(async () => {
	for (const name of CONFIGURATION) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
	symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
	for (const name of [...FOLDERS, ...PURE, "proto", "agent/work"]) mkdirSync(join(folder, name), { recursive: true });
	for (const { file, code } of planted) writeFileSync(join(folder, file), `${code}\n`);
	complaints = await lint(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(planted.filter(({ says }) => says))("refused: $wall", ({ file, says }) => {
	expect(saidOf(file)).toMatch(says as RegExp);
});

test.each(planted.filter(({ says }) => !says))("allowed: $wall", ({ file }) => {
	expect(saidOf(file)).not.toMatch(/Wall|Pure code|noRestricted/);
});

test("the tree itself breaks no wall", async () => {
	const broken = (await lint(ROOT)).split("\n").filter((line) => /Wall|Pure code|no-cycle|errored/.test(line));
	expect(broken).toEqual([]);
});

function saidOf(file: string): string {
	return complaints
		.split("\n")
		.filter((line) => line.includes(`${file},`))
		.join("\n");
}

/** All complaints of both linters, a line each, with its file and a comma behind it. */
async function lint(cwd: string): Promise<string> {
	const bin = join(ROOT, "node_modules", ".bin");
	const run = (program: string, args: readonly string[]) =>
		new Promise<string>((resolve) => {
			execFile(join(bin, program), args, { cwd, maxBuffer: 1e8 }, (_error, stdout, stderr) => resolve(stdout + stderr));
		});
	const outputs = await Promise.all([
		run("biome", ["lint", "--reporter=github", "--max-diagnostics=none", "."]),
		run("oxlint", ["--format=github"]),
	]);
	return outputs.join("\n");
}

function owner(library: string, strangers: readonly string[], owners: readonly string[]): readonly Planted[] {
	const name = library.replaceAll(/\W/g, "");
	const says = /Wall: this library belongs to/;
	return [
		...strangers.flatMap((place) => [
			{ wall: `${library} in ${place}`, file: `${place}/l-${name}.ts`, code: `import "${library}";`, says },
			{
				wall: `${library} in ${place}, dynamic, a part of it`,
				file: `${place}/m-${name}.ts`,
				code: `await import("${library}/part");`,
				says,
			},
		]),
		...owners.map((file) => ({
			wall: `${library} in ${file}`,
			file: `${file}.ts`,
			code: `import "${library}";`,
			says: undefined,
		})),
	];
}

function typeFrom(module: string): string {
	return `import type { T } from "${module}";\nexport type U = T;`;
}
