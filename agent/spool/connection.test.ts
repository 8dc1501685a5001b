import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.js";
import { ConnectionLostError, classifyError, openRedis, type Redis } from "./connection.js";

const opened: { disconnect(): void }[] = [];

async function open(url: string, options: Partial<Parameters<typeof openRedis>[1]> = {}): Promise<Redis> {
	const redis = await openRedis(url, { name: "test", ...options });
	opened.push(redis);
	return redis;
}

const sentence = (url: string, options: Partial<Parameters<typeof openRedis>[1]> = {}) =>
	open(url, options).then(
		() => "opened",
		(error: Error) => error.message,
	);

afterEach(() => {
	for (const redis of opened.splice(0)) redis.disconnect();
});

it("whoever can open connections has texts as fast as before", () => {
	setFlagsFromString("--allow-natives-syntax");
	expect(runInThisContext("%HasFastProperties(String.prototype)")).toBe(true);
});

describe("a server with a password and users", () => {
	let server: TestRedis;
	const at = (userinfo: string, rest = "") => server.tcpUrl.replace("redis://", `redis://${userinfo}`) + rest;

	beforeAll(async () => {
		server = await startRedis([
			...["--requirepass", "s3cret"],
			...["--user", "mute", "on", ">m", "~*", "+auth"],
			...["--user", "frugal", "on", ">f", "~*", "+@all", "-@dangerous", "-client"],
		]);
	});
	afterAll(() => server?.stop());

	it("is opened with what it wants, over TCP and a unix socket", async () => {
		expect(await (await open(at(":s3cret@", "/3"))).ping()).toBe("PONG");
		expect(await (await open(at("default:s3cret@"))).ping()).toBe("PONG");
		const redis = await open(`${server.url}?password=s3cret&db=3`, { name: "by-name" });
		expect(await redis.client("LIST")).toMatch(/name=by-name .*db=3/);
	});

	it("is opened by a user who may neither ask for INFO nor set a name", async () => {
		expect(await (await open(at("frugal:f@"))).ping()).toBe("PONG");
	});

	it("gives one sentence for each refusal, without the password", async () => {
		const hidden = (user: string, rest = "") => at(`${user}:***@`, rest);
		expect(await sentence(server.tcpUrl)).toBe(`Redis at ${server.tcpUrl} wants a password: give it in the URL`);
		expect(await sentence(at(":wr0ng@"))).toBe(`Redis at ${hidden("")} refused the user name or the password`);
		expect(await sentence(at("nobody:wr0ng@"))).toBe(
			`Redis at ${hidden("nobody")} refused the user name or the password`,
		);
		expect(await sentence(at("mute:m@"))).toMatch(
			/^Redis at redis:\/\/mute:\*\*\*@\S+ does not permit this user .*'ping'/,
		);
		expect(await sentence(at(":s3cret@", "/99"))).toBe(`Redis at ${hidden("", "/99")} has no database 99`);
	});
});

