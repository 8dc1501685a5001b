import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** Which end of the stream a certificate may stand for. */
export type TlsRole = "coordinator" | "agent";

/** Where an end's PEM files are, as the flags --tls-ca, --tls-cert and --tls-key name them. */
export interface TlsPaths {
	readonly ca: string | undefined;
	readonly cert: string | undefined;
	readonly key: string | undefined;
}

/** What one end shows, and whom it believes: PEM. */
export interface TlsIdentity {
	readonly ca: Buffer;
	readonly cert: Buffer;
	readonly key: Buffer;
}

/** Files that do not make an identity; the message names the file and what is wrong. */
export class TlsFileError extends Error {}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const USAGE: { readonly [role in TlsRole]: { readonly oid: string; readonly name: string } } = {
	coordinator: { oid: SERVER_AUTH, name: "serverAuth" },
	agent: { oid: CLIENT_AUTH, name: "clientAuth" },
};

/**
 * Reads an end's certificate, key and the CA that it believes, and sees that they will do, before anything listens or dials.
 *
 * @param role what this end is
 * @param nowMs the time, in milliseconds since 1970
 * @returns undefined where none of the three is named
 * @throws TlsFileError
 */
export function readTlsIdentity(paths: TlsPaths, role: TlsRole, nowMs: number): TlsIdentity | undefined {
	const { ca, cert, key } = paths;
	if (ca === undefined && cert === undefined && key === undefined) return undefined;
	if (ca === undefined || cert === undefined || key === undefined) {
		throw new TlsFileError("TLS takes all three of --tls-ca, --tls-cert and --tls-key");
	}
	const authority = read(ca);
	certificateIn(ca, authority, nowMs);
	const identity = { ca: authority, cert: read(cert), key: read(key) };
	const own = certificateIn(cert, identity.cert, nowMs);
	const fault = roleFault(own.keyUsage, role);
	if (fault !== undefined) throw new TlsFileError(`${cert}: ${fault}`);
	const privateKey = keyIn(key, identity.key);
	if (!own.checkPrivateKey(privateKey)) throw new TlsFileError(`${key} is not the key of ${cert}`);
	return identity;
}

/**
 * Roles by key usage: whoever holds an agent's certificate must not pass for the coordinator, nor the reverse.
 *
 * @param usages the certificate's extended key usages, as OIDs
 * @returns what is wrong with a certificate for this role; undefined when nothing is
 */
export function roleFault(usages: readonly string[] | undefined, role: TlsRole): string | undefined {
	const { oid, name } = USAGE[role];
	if (usages?.length === 1 && usages[0] === oid) return undefined;
	return `it is not a certificate for ${role === "agent" ? "an" : "the"} ${role}: its extended key usage must be ${name} alone`;
}

function read(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		throw new TlsFileError(`cannot read ${path}: ${code === "ENOENT" ? "there is no such file" : message}`);
	}
}

/** The file's first certificate; others may follow it as its chain. */
function certificateIn(path: string, pem: Buffer, nowMs: number): X509Certificate {
	let certificate: X509Certificate;
	try {
		certificate = new X509Certificate(pem);
	} catch {
		throw new TlsFileError(`${path} holds no certificate in PEM`);
	}
	const { validFrom, validTo } = certificate;
	if (nowMs > Date.parse(validTo)) throw new TlsFileError(`${path} expired on ${validTo}`);
	if (nowMs < Date.parse(validFrom)) throw new TlsFileError(`${path} is not valid before ${validFrom}`);
	return certificate;
}

function keyIn(path: string, pem: Buffer): ReturnType<typeof createPrivateKey> {
	try {
		return createPrivateKey(pem);
	} catch {
		throw new TlsFileError(`${path} holds no private key in PEM without a passphrase`);
	}
}
