import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { HELLO_TIMEOUT_MS, MAX_AGENTS } from "../../proto/limits.js";
import { type Address, formatAddress } from "./address.js";

/** Room for every agent, and for as many that come back before their last connection is known to be gone. */
const MAX_CONNECTIONS = 2 * MAX_AGENTS;

/** Takes TCP connections for the streams; one that has brought no agent within 10 s is cut. */
export interface Acceptor {
	/** With the port that was given. */
	readonly address: Address;
	/** An agent has said Hello over the connection from this peer, `ADDRESS:PORT`: it may stay. */
	greeted(peer: string): void;
	/** Takes no more, and lets those that are there be. May be called twice. */
	close(): void;
}

/**
 * @param address port 0: a free one
 * @param onConnection takes each connection before a byte of it was read: the TLS handshake is under the deadline too
 * @throws Error with a sentence for the user when the address cannot be bound
 */
export async function accept(address: Address, onConnection: (socket: Socket) => void): Promise<Acceptor> {
	const silent = new Map<string, NodeJS.Timeout>();
	const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
		const peer = `${socket.remoteAddress}:${socket.remotePort}`;
		silent.set(
			peer,
			setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS),
		);
		socket.on("error", () => {});
		socket.once("close", () => forget(peer));
		onConnection(socket);
	});
	const forget = (peer: string) => {
		clearTimeout(silent.get(peer));
		silent.delete(peer);
	};
	server.maxConnections = MAX_CONNECTIONS;
	server.listen(address.port, address.host);
	try {
		await once(server, "listening");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		const why = BIND_FAULTS.get(code) ?? message;
		throw new Error(`cannot listen on ${formatAddress(address)}: ${why}`, { cause: error });
	}
	const bound = server.address();
	const port = typeof bound === "object" && bound ? bound.port : address.port;
	return {
		address: { host: address.host, port },
		greeted: forget,
		close: () => {
			server.close();
			for (const peer of silent.keys()) forget(peer);
		},
	};
}

const BIND_FAULTS: ReadonlyMap<string | undefined, string> = new Map([
	["EADDRINUSE", "the port is taken"],
	["EADDRNOTAVAIL", "this machine has no such address"],
	["EACCES", "this user may not listen on that port"],
	["ENOTFOUND", "the host name is unknown"],
]);
