import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ChannelCredentials, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { streamCredentials } from "../agent/streamCredentials.js";
import { makeRunCertificates } from "../coordinator/fleet/certificates.js";
import { makeToken } from "../coordinator/fleet/credentials.js";
import { Fleet } from "../coordinator/fleet/fleet.js";
import { type Listener, listen } from "../coordinator/fleet/listener.js";
import { type AgentMessage, ClusterClient, type CoordinatorMessage, FailureKind, Hello } from "../proto/gen/cluster.js";
import { HELLO_TIMEOUT_MS, MAX_AGENTS, PROTOCOL_VERSION } from "../proto/limits.js";
import type { TlsIdentity } from "../proto/tlsFiles.js";
import { VERSION } from "../proto/version.js";

const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0).reverse()) await end();
});

interface Host {
	readonly fleet: Fleet;
	readonly listener: Listener;
	readonly at: string;
	readonly token: string;
	/** What those that joined were lost for. */
	readonly losses: string[];
}

async function host(size: number, tls?: TlsIdentity): Promise<Host> {
	const fleet = new Fleet({ size, log: pino({ level: "silent" }) });
	const losses: string[] = [];
	fleet.attend({
		joined() {},
		message() {},
		lost: (_, reason) => losses.push(reason),
		givenUp() {},
		returning: () => ({ kind: "unexpected" }),
	});
	const token = makeToken();
	const listener = await listen({ host: "127.0.0.1", port: 0 }, { token, tls }, (stream, greeted) =>
		fleet.admit(stream, greeted),
	);
	endings.push(async () => {
		fleet.dismiss("the test is over");
		await listener.close();
	});
	return { fleet, listener, at: `127.0.0.1:${listener.address.port}`, token, losses };
}

interface Stream {
	readonly send: (message: AgentMessage) => void;
	/** "welcome", or the name of the status that ended it and what it said. */
	readonly answer: Promise<string>;
	readonly ended: Promise<string>;
}

/** @param shown an agent's identity, undefined for plaintext, or credentials that no agent uses */
function dial(
	at: string,
	token: string,
	shown: TlsIdentity | ChannelCredentials | undefined,
	hello?: Partial<Hello>,
): Stream {
	const own = shown instanceof ChannelCredentials ? { channel: shown, options: {} } : streamCredentials(at, shown);
	const client = new ClusterClient(at, own.channel, {
		...own.options,
		"grpc.enable_retries": 0,
		"grpc.use_local_subchannel_pool": 1,
	});
	const metadata = new Metadata();
	metadata.set("authorization", `Bearer ${token}`);
	const stream = client.join(metadata);
	endings.push(() => {
		stream.cancel();
		client.close();
	});
	const welcome = new Promise<string>((resolve) => {
		stream.on("data", ({ body }: CoordinatorMessage) => body?.$case === "welcome" && resolve("welcome"));
	});
	const ended = new Promise<string>((resolve) => {
		stream.on("error", ({ code, details }: ServiceError) => resolve(`${status[code]}: ${details}`));
		stream.on("end", () => resolve("end"));
	});
	const send = (message: AgentMessage) => void stream.write(message);
	if (hello) {
		const whole = { protocolVersion: PROTOCOL_VERSION, softwareVersion: VERSION, agentId: "a", wantedIndex: -1 };
		send({ body: { $case: "hello", value: Hello.fromPartial({ ...whole, ...hello }) } });
	}
	return { send, ended, answer: Promise.race([welcome, ended]) };
}

async function identities(hosts: readonly string[] = []): Promise<Record<"coordinator" | "agent", TlsIdentity>> {
	const { ca, coordinator, agent } = await makeRunCertificates(hosts, Date.now());
	const pem = (keyed: { cert: string; key: string }) => ({
		ca: Buffer.from(ca),
		cert: Buffer.from(keyed.cert),
		key: Buffer.from(keyed.key),
	});
	return { coordinator: pem(coordinator), agent: pem(agent) };
}

describe("over TLS", () => {
	test("an agent with the run's certificate and token gets in; nobody else does", async () => {
		const [own, foreign] = await Promise.all([identities(), identities()]);
		const { at, token, fleet } = await host(2, own.coordinator);
		const attempts: [string, string, TlsIdentity | ChannelCredentials | undefined][] = [
			["no certificate", token, credentials.createSsl(own.agent.ca)],
			["a foreign authority's certificate", token, { ...foreign.agent, ca: own.agent.ca }],
			["plaintext", token, undefined],
			["the coordinator's certificate", token, own.coordinator],
			["an earlier run's token", makeToken(), own.agent],
			["no token", "", own.agent],
		];
		const answers = attempts.map(([, shown, channel]) => dial(at, shown, channel, {}).answer);
		for (const [index, answer] of (await Promise.all(answers)).entries()) {
			expect(answer, attempts[index]?.[0]).toMatch(/^(UNAVAILABLE|UNAUTHENTICATED): /);
		}
		expect(fleet.members).toEqual([]);
		expect(await dial(at, token, own.agent, {}).answer).toBe("welcome");
	});

	test("an agent believes nobody but its run's coordinator, by the name that it dialled", async () => {
		const [own, foreign] = await Promise.all([identities(), identities()]);
		const dialled = async (shown: TlsIdentity, address?: string) => {
			const { at, token } = await host(1, shown);
			return dial(address ?? at, token, own.agent, {}).answer;
		};
		expect(await dialled(foreign.coordinator)).toMatch(/^UNAVAILABLE: .*(self-signed|certificate)/);
		// Another agent that poses as the coordinator.
		expect(await dialled(own.agent)).toMatch(/^UNAVAILABLE: /);
		const { listener, token } = await host(1, own.coordinator);
		const byOtherName = `127.0.0.2:${listener.address.port}`;
		expect(await dial(byOtherName, token, own.agent, {}).answer).toMatch(/^UNAVAILABLE: /);
		const byName = `localhost:${listener.address.port}`;
		expect(await dial(byName, token, own.agent, {}).answer).toBe("welcome");
	});
});