describe("no Redis there", () => {
	const servers: Server[] = [];
	const sockets = new Set<Socket>();
	let folder: string;

	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "connection-"));
	});
	afterAll(async () => {
		for (const socket of sockets) socket.destroy();
		for (const server of servers) server.close();
		rmSync(folder, { recursive: true });
	});

	async function listen(answer: (socket: Socket) => void): Promise<string> {
		const server = createServer((socket) => {
			sockets.add(socket.on("error", () => {}));
			answer(socket);
		});
		servers.push(server.listen(0, "127.0.0.1"));
		await once(server, "listening");
		const address = server.address();
		if (address === null || typeof address === "string") throw new Error("no port");
		return `redis://127.0.0.1:${address.port}`;
	}

	it("a closed port", async () => {
		const url = await listen(() => {});
		servers.pop()?.close();
		expect(await sentence(url)).toBe(`Redis at ${url} refused the connection: is a server running there?`);
	});

	it("a socket that does not exist", async () => {
		const url = `unix://${folder}/none.sock`;
		expect(await sentence(url)).toBe(`Redis at ${url} cannot be reached: there is no such socket`);
	});

	it("a host that nobody knows", async () => {
		expect(await sentence("redis://:pw@no-such-host.invalid")).toBe(
			"Redis at redis://:***@no-such-host.invalid cannot be reached: the host name is unknown",
		);
	});

	it("a server that speaks something else", async () => {
		const url = await listen((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
		expect(await sentence(url)).toBe(`Redis at ${url} answered, but it is not a Redis`);
	});

	it("a server that hangs up", async () => {
		const url = await listen((socket) => socket.destroy());
		expect(await sentence(url)).toMatch(
			/closed the connection before it answered: is it a Redis, and does it want TLS/,
		);
	});

	it("a server that says nothing", async () => {
		const url = await listen(() => {});
		expect(await sentence(url, { timeoutMs: 200 })).toBe(`Redis at ${url} did not answer within 0.2 s`);
	});

	it("no TLS where TLS is wanted", async () => {
		const url = await listen((socket) => socket.write("-ERR\r\n"));
		expect(await sentence(url.replace("redis:", "rediss:"))).toMatch(
			/^Redis at rediss:\S+ does not speak TLS on that port/,
		);
	});

	it("an abort ends the attempt with its reason", async () => {
		const url = await listen(() => {});
		const abort = new AbortController();
		const opening = sentence(url, { signal: abort.signal });
		abort.abort(new Error("not any more"));
		expect(await opening).toBe("not any more");
		expect(await sentence(url, { signal: abort.signal })).toBe("not any more");
	});

	it("a Redis that is still loading is waited for", async () => {
		let pings = 0;
		const url = await listen((socket) =>
			socket.on("data", (data) => {
				const isPing = String(data).toLowerCase().includes("ping");
				socket.write(isPing && ++pings < 3 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+OK\r\n");
			}),
		);
		expect(await sentence(url)).toBe("opened");
		expect(pings).toBe(3);
	});
});

describe("an open connection", () => {
	let server: TestRedis;
	beforeAll(async () => {
		server = await startRedis();
	});
	afterAll(() => server?.stop());

	it("that is lost rejects what was written, sends it never again, and is opened anew for what comes", async () => {
		const redis = await open(server.url);
		const other = await open(server.url);
		const id = await redis.client("ID");
		await other.client("PAUSE", 10_000, "WRITE");
		const unanswered = redis.incr("counter").catch((error: Error) => error);
		await other.client("KILL", "ID", id);
		const loss = await unanswered;
		const waiting = redis.set("after", "reconnect");
		await other.client("UNPAUSE");
		expect(loss).toBeInstanceOf(ConnectionLostError);
		expect(classifyError(loss as Error)).toEqual({ kind: "connection lost", outcome: "unknown" });
		expect(await waiting).toBe("OK");
		expect(await redis.get("counter")).toBeNull();
		expect(await redis.client("ID")).not.toBe(id);
	});

	it("that is disconnected rejects everything", async () => {
		const redis = await open(server.url);
		redis.disconnect();
		const error = await redis.get("x").catch((reason: Error) => reason);
		expect(classifyError(error as Error)).toEqual({ kind: "connection closed", outcome: "unknown" });
	});

	it("that is disconnected while it waits to reconnect rejects what waits with it", async () => {
		const doomed = await startRedis();
		const redis = await open(doomed.url);
		await doomed.stop();
		const waiting = redis.get("x").catch((reason: Error) => reason);
		await expect.poll(() => redis.status).toBe("reconnecting");
		redis.disconnect();
		expect(classifyError((await waiting) as Error)).toEqual({ kind: "connection closed", outcome: "unknown" });
	});

	it("sends what many loops write in one turn in one piece, each loop waiting for none but its own answers", async () => {
		const redis = await open(server.url);
		const writes: number[] = [];
		const { _writev } = redis.stream as unknown as { _writev: (chunks: unknown[], done: () => void) => void };
		Object.assign(redis.stream, {
			_writev(this: Socket, chunks: unknown[], done: () => void) {
				writes.push(chunks.length);
				_writev.call(this, chunks, done);
			},
		});
		await Promise.all(
			Array.from({ length: 32 }, async (_none, loop) => {
				for (let step = 0; step < 10; step++) expect(await redis.incr(`loop:${loop}`)).toBe(step + 1);
			}),
		);
		expect(writes.reduce((sum, count) => sum + count, 0)).toBe(320);
		expect(writes[0]).toBe(32);
	});
});

describe("classifyError", () => {
	const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError" });
	it.each([
		[reply("OOM command not allowed when used memory > 'maxmemory'."), { kind: "OOM", outcome: "rejected" }],
		[reply("READONLY You can't write against a read only replica."), { kind: "READONLY", outcome: "rejected" }],
		[reply("NOPERM this user has no permissions"), { kind: "NOPERM", outcome: "rejected" }],
		[reply("ERR unknown command"), { kind: "ERR", outcome: "rejected" }],
		[Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }), { kind: "ECONNRESET", outcome: "unknown" }],
		[new RangeError("?"), { kind: "RangeError", outcome: "unknown" }],
	])("%s", (error, expected) => {
		expect(classifyError(error)).toEqual(expected);
	});
});
