import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, runCli } from "./support/cli.js";
import { startRedis, type TestRedis } from "./support/redis.js";
import { allKeys, withRedis } from "./support/redisClient.js";
import { expectReported } from "./support/results.js";

let redis: TestRedis;
beforeAll(async () => {
	redis = await startRedis(["--requirepass", "s3cret"]);
});
afterAll(() => redis.stop());

const authorised = () => redis.tcpUrl.replace("redis://", "redis://:s3cret@");

/** One clear sentence, no stack trace, no password. */
function expectOneSentence({ stderr }: CliResult, sentence: RegExp): void {
	expect(stderr).toMatch(sentence);
	expect(stderr).not.toMatch(/\n\s+at .*\(/);
	expect(stderr).not.toContain("s3cret");
	expect(stderr).not.toContain("wr0ng");
}

test("every problem of the flags at once, exit 2, and nothing was started", async () => {
	const cli = await runCli(["run", "--workers", "four", "--tasks", "-1", "--payload", "1XB", "--handler", "dance"]);
	expect(cli.code).toBe(2);
	for (const flag of ["--workers", "--tasks", "--payload", "--handler"]) expect(cli.stderr).toContain(flag);
	expect(existsSync(join(cli.folder, "benchmark_results"))).toBe(false);
});

test("an unknown flag, command or plan key is refused", async () => {
	const unknownFlag = await runCli(["run", "--wrokers", "4"]);
	expect(unknownFlag.code).toBe(2);
	expect(unknownFlag.stderr).toMatch(/--workers/);
	const unknownCommand = await runCli(["rnu"]);
	expect(unknownCommand.code).toBe(2);
	const plan = join(unknownFlag.folder, "plan.yaml");
	writeFileSync(plan, "type: quick\nwrokers: 4\n");
	const unknownKey = await runCli(["run", "--plan", plan]);
	expect(unknownKey.code).toBe(2);
	expect(unknownKey.stderr).toMatch(/plan\.yaml:2:1.*wrokers/);
});

test("no Redis there: exit 2 and where it looked", async () => {
	const cli = await runCli(["run", "--redis", "redis://127.0.0.1:1"]);
	expect(cli.code).toBe(2);
	expectOneSentence(cli, /127\.0\.0\.1:1/);
});

test("a wrong password: exit 2, and the password is in no output", async () => {
	const cli = await runCli(["run", "--redis", redis.tcpUrl.replace("redis://", "redis://:wr0ng@")]);
	expect(cli.code).toBe(2);
	expectOneSentence(cli, /password/i);
	expect(cli.stdout).not.toContain("wr0ng");
});

test("keys under the prefix: refused and untouched; --purge or another prefix goes on; nobody else's keys are touched", async () => {
	await withRedis(authorised(), async (client) => {
		await client.set("spool:task:theirs", "{}");
		await client.set("other", "1");
	});
	const refused = await runCli(["run", "--tasks", "10", "--redis", authorised()]);
	expect(refused.code).toBe(2);
	expectOneSentence(refused, /--purge/);
	expect(await allKeys(authorised())).toEqual(["other", "spool:task:theirs"]);

	const elsewhere = await runCli(["run", "--tasks", "10", "--redis", authorised(), "--key-prefix", "bench:"]);
	expectReported(elsewhere);
	expect(elsewhere.stdout + elsewhere.stderr).not.toContain("s3cret");
	expect(await allKeys(authorised())).toEqual(["other", "spool:task:theirs"]);

	const purged = await runCli(["run", "--tasks", "10", "--redis", authorised(), "--purge"]);
	expectReported(purged);
	expect(await allKeys(authorised())).toEqual(["other"]);
});

test("a port that is taken: exit 2 and a sentence", async () => {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	const port = typeof address === "object" ? address?.port : undefined;
	const cli = await runCli(["run", "--listen", `127.0.0.1:${port}`], {
		env: { SPOOLBENCH_JOIN_TOKEN: "0123456789abcdef" },
	});
	server.close();
	expect(cli.code).toBe(2);
	expectOneSentence(cli, /taken/);
});

test("a folder that cannot be written: exit 2 before anything is started", async () => {
	const { folder } = await runCli(["--help"]);
	const locked = join(folder, "locked");
	mkdirSync(locked);
	writeFileSync(join(locked, "file"), "");
	chmodSync(locked, 0o500);
	// Root may write anywhere but below a file.
	const cli = await runCli(["run", "--out", join(locked, "file", "below")]);
	expect(cli.code).toBe(2);
	expectOneSentence(cli, /cannot write results/);
});

test("listening beyond this machine in plaintext is refused before it listens", async () => {
	const cli = await runCli(["run", "--listen", "0.0.0.0:0", "--redis", authorised()], {
		env: { SPOOLBENCH_JOIN_TOKEN: "0123456789abcdef" },
	});
	expect(cli.code).toBe(2);
	expectOneSentence(cli, /--insecure/);
});
