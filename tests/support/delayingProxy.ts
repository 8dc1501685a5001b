import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** What a proxy saw of one message, at the moment at which it came in on this process's clock. */
export interface Sight {
	readonly from: string;
	readonly bytes: Buffer;
	readonly atMs: number;
}

export interface ProxyOptions {
	/** Where clients connect; port 0: any. */
	readonly host: string;
	/** The server behind it. */
	readonly toPort: number;
	/** How long what a client at this address sends is held back; answers pass at once. */
	readonly delayMs?: (clientAddress: string) => number;
	/** Told of what clients send. Gives what to do when the server has answered, if anything. */
	readonly onSent?: (sight: Sight) => ((atMs: number) => void) | undefined;
	/** What clients get in place of what the server answered. */
	readonly answer?: (bytes: Buffer) => Buffer;
}

export interface Proxy {
	readonly port: number;
	close(): Promise<void>;
}

/** A TCP proxy to a server on loopback that can delay one direction, change the other, and see what passes before it does. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		const upstream = connect(options.toPort, "127.0.0.1");
		const from = client.remoteAddress ?? "";
		const delayMs = options.delayMs?.(from) ?? 0;
		let onAnswer: ((atMs: number) => void) | undefined;
		for (const [socket, other] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			sockets.add(socket.setNoDelay(true));
			socket.on("error", () => other.destroy());
			socket.on("close", () => {
				other.destroy();
				sockets.delete(socket);
			});
		}
		client.on("data", (bytes: Buffer) => {
			onAnswer = options.onSent?.({ from, bytes, atMs: performance.now() }) ?? onAnswer;
			if (delayMs === 0) upstream.write(bytes);
			else setTimeout(() => upstream.writable && upstream.write(bytes), delayMs);
		});
		upstream.on("data", (bytes: Buffer) => {
			client.write(options.answer?.(bytes) ?? bytes);
			onAnswer?.(performance.now());
			onAnswer = undefined;
		});
	});
	server.listen(0, options.host);
	await once(server, "listening");
	return { port: portOf(server), close: () => closed(server, sockets) };
}

function portOf(server: Server): number {
	const address = server.address();
	if (address === null || typeof address === "string") throw new Error("no port given");
	return address.port;
}

async function closed(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
	server.close();
	for (const socket of sockets) socket.destroy();
	await once(server, "close");
}
