import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRunCertificates } from "../coordinator/fleet/certificates.js";
import { readTlsIdentity, roleFault, TlsFileError, type TlsPaths } from "../proto/tlsFiles.js";

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const HOUR_MS = 3_600_000;
const madeAtMs = Date.UTC(2026, 0, 31, 12);

const folder = mkdtempSync(join(tmpdir(), "tls-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const agent: TlsPaths = { ca: at("ca.crt"), cert: at("agent.crt"), key: at("agent.key") };

beforeAll(async () => {
	const certificates = await makeRunCertificates(["localhost"], madeAtMs);
	const texts = {
		"ca.crt": certificates.ca,
		"agent.crt": certificates.agent.cert,
		"agent.key": certificates.agent.key,
		"coordinator.crt": certificates.coordinator.cert,
		"coordinator.key": certificates.coordinator.key,
		"no.pem": "nothing",
	};
	for (const [name, text] of Object.entries(texts)) writeFileSync(at(name), text);
});

const read = (paths: Partial<TlsPaths>, nowMs = madeAtMs, role: "agent" | "coordinator" = "agent") =>
	readTlsIdentity({ ...agent, ...paths }, role, nowMs);

test("no file named: no TLS; each role's own files: its identity", () => {
	expect(readTlsIdentity({ ca: undefined, cert: undefined, key: undefined }, "agent", madeAtMs)).toBeUndefined();
	expect(read({})?.cert.toString()).toMatch(/BEGIN CERTIFICATE/);
	const own = { cert: at("coordinator.crt"), key: at("coordinator.key") };
	expect(read(own, madeAtMs, "coordinator")?.key.toString()).toMatch(/PRIVATE KEY/);
});

describe("refused, with the file's name", () => {
	test.each<[string, Partial<TlsPaths>, RegExp]>([
		["one of three", { key: undefined }, /takes all three of --tls-ca, --tls-cert and --tls-key/],
		["a file that is not there", { ca: at("nowhere") }, /cannot read .*nowhere: there is no such file/],
		["a CA that is none", { ca: at("no.pem") }, /no\.pem holds no certificate in PEM/],
		["a key that is none", { key: at("no.pem") }, /no\.pem holds no private key in PEM/],
		["another's key", { key: at("coordinator.key") }, /coordinator\.key is not the key of .*agent\.crt/],
		["the coordinator's certificate", { cert: at("coordinator.crt"), key: at("coordinator.key") }, /clientAuth alone/],
	])("%s", (_, paths, sentence) => {
		expect(() => read(paths)).toThrow(TlsFileError);
		expect(() => read(paths)).toThrow(sentence);
	});

	test("a certificate before its time and after it", () => {
		expect(() => read({}, madeAtMs + 25 * HOUR_MS)).toThrow(/ca\.crt expired on /);
		expect(() => read({}, madeAtMs - HOUR_MS)).toThrow(/ca\.crt is not valid before /);
	});
});

test.each<[string, readonly string[] | undefined, boolean]>([
	["the role's usage alone", [CLIENT_AUTH], true],
	["the other role's", [SERVER_AUTH], false],
	["both", [CLIENT_AUTH, SERVER_AUTH], false],
	["none", [], false],
	["no extended key usage at all", undefined, false],
])("an agent's certificate with %s", (_, usages, good) => {
	expect(roleFault(usages, "agent") === undefined).toBe(good);
});
