const SCHEMES = ["redis:", "rediss:", "unix:"];

/** What may stand after `?`, by scheme. */
const PARAMETERS: { readonly [scheme: string]: readonly string[] } = {
	"redis:": [],
	"rediss:": ["ca", "cert", "key"],
	"unix:": ["db", "username", "password"],
};

/**
 * What is wrong with a Redis URL, as the end of a sentence that begins with its name; undefined when it is fine. Never
 * repeats the URL, which may carry a password.
 *
 * Accepted: `redis://[user:password@]host[:port][/db]`, the same with `rediss` for TLS, which may end in
 * `?ca=/file&cert=/file&key=/file` (PEM, on the agent's machine), and
 * `unix:///path/to.sock[?db=N&username=…&password=…]`.
 */
export function redisUrlFault(url: string): string | undefined {
	if (!URL.canParse(url)) return "expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock";
	const { protocol, hostname, pathname, searchParams } = new URL(url);
	if (!SCHEMES.includes(protocol)) return "expected a URL that begins with redis://, rediss:// or unix://";
	const place = protocol === "unix:" ? socketFault(hostname, pathname) : hostFault(protocol, hostname, pathname);
	return place ?? parametersFault(protocol, searchParams);
}

function socketFault(hostname: string, pathname: string): string | undefined {
	return hostname !== "" || pathname.length < 2 ? "expected the socket's absolute path after unix://" : undefined;
}

function hostFault(protocol: string, hostname: string, pathname: string): string | undefined {
	if (hostname === "") return `expected a host after ${protocol}//`;
	return /^\/?\d{0,9}$/.test(pathname) ? undefined : "expected nothing after the host but the database's number";
}

function parametersFault(protocol: string, given: URLSearchParams): string | undefined {
	const allowed = PARAMETERS[protocol] ?? [];
	const names = [...given.keys()];
	if (names.some((name) => !allowed.includes(name))) {
		return `expected ${allowed.length === 0 ? "nothing" : `only ${allowed.join(", ")}`} after the ? of a ${protocol}// URL`;
	}
	if (new Set(names).size < names.length) return "expected each parameter once";
	const db = given.get("db");
	if (db !== null && !/^\d{1,9}$/.test(db)) return "expected a whole number as db";
	if (protocol !== "rediss:") return undefined;
	if ([...given.values()].some((path) => !path.startsWith("/"))) return "expected absolute paths as ca, cert and key";
	return given.has("cert") === given.has("key") ? undefined : "expected cert and key together";
}

const ALIAS = /^alias:([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;

/** The name in `alias:NAME`, a target that each agent's own configuration resolves; undefined for everything else. */
export function targetAlias(text: string): string | undefined {
	return ALIAS.exec(text)?.[1];
}

/** As `redisUrlFault`, of what a plan may name as its target: a Redis URL or an alias. */
export function targetFault(text: string): string | undefined {
	if (targetAlias(text) !== undefined) return undefined;
	if (!text.startsWith("alias:")) return redisUrlFault(text);
	return "expected alias: and a name of at most 64 letters, digits, dots, dashes and underscores";
}

/**
 * Hides the passwords of the URLs in a text: `redis://user:secret@host` becomes `redis://user:***@host`. Where it is not
 * clear how far a password goes (it may hold `@`, `/` or spaces unescaped) it hides too much rather than too little. Of a
 * NATS URL it hides the user too, who may be a token.
 */
export function hidePasswords(text: string): string {
	return text
		.replace(/:\/\/([^:]*):.*@/gs, "://$1:***@")
		.replace(/\b((?:nats|tls):\/\/)\S*@/gi, "$1***@")
		.replace(/([?&](?:password|pass|auth)=)[^\s&#]*/gi, "$1***");
}
