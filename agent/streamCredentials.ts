import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import { roleFault, type TlsIdentity } from "../proto/tlsFiles.js";

/** What a client that dials the coordinator is made with. */
export interface StreamCredentials {
	readonly channel: ChannelCredentials;
	readonly options: ChannelOptions;
}

/** TLS may not be told an IP address as the server's name (RFC 6066), and the library would. */
const NAME_FOR_ADDRESSES = { "grpc.ssl_target_name_override": "coordinator" };

/**
 * How to dial the coordinator.
 *
 * @param coordinator HOST:PORT
 * @param tls this agent's identity; undefined: plaintext. The other end must then show a certificate of the same CA, for
 *   the host that is dialled, and as a coordinator: another agent's will not do
 */
export function streamCredentials(coordinator: string, tls: TlsIdentity | undefined): StreamCredentials {
	if (!tls) return { channel: credentials.createInsecure(), options: {} };
	const host = coordinator.slice(0, coordinator.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
	const channel = credentials.createSsl(tls.ca, tls.key, tls.cert, {
		checkServerIdentity(_, certificate) {
			const fault = roleFault(certificate.ext_key_usage, "coordinator");
			return fault === undefined ? checkServerIdentity(host, certificate) : new Error(fault);
		},
	});
	return { channel, options: isIP(host) === 0 ? {} : NAME_FOR_ADDRESSES };
}
