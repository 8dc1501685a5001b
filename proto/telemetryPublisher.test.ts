import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "nats";
import { expect, onTestFinished, test } from "vitest";
import { writeIdentities } from "../tests/support/identities.js";
import { findNatsServer, startNats, type TestNats } from "../tests/support/nats.js";
import { TelemetryPublisher } from "./telemetryPublisher.js";
import { subscribe } from "./telemetrySubscriber.js";

const found = findNatsServer();
const program = "program" in found ? found.program : "";
/** Says in its name why it is skipped. */
const withNats = "missing" in found ? test.skip : test;
const why = "missing" in found ? ` (${found.missing})` : "";

async function server(configuration?: string): Promise<TestNats> {
	const nats = await startNats(program, configuration);
	onTestFinished(() => nats.stop());
	return nats;
}

function publisher(url: string): { publisher: TelemetryPublisher; notices: string[] } {
	const notices: string[] = [];
	const publisher = new TelemetryPublisher({ url, name: "test", onNotice: (_, notice) => notices.push(notice) });
	onTestFinished(() => publisher.close());
	return { publisher, notices };
}

function listener(url: string): { heard: string[]; refusals: string[]; up: () => number } {
	const heard: string[] = [];
	const refusals: string[] = [];
	let ups = 0;
	const subscription = subscribe({
		url,
		name: "test",
		subject: "a.>",
		onMessage: (_, payload) => heard.push(Buffer.from(payload).toString()),
		onUp: () => ups++,
		onDown: () => {},
		onRefusal: (reason) => refusals.push(reason),
	});
	onTestFinished(() => subscription.close());
	return { heard, refusals, up: () => ups };
}

const patiently = { timeout: 10_000, interval: 20 };
const bytes = (text: string) => Buffer.from(text);

withNats(`what is offered arrives, and the last of it before the end${why}`, async () => {
	const nats = await server();
	const { publisher: sender, notices } = publisher(`nats://${nats.address}`);
	const { heard, up } = listener(`nats://${nats.address}`);
	await expect.poll(up, patiently).toBe(1);
	await expect.poll(() => notices, patiently).toEqual([`publishing to nats://${nats.address}`]);
	for (const text of ["one", "two", "three"]) {
		sender.offer("a.b", bytes(text));
		await expect.poll(() => heard, patiently).toContain(text);
	}
	sender.offer("a.b", bytes("last"));
	await sender.close();
	await expect.poll(() => heard, patiently).toEqual(["one", "two", "three", "last"]);
	expect([sender.published, sender.dropped]).toEqual([4, 0]);
});

withNats(`what comes faster than the server confirms replaces what waits, and is counted${why}`, async () => {
	const nats = await server();
	const { publisher: sender, notices } = publisher(`nats://${nats.address}`);
	const { heard, up } = listener(`nats://${nats.address}`);
	await expect.poll(up, patiently).toBe(1);
	await expect.poll(() => notices.length, patiently).toBe(1);
	for (let index = 0; index < 100; index++) sender.offer("a.b", bytes(String(index)));
	// The first is under way at once; of the others the last is left.
	await expect.poll(() => heard, patiently).toEqual(["0", "99"]);
	await expect.poll(() => [sender.published, sender.dropped], patiently).toEqual([2, 98]);
});

withNats(`a server that is killed and comes back: both ends go on, and what was lost is counted${why}`, async () => {
	const nats = await server();
	const { publisher: sender, notices } = publisher(`nats://${nats.address}`);
	const { heard, up } = listener(`nats://${nats.address}`);
	await expect.poll(up, patiently).toBe(1);
	sender.offer("a.b", bytes("before"));
	await expect.poll(() => heard, patiently).toEqual(["before"]);
	await nats.kill();
	await expect.poll(() => notices.at(-1), patiently).toContain("nobody listens there");
	for (const text of ["lost", "lost too", "waits"]) sender.offer("a.b", bytes(text));
	await nats.start();
	await expect.poll(up, patiently).toBe(2);
	// The last one may have come before the listener was back.
	await expect.poll(() => notices.at(-1), patiently).toBe(`publishing to nats://${nats.address}`);
	await expect.poll(() => sender.published, patiently).toBe(2);
	sender.offer("a.b", bytes("after"));
	await expect.poll(() => heard.at(-1), patiently).toBe("after");
	expect([sender.published, sender.dropped]).toEqual([3, 2]);
	expect(notices.length).toBeLessThanOrEqual(4);
});

