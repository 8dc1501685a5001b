// Builds dist/ where it does not match the sources, and says nothing where it does. What is built is recognised by its
// content, never by times, which a checkout changes. `--force` builds in any case. Types are not looked at: that is
// `npm run check`.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const { bin: programs } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const stamp = sourceHash();
if (process.argv.includes("--force") || builtStamp() !== stamp) build();
linkPrograms();

function sourceHash() {
	const hash = createHash("sha256");
	const sources = ["proto", "coordinator", "agent"].flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true })
			.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
			.map((name) => join(folder, name)),
	);
	for (const name of [
		...sources.toSorted(byName),
		"tsconfig.json",
		"tsconfig.build.json",
		"package.json",
		"scripts/build.mjs",
	]) {
		hash
			.update(`${name}\0`)
			.update(readFileSync(join(root, name)))
			.update("\0");
	}
	return hash.digest("hex");
}

function builtStamp() {
	const file = join(dist, ".stamp");
	return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function byName(a, b) {
	return a < b ? -1 : 1;
}

/** Builds beside dist/ and swaps, so that nobody ever sees half a build or the remains of a deleted source. */
function build() {
	const fresh = mkdtempSync(join(root, "dist-"));
	const old = `${fresh}.old`;
	try {
		const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
		const options = ["-p", join(root, "tsconfig.build.json"), "--noCheck", "--outDir", fresh];
		const run = spawnSync(process.execPath, [tsc, ...options], { stdio: ["ignore", 2, 2] });
		if (run.status !== 0) process.exit(1);
		for (const program of Object.values(programs)) {
			const file = join(fresh, relative("dist", program));
			if (existsSync(file)) chmodSync(file, 0o755);
		}
		writeFileSync(join(fresh, ".stamp"), stamp);
		chmodSync(fresh, 0o755);
		if (existsSync(dist)) renameSync(dist, old);
		renameSync(fresh, dist);
	} finally {
		rmSync(fresh, { recursive: true, force: true });
		rmSync(old, { recursive: true, force: true });
	}
}

/** npm does not link a package's own programs; with the links, `npx coordinator` starts them and installs nothing. */
function linkPrograms() {
	const folder = join(root, "node_modules", ".bin");
	mkdirSync(folder, { recursive: true });
	for (const [name, program] of Object.entries(programs)) {
		const link = join(folder, name);
		if (existsSync(link)) continue;
		rmSync(link, { force: true });
		symlinkSync(relative(folder, join(root, program)), link);
	}
}
