import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { freePort } from "./support/freePort.js";
import { writeIdentities } from "./support/identities.js";
import { startRedis } from "./support/redis.js";
import { expectReported, onlyRun, resultFolder } from "./support/results.js";

const RUN = ["run", "--tasks", "40", "--poll-interval", "1ms", "--key-prefix", "bench:"];

async function expectAllDone(url: string): Promise<void> {
	const cli = await runCli([...RUN, "--redis", url]);
	expectReported(cli);
	expect(onlyRun(cli.folder).tasks).toMatchObject({ completed: 40, lost: 0 });
	expect(onlyRun(cli.folder).namespace.keysLeft).toBe(0);
	const written = resultFolder(cli.folder);
	const files = readdirSync(written).map((name) => readFileSync(join(written, name)));
	const texts = [
		cli.stdout,
		cli.stderr,
		...files.map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("latin1")),
	];
	for (const text of texts) expect(text.includes("p@ss/w:rd") || text.includes("p%40ss")).toBe(false);
}

test("TLS with a CA and a client certificate of its own; each way to get it wrong in one sentence", async () => {
	const tls = await writeIdentities();
	const foreign = await writeIdentities();
	const port = await freePort();
	const redis = await startRedis([
		...[
			"--bind",
			"127.0.0.1",
			"127.0.0.2",
			"--tls-port",
			String(port),
			"--tls-auth-clients",
			"yes",
			"--tls-ca-cert-file",
			tls.ca,
		],
		...["--tls-cert-file", tls.server.cert, "--tls-key-file", tls.server.key],
	]);
	const at = (query: string, host = "127.0.0.1") => `rediss://${host}:${port}/2${query}`;
	const client = `cert=${tls.client.cert}&key=${tls.client.key}`;
	try {
		await expectAllDone(at(`?ca=${tls.ca}&${client}`));
		const refusals: [string, RegExp][] = [
			[at(`?${client}`), /authority that is not believed/],
			[at(`?ca=${foreign.ca}&${client}`), /authority that is not believed/],
			[at(`?ca=${tls.ca}`), /want(s)? a client certificate/],
			[at(`?ca=${tls.ca}&${client}`, "127.0.0.2"), /certificate for another host name/],
			[at("?ca=/nowhere/ca.crt"), /its CA \/nowhere\/ca\.crt cannot be read: there is no such file/],
			[`${redis.tcpUrl.replace("redis:", "rediss:")}?ca=${tls.ca}`, /does it speak TLS on that port/],
		];
		const results = await Promise.all(refusals.map(([url]) => runCli([...RUN, "--redis", url])));
		for (const [index, { code, stderr }] of results.entries()) {
			expect(stderr).toMatch(refusals[index]?.[1] ?? /$^/);
			expect(code).toBe(2);
		}
	} finally {
		await redis.stop();
	}
});

test("a user who may use the queue's keys and nothing else, by TCP and by socket, in another database", async () => {
	const redis = await startRedis([
		...["--user", "default", "off"],
		// What a shared server commonly denies: INFO, CONFIG and all of @admin and @dangerous. SCAN and UNLINK stay.
		...["--user", "bench", "on", ">p@ss/w:rd", "~bench:*", "+@all", "-@admin", "-@dangerous"],
	]);
	try {
		const password = encodeURIComponent("p@ss/w:rd");
		await expectAllDone(`${redis.tcpUrl.replace("redis://", `redis://bench:${password}@`)}/3`);
		await expectAllDone(`${redis.url}?username=bench&password=${password}&db=3`);
	} finally {
		await redis.stop();
	}
});

test("a server without INFO and CONFIG is used, and what it does not tell is unknown", async () => {
	const redis = await startRedis(["--rename-command", "INFO", "", "--rename-command", "CONFIG", ""]);
	try {
		const cli = await runCli([...RUN, "--engine", "fused", "--redis", redis.tcpUrl]);
		expectReported(cli);
		const run = onlyRun(cli.folder);
		expect(run.tasks).toMatchObject({ completed: 40, lost: 0 });
		expect(run.redis).toMatchObject({ busyShare: null, peakMemoryBytes: null });
		expect(cli.stdout).not.toMatch(/NaN|undefined/);
	} finally {
		await redis.stop();
	}
});
