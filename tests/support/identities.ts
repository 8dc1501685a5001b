import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRunCertificates, type RunCertificates } from "../../coordinator/fleet/certificates.js";

/** A server's and a client's certificate of one authority, in files. */
export interface IdentityFiles {
	readonly folder: string;
	readonly ca: string;
	readonly server: { readonly cert: string; readonly key: string };
	readonly client: { readonly cert: string; readonly key: string };
}

/** Writes fresh ones for this machine to a temporary folder, which the tests' own clean-up removes. */
export async function writeIdentities(): Promise<IdentityFiles> {
	const made: RunCertificates = await makeRunCertificates([], Date.now());
	const folder = mkdtempSync(join(tmpdir(), "tls-"));
	const write = (name: string, pem: string) => {
		const path = join(folder, name);
		writeFileSync(path, pem, { mode: 0o600 });
		return path;
	};
	return {
		folder,
		ca: write("ca.crt", made.ca),
		server: { cert: write("server.crt", made.coordinator.cert), key: write("server.key", made.coordinator.key) },
		client: { cert: write("client.crt", made.agent.cert), key: write("client.key", made.agent.key) },
	};
}
