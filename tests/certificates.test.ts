import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RunningCli, runCli, startCli } from "./support/cli.js";
import { startProxy } from "./support/delayingProxy.js";
import { makeHosts, missingForHosts } from "./support/hosts.js";
import { startRedis } from "./support/redis.js";
import { allKeys } from "./support/redisClient.js";
import { expectReported, readReport, resultFolder } from "./support/results.js";

const flags = (folder: string, role: string, from = role) => [
	...["--tls-ca", join(folder, role, "ca.crt")],
	...["--tls-cert", join(folder, from, "tls.crt")],
	...["--tls-key", join(folder, from, "tls.key")],
];

async function makeCertificates(): Promise<string> {
	const made = await runCli(["certs", "--host", "localhost"]);
	expect(made.code).toBe(0);
	return join(made.folder, "certs");
}

async function waiting(...args: string[]): Promise<{ coordinator: RunningCli; address: string; tokenFile: string }> {
	const { folder } = await runCli(["--version"]);
	const tokenFile = join(folder, "join.token");
	const coordinator = startCli(["run", "--listen", "127.0.0.1:0", "--token-file", tokenFile, ...args]);
	const { address } = JSON.parse(await coordinator.waitForLine(/"listening"/)) as { address: string };
	return { coordinator, address, tokenFile };
}

test("coordinator certs makes what two Secrets hold, for a day, and never writes over it nor keeps the CA's key", async () => {
	const made = await runCli(["certs", "--host", "bench.internal,10.0.0.7"]);
	expect(made.code).toBe(0);
	for (const role of ["coordinator", "agent"]) {
		const folder = join(made.folder, "certs", role);
		expect(readdirSync(folder).sort()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
		for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
		const certificate = new X509Certificate(readFileSync(join(folder, "tls.crt")));
		const ca = new X509Certificate(readFileSync(join(folder, "ca.crt")));
		expect(certificate.verify(ca.publicKey)).toBe(true);
		const hours = (Date.parse(certificate.validTo) - Date.now()) / 3_600_000;
		expect(hours).toBeGreaterThan(23.9);
		expect(hours).toBeLessThanOrEqual(24);
		if (role === "coordinator") expect(certificate.checkHost("bench.internal")).toBe("bench.internal");
		if (role === "coordinator") expect(certificate.checkIP("10.0.0.7")).toBe("10.0.0.7");
	}
	const again = await runCli(["certs"], { cwd: made.folder });
	expect(again.code).toBe(2);
	expect(again.stderr).toMatch(/nothing is overwritten/);
});

test("two agents with the run's certificates do it over TLS; one with the coordinator's, or none, does not get in", async () => {
	const certs = await makeCertificates();
	const load = ["--tasks", "100", "--agents", "2", "--log-level", "info"];
	const { coordinator, address, tokenFile } = await waiting(...load, ...flags(certs, "coordinator"));
	const join = (...args: string[]) =>
		startCli(["--coordinator", address, "--token-file", tokenFile, "--join-timeout", "1s", ...args], {
			program: "agent",
		});
	const swapped = await join(...flags(certs, "agent", "coordinator")).exited;
	expect(swapped).toMatchObject({ code: 2, stderr: expect.stringMatching(/not a certificate for an agent/) });
	expect((await join().exited).code).toBe(5);
	const agents = [join(...flags(certs, "agent")), join(...flags(certs, "agent"))];
	expectReported(await coordinator.exited);
	for (const { exited } of agents) expect((await exited).code).toBe(0);
	const report = readReport(resultFolder(coordinator.folder));
	expect(report.runs[0]?.tasks.completed).toBe(100);
	expect(report.environment.insecure).toBe(false);
});

const missing = missingForHosts();

test.skipIf(missing)(
	`two hosts over mTLS do quick${missing ? ` (skipped: ${missing})` : ""}`,
	async () => {
		const hosts = makeHosts(2);
		onTestFinished(hosts.remove);
		const server = await startRedis();
		onTestFinished(() => server.stop());
		const redis = await startProxy({ host: hosts.gateway, toPort: server.port });
		onTestFinished(() => redis.close());
		const made = await runCli(["certs", "--host", hosts.gateway]);
		const certs = join(made.folder, "certs");
		const tokenFile = join(made.folder, "join.token");
		const coordinator = startCli(
			["run", "--type", "quick", "--agents", "2", "--redis", `redis://${hosts.gateway}:${redis.port}`]
				.concat(["--listen", `${hosts.gateway}:0`, "--token-file", tokenFile])
				.concat(flags(certs, "coordinator")),
			{ timeoutMs: 60_000 },
		);
		const { address } = JSON.parse(await coordinator.waitForLine(/"listening"/)) as { address: string };
		const agents = [0, 1].map((index) =>
			startCli(
				["--coordinator", address, "--token-file", tokenFile, "--index", String(index), ...flags(certs, "agent")],
				{
					program: "agent",
					wrapper: hosts.wrapper(index, { shiftNs: BigInt(index) * 7_000_000_000n }),
					timeoutMs: 60_000,
				},
			),
		);
		expectReported(await coordinator.exited);
		for (const { exited } of agents) expect((await exited).code).toBe(0);
		const report = readReport(resultFolder(coordinator.folder));
		expect(report.runs[0]?.tasks).toMatchObject({ completed: 1_000, lost: 0, duplicates: 0 });
		expect(report.runs[0]?.clocks?.hosts).toHaveLength(2);
		expect(report.environment.insecure).toBe(false);
	},
	90_000,
);

test("a plan beyond an agent's own caps is refused with every reason, and nothing reaches Redis; an alias is resolved", async () => {
	const redis = await startRedis(["--requirepass", "s3cret"]);
	const env = { SPOOLBENCH_TARGET_HOME: redis.tcpUrl.replace("redis://", "redis://:s3cret@") };
	try {
		const caps = { SPOOLBENCH_MAX_PAYLOAD: "1KB", SPOOLBENCH_MAX_CONNECTIONS: "2", SPOOLBENCH_KEY_PREFIXES: "bench:" };
		const run = ["run", "--tasks", "10", "--payload", "2KB"];
		const refused = await runCli([...run, "--redis", "alias:elsewhere"], { env: { ...env, ...caps } });
		expect(refused.code).toBe(2);
		expect(refused.stderr).toMatch(/opens 3 connections .* at most 2/);
		expect(refused.stderr).toMatch(/payloads of 2048 bytes, where at most 1024/);
		expect(refused.stderr).toMatch(/key prefix "spool:" begins with none of "bench:"/);
		expect(refused.stderr).toMatch(/target elsewhere is not among this agent's \(home\)/);
		expect(await allKeys(env.SPOOLBENCH_TARGET_HOME)).toEqual([]);
		const cli = await runCli([...run, "--redis", "alias:home"], { env });
		expectReported(cli);
		expect(cli.stdout + cli.stderr).not.toContain("s3cret");
		expect(readFileSync(join(resultFolder(cli.folder), "report.json"), "utf8")).not.toContain("s3cret");
	} finally {
		await redis.stop();
	}
});
