import { generateKeyPair, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import forge from "node-forge";

/** A certificate and its private key, in PEM. */
export interface KeyedCertificate {
	readonly cert: string;
	readonly key: string;
}

/** What the two ends of one run's streams show each other, in PEM. The authority's key is not among it: it is forgotten. */
export interface RunCertificates {
	readonly ca: string;
	readonly coordinator: KeyedCertificate;
	/** One for all agents: the join token and the index tell them apart. */
	readonly agent: KeyedCertificate;
}

export const VALID_HOURS = 24;
/** For hosts whose clocks are behind. */
const SKEW_MS = 5 * 60_000;
const KEY_BITS = 2_048;
const HOUR_MS = 3_600_000;

/** Names that reach the coordinator from its own machine. */
const OWN_NAMES = ["localhost", "127.0.0.1", "::1"];

/**
 * Makes an authority and what it vouches for, valid for 24 hours: the coordinator's certificate as a server only, the
 * agents' as clients only. Nobody can add to them: the authority's key is never written.
 *
 * @param hosts names and IP addresses that agents dial the coordinator by, beside this machine's own
 * @param nowMs the time, in milliseconds since 1970
 */
export async function makeRunCertificates(hosts: readonly string[], nowMs: number): Promise<RunCertificates> {
	const run = randomBytes(4).toString("hex");
	const [authority, coordinator, agent] = await Promise.all([makeKeys(), makeKeys(), makeKeys()]);
	const issuer: Issuer = { name: `Spool Bench ${run} CA`, keys: authority, nowMs };
	const altNames = [...new Set([...OWN_NAMES, ...hosts])].map((host) =>
		isIP(host) === 0 ? { type: DNS_NAME, value: host } : { type: IP_ADDRESS, ip: host },
	);
	return {
		ca: issue(issuer, issuer.name, authority.publicKey, [
			{ name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
			{ name: "keyUsage", keyCertSign: true, critical: true },
		]),
		coordinator: {
			key: coordinator.pem,
			cert: issue(issuer, `Spool Bench ${run} coordinator`, coordinator.publicKey, [
				...leafExtensions({ serverAuth: true }),
				{ name: "subjectAltName", altNames },
			]),
		},
		agent: {
			key: agent.pem,
			cert: issue(issuer, `Spool Bench ${run} agent`, agent.publicKey, leafExtensions({ clientAuth: true })),
		},
	};
}

/** Of a subjectAltName (RFC 5280, 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

interface Keys {
	readonly pem: string;
	readonly publicKey: forge.pki.rsa.PublicKey;
	readonly privateKey: forge.pki.rsa.PrivateKey;
}

interface Issuer {
	readonly name: string;
	readonly keys: Keys;
	readonly nowMs: number;
}

/** By Node, which takes milliseconds for what takes the library seconds. */
async function makeKeys(): Promise<Keys> {
	const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", {
		modulusLength: KEY_BITS,
		privateKeyEncoding: { type: "pkcs8", format: "pem" },
		publicKeyEncoding: { type: "spki", format: "pem" },
	});
	return {
		pem: privateKey,
		publicKey: forge.pki.publicKeyFromPem(publicKey),
		privateKey: forge.pki.privateKeyFromPem(privateKey),
	};
}

function leafExtensions(usage: { serverAuth: true } | { clientAuth: true }): Record<string, unknown>[] {
	return [
		{ name: "basicConstraints", cA: false, critical: true },
		{ name: "keyUsage", digitalSignature: true, critical: true },
		{ name: "extKeyUsage", ...usage },
	];
}

function issue(
	{ name, keys, nowMs }: Issuer,
	subject: string,
	publicKey: forge.pki.rsa.PublicKey,
	extensions: Record<string, unknown>[],
): string {
	const certificate = forge.pki.createCertificate();
	certificate.publicKey = publicKey;
	// Positive, as RFC 5280 wants it.
	certificate.serialNumber = `01${randomBytes(15).toString("hex")}`;
	certificate.validity.notBefore = new Date(nowMs - SKEW_MS);
	certificate.validity.notAfter = new Date(nowMs + VALID_HOURS * HOUR_MS);
	certificate.setSubject([{ name: "commonName", value: subject }]);
	certificate.setIssuer([{ name: "commonName", value: name }]);
	certificate.setExtensions(extensions);
	certificate.sign(keys.privateKey, forge.md.sha256.create());
	return forge.pki.certificateToPem(certificate);
}
