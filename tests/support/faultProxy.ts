import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy to a coordinator on loopback that can fail as networks do. */
export interface FaultProxy {
	/** `127.0.0.1:PORT` */
	readonly address: string;
	/** From now on nothing passes either way, and no end hears of it. */
	partition(): void;
	/** Once the coordinator has said `text`, so many more bytes of the agent's pass; then both ends are cut. */
	cutAfter(text: string, bytes: number): void;
	/** From now on nobody new gets through. */
	refuse(): void;
	close(): void;
}

/** What is said may come in two reads. */
const REMEMBERED = 1_000;

export async function startFaultProxy(toAddress: string): Promise<FaultProxy> {
	const sockets = new Set<Socket>();
	let parted = false;
	let refusing = false;
	let cut: { readonly text: string; readonly bytes: number } | undefined;
	const server = createServer((agent) => {
		if (refusing) {
			agent.destroy();
			return;
		}
		const coordinator = connect(Number(toAddress.split(":").at(-1)), "127.0.0.1");
		let bytesLeft = Number.POSITIVE_INFINITY;
		let said = "";
		for (const [socket, other] of [
			[agent, coordinator],
			[coordinator, agent],
		] as const) {
			sockets.add(socket.setNoDelay(true));
			socket.on("error", () => other.destroy());
			socket.on("close", () => {
				sockets.delete(socket);
				if (!parted) other.destroy();
			});
		}
		agent.on("data", (bytes: Buffer) => {
			if (parted) return;
			coordinator.write(bytes.subarray(0, bytesLeft));
			bytesLeft -= bytes.length;
			if (bytesLeft <= 0) coordinator.end(() => agent.destroy());
		});
		coordinator.on("data", (bytes: Buffer) => {
			if (parted) return;
			agent.write(bytes);
			said = (said + bytes.toString("latin1")).slice(-REMEMBERED);
			if (cut && said.includes(cut.text)) bytesLeft = Math.min(bytesLeft, cut.bytes);
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
		partition: () => {
			parted = true;
		},
		cutAfter: (text, bytes) => {
			cut = { text, bytes };
		},
		refuse: () => {
			refusing = true;
		},
		close: () => {
			server.close();
			for (const socket of sockets) socket.destroy();
		},
	};
}
