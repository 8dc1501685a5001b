// Exits 0 where node_modules holds what package-lock.json asks, by the list that npm leaves there when it is done.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packagesOf = (file) => {
	try {
		return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
	} catch {
		return {};
	}
};
const wanted = packagesOf("package-lock.json");
const found = packagesOf("node_modules/.package-lock.json");
// An optional package of another platform is not installed.
const missing = Object.keys(wanted).some((name) => name !== "" && !found[name] && !wanted[name].optional);
const foreign = Object.keys(found).some((name) => found[name].integrity !== wanted[name]?.integrity);
process.exitCode = missing || foreign || Object.keys(found).length === 0 ? 1 : 0;