describe("with the token", () => {
	const joined = async (at: string, token: string, hello: Partial<Hello> = {}) => {
		const stream = dial(at, token, undefined, hello);
		expect(await stream.answer).toBe("welcome");
		return stream;
	};

	test("a second agent of the same index is refused, and the first one stays", async () => {
		const { at, token, fleet } = await host(2);
		await joined(at, token, { wantedIndex: 1, agentId: "first" });
		expect(await dial(at, token, undefined, { wantedIndex: 1 }).answer).toBe(
			"FAILED_PRECONDITION: index 1 is taken by another agent",
		);
		expect(fleet.members.map(({ hello }) => hello.agentId)).toEqual(["first"]);
	});

	test.each([
		["too long a name", { agentId: "x".repeat(501) }, /INVALID_ARGUMENT: agentId has 501 characters/],
		["a name that would break a log", { agentId: "a\n\u001b[2J" }, /INVALID_ARGUMENT: agentId has control/],
		["another protocol", { protocolVersion: 2 }, /FAILED_PRECONDITION: this fleet runs version/],
		["an index outside the fleet", { wantedIndex: 4 }, /FAILED_PRECONDITION: index 4 is not in this fleet/],
	])("%s is refused", async (_, hello, refusal) => {
		const { at, token } = await host(1);
		expect(await dial(at, token, undefined, hello).answer).toMatch(refusal);
	});

	test("a first message that is no Hello is refused", async () => {
		const { at, token } = await host(1);
		const stream = dial(at, token, undefined);
		stream.send({ body: { $case: "armed", value: { ordinal: 0 } } });
		expect(await stream.answer).toBe("INVALID_ARGUMENT: the first message must be Hello");
	});

	test("a message of 5 MiB ends its sender's stream, and nobody else's", async () => {
		const { at, token, fleet, losses } = await host(2);
		const [hostile] = await Promise.all([joined(at, token, { agentId: "hostile" }), joined(at, token)]);
		const message = "x".repeat(5 * 1_048_576);
		hostile.send({ body: { $case: "failure", value: { ordinal: 0, kind: FailureKind.INTERNAL, message } } });
		expect(await hostile.ended).toMatch(/^RESOURCE_EXHAUSTED: .*larger than max/);
		await expect.poll(() => losses.length).toBe(1);
		expect(fleet.members.map(({ hello }) => hello.agentId)).toEqual(["a"]);
	});

	test("600 agents for 512 places: 512 get in, and the others hear why", { timeout: 30_000 }, async () => {
		const { at, token, fleet } = await host(MAX_AGENTS);
		const answers = await Promise.all(Array.from({ length: 600 }, () => dial(at, token, undefined, {}).answer));
		expect(answers.filter((answer) => answer === "welcome")).toHaveLength(MAX_AGENTS);
		const refusal = `FAILED_PRECONDITION: the fleet is complete with ${MAX_AGENTS} agents`;
		expect(answers.filter((answer) => answer === refusal)).toHaveLength(600 - MAX_AGENTS);
		expect(fleet.members).toHaveLength(MAX_AGENTS);
	});
});

test("whoever says nothing for 10 s is cut off, however far it got; an agent that joined stays", {
	timeout: 30_000,
}, async () => {
	const own = await identities();
	const { at, token, fleet, listener } = await host(1, own.coordinator);
	const member = dial(at, token, own.agent, {});
	await member.answer;
	// An agent in order answers heartbeats, and keeps its lease with that.
	const answering = setInterval(() => member.send({ body: { $case: "armed", value: { ordinal: 0 } } }), 1_000);
	endings.push(() => clearInterval(answering));
	const startedMs = performance.now();
	const { port } = listener.address;
	const silent = connect(port, "127.0.0.1");
	const handshaken = connectTls({ port, host: "127.0.0.1", ...own.agent, ALPNProtocols: ["h2"] });
	const cutAfterMs = async (socket: Socket) => {
		socket.resume().on("error", () => {});
		await once(socket, "close");
		return performance.now() - startedMs;
	};
	const [first, second, third] = await Promise.all([
		cutAfterMs(silent),
		cutAfterMs(handshaken),
		dial(at, token, own.agent).ended.then((answer) => {
			expect(answer).toMatch(/no Hello within 10 s|UNAVAILABLE|CANCELLED/);
			return performance.now() - startedMs;
		}),
	]);
	for (const afterMs of [first, second, third]) expect(afterMs).toBeGreaterThan(HELLO_TIMEOUT_MS - 500);
	expect(fleet.members).toHaveLength(1);
});