withNats(`a server that hangs holds nothing up, neither an offer nor the end${why}`, async () => {
	const nats = await server();
	const { publisher: sender, notices } = publisher(`nats://${nats.address}`);
	await expect.poll(() => notices.length, patiently).toBe(1);
	await nats.hang();
	const startedMs = performance.now();
	const status = Buffer.alloc(100_000);
	for (let index = 0; index < 1_000; index++) sender.offer("a.b", status);
	await sender.close();
	// Far less than a hung server would take, and far more than a busy machine does.
	expect(performance.now() - startedMs).toBeLessThan(10_000);
	expect([sender.published, sender.dropped]).toEqual([0, 1_000]);
});

withNats(`a run's login that may only publish, and an onlooker's that may only hear, are enough${why}`, async () => {
	const nats = await server(
		`authorization { users = [
			{ user: "run", password: "r", permissions: { publish: "a.>", subscribe: { deny: ">" } } },
			{ user: "look", password: "l", permissions: { publish: { deny: ">" }, subscribe: "a.>" } }
		] }`,
	);
	const { publisher: sender, notices } = publisher(`nats://run:r@${nats.address}`);
	const { heard, refusals, up } = listener(`nats://look:l@${nats.address}`);
	await expect.poll(up, patiently).toBe(1);
	sender.offer("a.b", bytes("heard"));
	await expect.poll(() => heard, patiently).toEqual(["heard"]);
	expect([notices, refusals]).toEqual([[`publishing to nats://${nats.address}`], []]);
	const { publisher: mute, notices: told } = publisher(`nats://look:l@${nats.address}`);
	mute.offer("a.b", bytes("not heard"));
	await expect.poll(() => told.at(-1), patiently).toContain(`nats://${nats.address} refuses: PERMISSIONS_VIOLATION`);
	expect(heard).toEqual(["heard"]);
});

test("who is not there, says nothing, hangs up or is no NATS server is told in a sentence", async () => {
	const silent = createServer(() => {}).listen(0, "127.0.0.1");
	const rude = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
	const web = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
	const servers = [silent, rude, web];
	await Promise.all(servers.map((one) => once(one, "listening")));
	onTestFinished(() => servers.forEach((one) => void one.close()));
	const told = async (place: string) => {
		const { publisher: sender, notices } = publisher(`nats://user:secret@${place}`);
		await expect.poll(() => notices, patiently).not.toEqual([]);
		await sender.close();
		return notices[0];
	};
	const at = (one: typeof silent) => `127.0.0.1:${(one.address() as AddressInfo).port}`;
	const reasons = await Promise.all([told(at(silent)), told(at(rude)), told(at(web)), told("127.0.0.1:1")]);
	expect(reasons).toEqual([
		`cannot connect to nats://${at(silent)}: it says nothing`,
		`cannot connect to nats://${at(rude)}: it hangs up`,
		`cannot connect to nats://${at(web)}: it is no NATS server`,
		"cannot connect to nats://127.0.0.1:1: nobody listens there",
	]);
});

withNats(`logins: a user, a token, and a subject that one may not hear${why}`, async () => {
	const users = await server(
		'authorization { users = [{user: "bench", password: "s3c:ret"}, {user: "deaf", password: "x", permissions: {subscribe: {deny: ">"}}}] }',
	);
	const wrong = publisher(`nats://bench:guess@${users.address}`);
	await expect
		.poll(() => wrong.notices, patiently)
		.toEqual([`cannot connect to nats://${users.address}: it does not accept this login`]);
	const right = publisher(`nats://bench:s3c%3Aret@${users.address}`);
	await expect.poll(() => right.notices, patiently).toEqual([`publishing to nats://${users.address}`]);
	const deaf = listener(`nats://deaf:x@${users.address}`);
	await expect.poll(() => deaf.refusals, patiently).toEqual(["this login may not subscribe to a.>"]);
	const tokens = await server('authorization { token: "t0ken" }');
	const token = publisher(`nats://t0ken@${tokens.address}`);
	await expect.poll(() => token.notices, patiently).toEqual([`publishing to nats://${tokens.address}`]);
});

