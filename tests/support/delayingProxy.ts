import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface ProxyOptions {
	/** Where clients connect; port 0: any. */
	readonly host: string;
	/** The server behind it. */
	readonly toPort: number;
	/** How long what a client sends is held back from now on, where these bytes tell; answers pass at once. */
	readonly delayMs?: (bytes: Buffer) => number | undefined;
	/** What clients get in place of what the server answered. */
	readonly answer?: (bytes: Buffer) => Buffer;
}

export interface Proxy {
	readonly port: number;
	close(): Promise<void>;
}

/** A TCP proxy to a server on loopback that can delay one direction and change the other. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		const upstream = connect(options.toPort, "127.0.0.1");
		let delayMs = 0;
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
			delayMs = options.delayMs?.(bytes) ?? delayMs;
			if (delayMs === 0) upstream.write(bytes);
			else setTimeout(() => upstream.writable && upstream.write(bytes), delayMs);
		});
		upstream.on("data", (bytes: Buffer) => client.write(options.answer?.(bytes) ?? bytes));
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
