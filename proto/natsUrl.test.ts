import { expect, test } from "vitest";
import { natsUrlFault, parseNatsUrl } from "./natsUrl.js";

test.each([
	[
		"nats://127.0.0.1",
		{ host: "127.0.0.1", port: 4222, encrypted: false, login: undefined, shown: "nats://127.0.0.1:4222" },
	],
	["nats://[::1]:4300/", { host: "::1", port: 4300, shown: "nats://[::1]:4300" }],
	["nats://s3cret@host", { login: { kind: "token", token: "s3cret" }, shown: "nats://host:4222" }],
	["nats://u%40x:p%25w@host", { login: { kind: "password", user: "u@x", password: "p%w" }, shown: "nats://host:4222" }],
	["nats://host?creds=/run/x.creds", { login: { kind: "creds", path: "/run/x.creds" } }],
	["nats://host?nkey=/run/x.nk", { login: { kind: "nkey", path: "/run/x.nk" } }],
	[
		"tls://user:secret@host:1?ca=/ca&cert=/cert&key=/key",
		{ encrypted: true, tlsFiles: { ca: "/ca", cert: "/cert", key: "/key" }, shown: "tls://host:1" },
	],
	["tls://host", { encrypted: true, tlsFiles: {} }],
])("%s", (url, target) => {
	expect(natsUrlFault(url)).toBeUndefined();
	expect(parseNatsUrl(url)).toMatchObject(target);
});

const ANY = "expected a URL such as nats://127.0.0.1:4222 or tls://nats.internal:4222";

test.each([
	["", ANY],
	["localhost:4222", ANY],
	["http://host", ANY],
	["nats://host:70000", ANY],
	["nats://ho st", ANY],
	["nats://host\n", ANY],
	["nats://", "expected a host after nats://"],
	["nats:///x", "expected a host after nats://"],
	["nats://host/subject", "expected nothing after the host but the port and ?"],
	["nats://host#x", "expected nothing after the host but the port and ?"],
	["nats://host?ca=/ca", "expected only creds, nkey after the ? of a nats:// URL"],
	["tls://host?password=x", "expected only creds, nkey, ca, cert, key after the ? of a tls:// URL"],
	["tls://host?ca=/a&ca=/b", "expected each parameter once"],
	["tls://host?ca=here", "expected absolute paths as creds, nkey, ca, cert, key"],
	["tls://host?cert=/c", "expected cert and key together"],
	["nats://user:secret@host?creds=/c", "expected one login: a user, a token, creds or nkey"],
	["nats://host?creds=/c&nkey=/n", "expected one login: a user, a token, creds or nkey"],
	["nats://u:50%@host", "expected a user and a password whose % signs are written as %25"],
])("%j is refused, and not repeated", (url, fault) => {
	expect(natsUrlFault(url)).toBe(fault);
	expect(() => parseNatsUrl(url)).toThrow(fault);
});
