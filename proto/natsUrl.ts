/** How to reach a NATS server, and as whom. */
export interface NatsTarget {
	readonly host: string;
	readonly port: number;
	/** Over TLS or not at all. */
	readonly encrypted: boolean;
	readonly login: NatsLogin | undefined;
	/** Paths of PEM files, on the machine that dials. */
	readonly tlsFiles: { readonly ca?: string; readonly cert?: string; readonly key?: string };
	/** `tls://host:4222` or `nats://host:4222`, to be shown. */
	readonly shown: string;
}

export type NatsLogin =
	| { readonly kind: "password"; readonly user: string; readonly password: string }
	| { readonly kind: "token"; readonly token: string }
	/** A file with a JWT and its seed, or with a seed alone, on the machine that dials. */
	| { readonly kind: "creds" | "nkey"; readonly path: string };

const DEFAULT_PORT = 4222;
const EXAMPLES = "nats://127.0.0.1:4222 or tls://nats.internal:4222";
const TLS_FILES = ["ca", "cert", "key"] as const;
const LOGIN_FILES = ["creds", "nkey"] as const;

/**
 * What is wrong with the URL of a NATS server, as the end of a sentence that begins with its name; undefined when it is fine.
 * Never repeats the URL, which may carry a password.
 *
 * Accepted: `nats://[user:password@ | token@]host[:port]`, the same with `tls` for TLS, then `?` and paths of files:
 * `creds=` or `nkey=` for a login by key, with `tls` also `ca=`, `cert=` and `key=` (PEM).
 */
export function natsUrlFault(url: string): string | undefined {
	if (/[\s\p{Cc}]/u.test(url) || !URL.canParse(url)) return `expected a URL such as ${EXAMPLES}`;
	const { protocol, hostname, pathname, hash, username, password, searchParams: given } = new URL(url);
	if (protocol !== "nats:" && protocol !== "tls:") return `expected a URL such as ${EXAMPLES}`;
	if (hostname === "") return `expected a host after ${protocol}//`;
	if ((pathname !== "" && pathname !== "/") || hash !== "") return "expected nothing after the host but the port and ?";
	const allowed: readonly string[] = protocol === "tls:" ? [...LOGIN_FILES, ...TLS_FILES] : LOGIN_FILES;
	const names = [...given.keys()];
	if (names.some((name) => !allowed.includes(name)))
		return `expected only ${allowed.join(", ")} after the ? of a ${protocol}// URL`;
	if (new Set(names).size < names.length) return "expected each parameter once";
	if ([...given.values()].some((path) => !path.startsWith("/")))
		return `expected absolute paths as ${allowed.join(", ")}`;
	if (given.has("cert") !== given.has("key")) return "expected cert and key together";
	const logins = [username !== "" || password !== "", given.has("creds"), given.has("nkey")];
	if (logins.filter(Boolean).length > 1) return "expected one login: a user, a token, creds or nkey";
	return decoded(username) === undefined || decoded(password) === undefined
		? "expected a user and a password whose % signs are written as %25"
		: undefined;
}

/** @throws Error with `natsUrlFault`'s words */
export function parseNatsUrl(url: string): NatsTarget {
	const fault = natsUrlFault(url);
	if (fault !== undefined) throw new Error(fault);
	const { protocol, hostname, port, username, password, searchParams } = new URL(url);
	const tlsFiles = Object.fromEntries(
		TLS_FILES.flatMap((name) => (searchParams.has(name) ? [[name, searchParams.get(name)]] : [])),
	);
	return {
		host: hostname.replace(/^\[(.*)\]$/, "$1"),
		port: port === "" ? DEFAULT_PORT : Number(port),
		encrypted: protocol === "tls:",
		login: loginOf(username, password, searchParams),
		tlsFiles,
		shown: `${protocol}//${hostname}:${port || DEFAULT_PORT}`,
	};
}

function loginOf(username: string, password: string, files: URLSearchParams): NatsLogin | undefined {
	for (const kind of LOGIN_FILES) {
		const path = files.get(kind);
		if (path !== null) return { kind, path };
	}
	if (password !== "") return { kind: "password", user: decoded(username) ?? "", password: decoded(password) ?? "" };
	return username === "" ? undefined : { kind: "token", token: decoded(username) ?? "" };
}

function decoded(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}
