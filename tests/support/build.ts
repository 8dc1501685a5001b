import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** End-to-end tests run what users run: `dist/`, built anew where the sources have changed. */
export function setup(): void {
	execFileSync(process.execPath, [join(import.meta.dirname, "..", "..", "scripts", "build.mjs")], { stdio: "inherit" });
}
