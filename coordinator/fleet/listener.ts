import { logVerbosity, Server, ServerCredentials, setLogVerbosity, status } from "@grpc/grpc-js";
import { ClusterService } from "../../proto/gen/cluster.js";
import { HELLO_TIMEOUT_MS, MAX_MESSAGE_BYTES } from "../../proto/limits.js";
import { roleFault, type TlsIdentity } from "../../proto/tlsFiles.js";
import { accept } from "./acceptor.js";
import type { Address } from "./address.js";
import { tokenMatches } from "./credentials.js";
import { type AgentStream, refuse } from "./link.js";

/** For a Bye that is under way. */
const CLOSE_GRACE_MS = 2_000;
/** An agent holds one; it may dial anew before the last one's end has come through. */
const STREAMS_PER_CONNECTION = 8;

/** What a stream has to show. */
export interface Admission {
	readonly token: string;
	/** undefined: plaintext. */
	readonly tls: TlsIdentity | undefined;
}

export interface Listener {
	readonly address: Address;
	/** Lets the streams end that are about to, then ends the others. May be called twice. */
	close(): Promise<void>;
}

/**
 * Listens for agents; a stream that presents the join token, and over TLS an agent's certificate, is handed to `onStream`;
 * any other is refused. A connection over which nobody has been let in (`greeted`) within 10 s is cut.
 *
 * @param address port 0: a free one
 * @param onRefused told of each stream that did not show it, with its `ADDRESS:PORT`
 * @throws Error with a sentence for the user when the address cannot be bound
 */
export async function listen(
	address: Address,
	{ token, tls }: Admission,
	onStream: (stream: AgentStream, greeted: () => void) => void,
	onRefused: (peer: string, reason: string) => void = () => {},
): Promise<Listener> {
	// What goes wrong is told by our own errors; the library would write lines of its own to stderr.
	setLogVerbosity(logVerbosity.NONE);
	const server = new Server({
		"grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
		"grpc.max_send_message_length": MAX_MESSAGE_BYTES,
		"grpc.max_concurrent_streams": STREAMS_PER_CONNECTION,
		"grpc.max_connection_idle_ms": HELLO_TIMEOUT_MS,
	});
	const connections = server.createConnectionInjector(credentialsOf(tls));
	const acceptor = await accept(address, (socket) => connections.injectConnection(socket));
	server.addService(ClusterService, {
		join(stream: AgentStream) {
			const fault = admissionFault(stream, { token, tls });
			if (fault === undefined) return onStream(stream, () => acceptor.greeted(stream.getPeer()));
			onRefused(stream.getPeer(), fault);
			refuse(stream, status.UNAUTHENTICATED, fault);
		},
	});
	const close = async () => {
		acceptor.close();
		await Promise.race([
			new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
			new Promise<void>((resolve) => setTimeout(resolve, CLOSE_GRACE_MS).unref()),
		]);
		server.forceShutdown();
	};
	return { address: acceptor.address, close };
}

function credentialsOf(tls: TlsIdentity | undefined): ServerCredentials {
	if (!tls) return ServerCredentials.createInsecure();
	return ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true);
}

function admissionFault(stream: AgentStream, { token, tls }: Admission): string | undefined {
	if (tls) {
		// TLS itself lets a certificate without any extended key usage pass as everything.
		const { ext_key_usage: usages } = stream.getAuthContext().sslPeerCertificate ?? {};
		const fault = roleFault(usages, "agent");
		if (fault !== undefined) return `the certificate shown will not do: ${fault}`;
	}
	const presented = String(stream.metadata.get("authorization")[0] ?? "").replace(/^Bearer /, "");
	return tokenMatches(token, presented) ? undefined : "wrong or missing join token";
}
