const SCHEMES = ["redis:", "rediss:", "unix:"];

/**
 * What is wrong with a Redis URL, as the end of a sentence that begins with its name; undefined when it is fine. Never
 * repeats the URL, which may carry a password.
 *
 * Accepted: `redis://[user:password@]host[:port][/db]`, the same with `rediss` for TLS, and
 * `unix:///path/to.sock[?db=N&password=…]`.
 */
export function redisUrlFault(url: string): string | undefined {
	if (!URL.canParse(url)) return "expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock";
	const { protocol, hostname, pathname, searchParams } = new URL(url);
	if (!SCHEMES.includes(protocol)) return "expected a URL that begins with redis://, rediss:// or unix://";
	if (protocol === "unix:") {
		if (hostname !== "" || pathname.length < 2) return "expected the socket's absolute path after unix://";
		const db = searchParams.get("db");
		return db === null || /^\d{1,9}$/.test(db) ? undefined : "expected a whole number as db";
	}
	if (hostname === "") return `expected a host after ${protocol}//`;
	return /^\/?\d{0,9}$/.test(pathname) ? undefined : "expected nothing after the host but the database's number";
}

/**
 * Hides the passwords of the URLs in a text: `redis://user:secret@host` becomes `redis://user:***@host`. Where it is not
 * clear how far a password goes (it may hold `@`, `/` or spaces unescaped) it hides too much rather than too little.
 */
export function hidePasswords(text: string): string {
	return text.replace(/:\/\/([^:]*):.*@/gs, "://$1:***@").replace(/([?&](?:password|pass|auth)=)[^\s&#]*/gi, "$1***");
}
