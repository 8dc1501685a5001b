import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const run = promisify(execFile);

test("benchmarks both engines on a Redis of its own, in Go's format", { timeout: 120_000 }, async () => {
	const names = ["TaskThroughput", "EnqueueOnly", "DequeueOnly"];
	const filter = "Only|TaskThroughput.*Workers=2$";
	const { stdout } = await run(join(ROOT, "scripts/bench.sh"), ["--benchtime", "0.02", "--filter", filter]);
	const lines = stdout.split("\n").filter((line) => line.startsWith("Benchmark"));
	expect(lines).toHaveLength(2 * names.length);
	for (const engine of ["classic", "fused"]) {
		for (const name of names) expect(stdout).toMatch(new RegExp(`^Benchmark${name}/Engine=${engine}\\S*-\\d+\\s`, "m"));
	}
	for (const line of lines) expect(line).toMatch(/^\S+\s+\d+\s+[\d.]+ ns\/op\s+[\d.]+ ops\/s$/);
});

test("tells what an operation allocates", { timeout: 60_000 }, async () => {
	const args = ["--benchtime", "0.02", "--filter", "^Serialize$", "--benchmem"];
	const { stdout } = await run(join(ROOT, "scripts/bench.sh"), args);
	// A task's JSON has 1.4 KB, one byte a character.
	const bytes = Number(/(\d+) B\/op/.exec(stdout)?.[1]);
	expect(bytes).toBeGreaterThan(200);
	expect(bytes).toBeLessThan(20_000);
});
