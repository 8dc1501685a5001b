import { logVerbosity, Server, ServerCredentials, setLogVerbosity, status } from "@grpc/grpc-js";
import { ClusterService } from "../../proto/gen/cluster.js";
import { MAX_MESSAGE_BYTES } from "../../proto/limits.js";
import { type Address, formatAddress } from "./address.js";
import { tokenMatches } from "./credentials.js";
import { type AgentStream, refuse } from "./link.js";

/** For a Bye that is under way. */
const CLOSE_GRACE_MS = 2_000;

export interface Listener {
	readonly address: Address;
	/** Lets the streams end that are about to, then ends the others. May be called twice. */
	close(): Promise<void>;
}

/**
 * Listens for agents; a stream that presents the join token is handed to `onStream`, any other is refused.
 *
 * @param address port 0: a free one
 * @throws Error with a sentence for the user when the address cannot be bound
 */
export async function listen(
	address: Address,
	token: string,
	onStream: (stream: AgentStream) => void,
): Promise<Listener> {
	// What goes wrong is told by our own errors; the library would write lines of its own to stderr.
	setLogVerbosity(logVerbosity.NONE);
	const server = new Server({
		"grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
		"grpc.max_send_message_length": MAX_MESSAGE_BYTES,
	});
	server.addService(ClusterService, {
		join(stream: AgentStream) {
			const presented = String(stream.metadata.get("authorization")[0] ?? "").replace(/^Bearer /, "");
			if (tokenMatches(token, presented)) onStream(stream);
			else refuse(stream, status.UNAUTHENTICATED, "wrong or missing join token");
		},
	});
	const port = await new Promise<number>((resolve, reject) => {
		server.bindAsync(formatAddress(address), ServerCredentials.createInsecure(), (error, bound) => {
			if (!error) return resolve(bound);
			const taken = error.message.includes("EADDRINUSE") ? ": the port is taken" : `: ${error.message}`;
			reject(new Error(`cannot listen on ${formatAddress(address)}${taken}`, { cause: error }));
		});
	});
	const close = async () => {
		await Promise.race([
			new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
			new Promise<void>((resolve) => setTimeout(resolve, CLOSE_GRACE_MS).unref()),
		]);
		server.forceShutdown();
	};
	return { address: { host: address.host, port }, close };
}
