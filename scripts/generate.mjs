// Generates proto/gen from the .proto files; with --check only says whether what is there is fresh.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const checking = process.argv.includes("--check");
const target = join(root, "proto", "gen");
const out = checking ? mkdtempSync(join(tmpdir(), "spool-bench-gen-")) : target;
const options = [
	"env=node",
	"esModuleInterop=true",
	"importSuffix=.js",
	// Throws above 2^53 instead of losing digits: no count or time of ours comes near.
	"forceLong=number",
	"oneof=unions-value",
	"outputServices=grpc-js",
	"useExactTypes=false",
	"outputJsonMethods=false",
	"exportCommonSymbols=false",
	"useOptionals=none",
	"unrecognizedEnum=false",
	"removeEnumPrefix=true",
	"useMapType=true",
	"outputPartialMethods=true",
];
const bin = (name) => join(root, "node_modules", ".bin", name);
const protos = readdirSync(join(root, "proto")).filter((name) => name.endsWith(".proto"));
const run = spawnSync(
	bin("protoc"),
	[
		`--plugin=protoc-gen-ts_proto=${bin("protoc-gen-ts_proto")}`,
		`--ts_proto_out=${out}`,
		`--ts_proto_opt=${options.join(",")}`,
		`-I${join(root, "proto")}`,
		...protos,
	],
	{ stdio: "inherit" },
);
if (run.status !== 0) process.exit(run.status ?? 1);

if (checking) {
	const stale = readdirSync(out, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(out.length + 1))
		.filter((name) => {
			try {
				return readFileSync(join(out, name), "utf8") !== readFileSync(join(target, name), "utf8");
			} catch {
				return true;
			}
		});
	rmSync(out, { recursive: true });
	if (stale.length > 0) {
		console.error(`proto/gen is stale (${stale.join(", ")}): run \`npm run generate\` and commit the result`);
		process.exit(1);
	}
}