/** What `nsc` makes: claims that the issuer's key has signed. */
function jwt(issuer: ReturnType<typeof nkeys.createUser>, subject: string, claims: object): string {
	const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const iat = Math.floor(Date.now() / 1_000);
	const signed = [
		{ typ: "JWT", alg: "ed25519-nkey" },
		{ jti: subject, iat, iss: issuer.getPublicKey(), sub: subject, nats: { version: 2, ...claims } },
	]
		.map(part)
		.join(".");
	return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}

withNats(`logins by key: a seed, and a JWT with its seed, from files${why}`, async () => {
	const folder = mkdtempSync(join(tmpdir(), "keys-"));
	const file = (name: string, text: string) => {
		writeFileSync(join(folder, name), text, { mode: 0o600 });
		return join(folder, name);
	};
	const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
	const seed = Buffer.from(user.getSeed()).toString();
	const plain = await server(`authorization { users = [{ nkey: ${user.getPublicKey()} }] }`);
	const byKey = publisher(`nats://${plain.address}?nkey=${file("user.nk", `${seed}\n`)}`);
	await expect.poll(() => byKey.notices, patiently).toEqual([`publishing to nats://${plain.address}`]);

	const unlimited = { subs: -1, conn: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, leaf: -1 };
	const accountJwt = jwt(operator, account.getPublicKey(), { type: "account", limits: unlimited });
	const decentral = await server(
		`operator: ${jwt(operator, operator.getPublicKey(), { type: "operator" })}
		resolver: MEMORY
		resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
	);
	const userJwt = jwt(account, user.getPublicKey(), { type: "user", subs: -1, data: -1, payload: -1 });
	const creds = file(
		"user.creds",
		`-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n` +
			`-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
	);
	const byCreds = publisher(`nats://${decentral.address}?creds=${creds}`);
	await expect.poll(() => byCreds.notices, patiently).toEqual([`publishing to nats://${decentral.address}`]);
	const none = publisher(`nats://${decentral.address}?creds=${file("empty.creds", "nothing\n")}`);
	await expect.poll(() => none.notices.at(-1), patiently).toContain("the creds file holds no JWT and seed");
});

withNats(`TLS: a certificate of another authority is not believed, and no TLS is not enough${why}`, async () => {
	const { ca, server: own, client } = await writeIdentities();
	const { ca: foreign } = await writeIdentities();
	const tls = await server(`tls { cert_file: "${own.cert}", key_file: "${own.key}", ca_file: "${ca}", verify: true }`);
	const said = async (url: string) => {
		const { publisher: sender, notices } = publisher(url);
		await expect.poll(() => notices, patiently).not.toEqual([]);
		await sender.close();
		return notices[0];
	};
	const files = `cert=${client.cert}&key=${client.key}`;
	expect(await said(`tls://${tls.address}?ca=${ca}&${files}`)).toBe(`publishing to tls://${tls.address}`);
	expect(await said(`tls://localhost:${tls.port}?ca=${ca}&${files}`)).toBe(`publishing to tls://localhost:${tls.port}`);
	expect(await said(`tls://${tls.address}?ca=${foreign}&${files}`)).toContain(
		"its certificate is not of an authority that is believed here",
	);
	expect(await said(`tls://${tls.address}?ca=${ca}`)).toContain(`cannot connect to tls://${tls.address}`);
	expect(await said(`tls://${tls.address}?ca=/nowhere/ca.crt`)).toContain(
		"cannot read /nowhere/ca.crt: there is no such file",
	);
	const plain = await server();
	expect(await said(`tls://${plain.address}`)).toContain("it has no TLS, and tls:// takes no less");
});
