import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP port of this machine that nobody listened on just now, for a program that cannot take port 0. */
export async function freePort(): Promise<number> {
	const probe = createServer().listen(0, "127.0.0.1");
	await once(probe, "listening");
	const address = probe.address();
	probe.close();
	await once(probe, "close");
	if (address === null || typeof address === "string") throw new Error("no port given");
	return address.port;
}
