// All checks, then all tests, then one line that counts them. What fails without a failed test (a check, a file that does
// not load, a leaked process, a runner that dies or finds nothing to run) counts as one failure.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "spool-bench-test-"));
const resultFile = join(folder, "result.json");
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const checked = runNode(join(root, "scripts", "check.mjs"));
const tested = runNode(
	join(root, "node_modules", "vitest", "vitest.mjs"),
	"run",
	...["--reporter=default", "--reporter=json", `--outputFile.json=${resultFile}`],
	...process.argv.slice(2),
);
const counts = countTests();
const unnamed = tested !== 0 && counts.failed === 0;
if (checked !== 0) console.log("the checks failed (see above): counted as 1");
if (unnamed) console.log("the tests ended with an error, but no test failed (see above): counted as 1");
const failed = counts.failed + (checked === 0 ? 0 : 1) + (unnamed ? 1 : 0);
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function runNode(...args) {
	return spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] }).status ?? 1;
}

function countTests() {
	let result;
	try {
		result = JSON.parse(readFileSync(resultFile, "utf8"));
	} catch {
		console.log("the test runner left no result: counted as 1");
		return { passed: 0, failed: 1, skipped: 0 };
	}
	const unloaded = result.testResults.filter(
		(file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
	);
	for (const file of unloaded) console.log(`${file.name} did not load: counted as 1`);
	const none = result.numTotalTests === 0 && unloaded.length === 0;
	if (none) console.log("no test was run: counted as 1");
	return {
		passed: result.numPassedTests,
		failed: result.numFailedTests + unloaded.length + (none ? 1 : 0),
		skipped: result.numPendingTests + result.numTodoTests,
	};
}
