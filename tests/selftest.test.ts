import { cpus } from "node:os";
import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { startRedis } from "./support/redis.js";
import { allKeys, withRedis } from "./support/redisClient.js";

const TIMEOUT_MS = 90_000;
/** All cores together: above it the self-test itself calls a machine busy. */
const HOST_BUSY_SHARE = 0.85;

/** Of all cores since the machine was started. */
function cpuTimes(): { readonly idleMs: number; readonly allMs: number } {
	const times = cpus().map(({ times }) => times);
	const allMs = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
	return { idleMs: times.reduce((sum, { idle }) => sum + idle, 0), allMs };
}

/** The verdicts of the checks, by the row that they belong to. */
function verdictsByRow(stdout: string): Map<string, string[]> {
	const rows = new Map<string, string[]>();
	let current: string[] = [];
	for (const line of stdout.split("\n")) {
		const title = /^ {2}(queueing|omission|merge|ledger|clocks): /.exec(line)?.[1];
		if (title) {
			current = rows.get(title) ?? [];
			rows.set(title, current);
		}
		const verdict = / (pass|FAIL|INCONCLUSIVE)$/.exec(line)?.[1];
		if (verdict) current.push(verdict);
	}
	return rows;
}

function failedRows(stdout: string): string[] {
	return [...verdictsByRow(stdout)].filter(([, verdicts]) => verdicts.includes("FAIL")).map(([row]) => row);
}

test(
	"holds on a Redis of the user's, which it leaves as it was",
	async () => {
		const redis = await startRedis();
		try {
			await withRedis(redis.tcpUrl, (client) => client.set("other", "1"));
			const before = cpuTimes();
			const { code, stdout, stderr } = await runCli(["selftest", "--redis", redis.tcpUrl], { timeoutMs: TIMEOUT_MS });
			const after = cpuTimes();
			// A machine that is busy with other tests may leave some of it open, which it then says.
			expect([0, 3], stdout + stderr).toContain(code);
			expect(stdout).toMatch(code === 0 ? /self-test PASSED/ : /self-test INCONCLUSIVE: [\s\S]*/);
			if (code === 3) expect(stdout).toMatch(/: too long, but /);
			expect(failedRows(stdout)).toEqual([]);
			const rows = verdictsByRow(stdout);
			expect([...rows.keys()].sort()).toEqual(["clocks", "ledger", "merge", "omission", "queueing"]);
			expect(rows.get("queueing")).toHaveLength(6 + 6 + 4);
			for (const row of ["merge", "ledger", "clocks"]) expect(new Set(rows.get(row))).toEqual(new Set(["pass"]));
			const seconds = Number(/self-test .* in 7 rows, (\d+) s\)/.exec(stdout)?.[1]);
			expect(seconds).toBeGreaterThan(0);
			// Where the cores have time left nothing holds it up.
			const busyShare = 1 - (after.idleMs - before.idleMs) / (after.allMs - before.allMs);
			if (code === 0 && busyShare < HOST_BUSY_SHARE) expect(seconds).toBeLessThan(60);
			expect(await allKeys(redis.tcpUrl)).toEqual(["other"]);
		} finally {
			await redis.stop();
		}
	},
	TIMEOUT_MS,
);

test.each([
	["sent-time", "omission", "omission,merge"],
	["averaged-percentiles", "merge", "merge,clocks"],
	["skipped-entry", "ledger", "ledger,merge,clocks"],
	["clock-offset", "clocks", "clocks,merge"],
])("sabotaged by %s it fails at the row %s, and only there", async (sabotage, row, rows) => {
	const { code, stdout, stderr } = await runCli(["selftest", "--only", rows, "--sabotage", sabotage]);
	expect(code, stdout + stderr).toBe(6);
	expect(failedRows(stdout)).toEqual([row]);
	expect([...verdictsByRow(stdout).keys()].sort()).toEqual(rows.split(",").sort());
	expect(stdout).toContain(`SABOTAGED: ${sabotage}`);
	expect(stdout).toContain(`self-test FAILED: ${row} (`);
});

test("refuses what it does not know, and keys that are there already", async () => {
	const wrong = await runCli(["selftest", "--only", "merge,clock"]);
	expect(wrong.code).toBe(2);
	expect(wrong.stderr).toContain('--only: expected some of queueing, omission, merge, ledger, clocks, got "clock"');
	expect((await runCli(["selftest", "--sabotage", "all"])).code).toBe(2);
	const redis = await startRedis();
	try {
		await withRedis(redis.tcpUrl, (client) => client.set("spool-selftest:mine", "1"));
		const { code, stderr } = await runCli(["selftest", "--only", "clocks", "--redis", redis.tcpUrl]);
		expect(code).toBe(2);
		expect(stderr).toContain('1 keys under the prefix "spool-selftest:" exist already');
		expect(await allKeys(redis.tcpUrl)).toEqual(["spool-selftest:mine"]);
	} finally {
		await redis.stop();
	}
});
