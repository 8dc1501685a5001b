import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy before a Redis that cuts connections in the middle of an enqueue. */
export interface EnqueueCutter {
	/** `redis://127.0.0.1:PORT` */
	readonly url: string;
	/** Enqueues that it cut before Redis had them, and after. */
	readonly cut: { readonly absent: number; readonly landed: number };
	close(): void;
}

/** The fused queue enqueues in a transaction that stores the tasks with MSET; its workers' transactions have none. */
const ENQUEUE = /\r\nmset\r\n.*\r\nexec\r\n/is;

/**
 * Passes everything on, but for two enqueues, counted over all connections: of number `absent` Redis gets no EXEC, of number
 * `landed` the client gets no answer. Both connections are cut.
 */
export async function startEnqueueCutter(
	redisPort: number,
	{ absent, landed }: { readonly absent: number; readonly landed: number },
): Promise<EnqueueCutter> {
	const cut = { absent: 0, landed: 0 };
	let enqueues = 0;
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		const redis = connect(redisPort, "127.0.0.1");
		for (const socket of [client, redis]) {
			sockets.add(socket);
			socket.setNoDelay(true);
			socket.on("error", () => {});
			socket.once("close", () => sockets.delete(socket));
		}
		client.on("data", (bytes) => {
			if (ENQUEUE.test(bytes.toString("latin1"))) {
				enqueues++;
				if (enqueues === absent) {
					cut.absent++;
					client.destroy();
					redis.destroy();
					return;
				}
				if (enqueues === landed) {
					cut.landed++;
					client.destroy();
					// Redis reads to the end before it closes.
					redis.end(bytes);
					return;
				}
			}
			redis.write(bytes);
		});
		redis.on("data", (bytes) => void (client.destroyed || client.write(bytes)));
		client.once("close", () => redis.end());
		redis.once("close", () => client.destroy());
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
		cut,
		close() {
			server.close();
			for (const socket of sockets) socket.destroy();
		},
	};
}
