import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";

/** Where the PEM files of a TLS connection to Redis are; without a `ca` the system's authorities are believed. */
export interface RedisTlsFiles {
	readonly ca?: string;
	/** The client's certificate, where the server wants one, and its key. */
	readonly cert?: string;
	readonly key?: string;
}

/**
 * Reads the files of a TLS connection.
 *
 * @throws Error whose message goes on from the server's name: "has no CA: …"
 */
export function readRedisTls({ ca, cert, key }: RedisTlsFiles): Pick<ConnectionOptions, "ca" | "cert" | "key"> {
	return {
		...(ca !== undefined && { ca: read("CA", ca) }),
		...(cert !== undefined && { cert: read("client certificate", cert) }),
		...(key !== undefined && { key: read("client key", key) }),
	};
}

function read(what: string, path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		const why = code === "ENOENT" ? "there is no such file" : message;
		throw new Error(`cannot be trusted: its ${what} ${path} cannot be read: ${why}`, { cause: error });
	}
}

/** By the code of OpenSSL's or Node's error, how a sentence about the server ends. */
export const TLS_FAULTS: readonly (readonly [string, string])[] = [
	["SELF_SIGNED_CERT_IN_CHAIN", "shows a certificate of an authority that is not believed: name its CA as ?ca=/file"],
	["DEPTH_ZERO_SELF_SIGNED_CERT", "shows a self-signed certificate: name it as ?ca=/file"],
	[
		"UNABLE_TO_VERIFY_LEAF_SIGNATURE",
		"shows a certificate of an authority that is not believed: is ?ca=/file the right one?",
	],
	[
		"UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
		"shows a certificate of an authority that is not believed: is ?ca=/file the right one?",
	],
	["CERT_SIGNATURE_FAILURE", "shows a certificate of an authority that is not believed: is ?ca=/file the right one?"],
	["ERR_TLS_CERT_ALTNAME_INVALID", "shows a certificate for another host name"],
	["CERT_HAS_EXPIRED", "shows a certificate that has expired"],
	["CERT_NOT_YET_VALID", "shows a certificate that is not valid yet"],
	["INVALID_PURPOSE", "shows a certificate that is not for servers"],
	["ERR_SSL_WRONG_VERSION_NUMBER", "does not speak TLS on that port: redis:// instead of rediss://?"],
	["ERR_SSL_PACKET_LENGTH_TOO_LONG", "does not speak TLS on that port: redis:// instead of rediss://?"],
	["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a client certificate: name it as ?cert=/file&key=/file"],
	["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "wants a client certificate: name it as ?cert=/file&key=/file"],
	["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "does not believe the client certificate's authority"],
	["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "does not take the client certificate"],
	["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "cannot be spoken to: the client key is not the client certificate's"],
];
