import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const run = promisify(execFile);

test("benchmarks both engines on a Redis of its own, in Go's format", { timeout: 60_000 }, async () => {
	const filter = "Only|TaskThroughput.*Workers=2$|TaskProcessing.*=100B$";
	const { stdout } = await run(join(ROOT, "scripts/bench.sh"), [
		"--benchtime",
		"0.05",
		"--benchmem",
		"--filter",
		filter,
	]);
	const lines = stdout.split("\n").filter((line) => line.startsWith("Benchmark"));
	const names = ["TaskThroughput", "EnqueueOnly", "DequeueOnly", "TaskProcessing"];
	expect(lines).toHaveLength(2 * names.length);
	for (const engine of ["classic", "fused"]) {
		for (const name of names) expect(stdout).toMatch(new RegExp(`^Benchmark${name}/Engine=${engine}\\S*-\\d+\\s`, "m"));
	}
	for (const line of lines) expect(line).toMatch(/^\S+\s+\d+\s+[\d.]+ ns\/op\s+[\d.]+ ops\/s\s+\d+ B\/op$/);
});
