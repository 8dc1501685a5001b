import { hidePasswords, redisUrlFault } from "../../proto/redisUrl.js";
import type { RedisTlsFiles } from "./redisTls.js";

/** Where a Redis is, in the words of ioredis. */
export interface RedisAddress {
	readonly host?: string;
	readonly port?: number;
	readonly path?: string;
	readonly username?: string;
	readonly password?: string;
	readonly db: number;
	/** Speaks TLS. */
	readonly tls?: RedisTlsFiles;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, the same with `rediss://` and `?ca=…&cert=…&key=…` behind it, and
 * `unix:///path/to.sock[?db=N&username=…&password=…]`.
 *
 * @throws Error with one sentence, the password hidden
 */
export function parseRedisUrl(url: string): RedisAddress {
	const fault = redisUrlFault(url);
	if (fault !== undefined) throw new Error(`Redis URL "${hidePasswords(url)}": ${fault}`);
	const { protocol, hostname, port, pathname, username, password, searchParams: query } = new URL(url);
	if (protocol === "unix:") {
		return {
			path: decodeURIComponent(pathname),
			...credentials(query.get("username") ?? "", query.get("password") ?? ""),
			db: Number(query.get("db") ?? 0),
		};
	}
	return {
		host: hostname.replace(/^\[(.*)\]$/, "$1"),
		port: port === "" ? DEFAULT_PORT : Number(port),
		...credentials(decodeURIComponent(username), decodeURIComponent(password)),
		db: Number(pathname.slice(1)),
		...(protocol === "rediss:" ? { tls: Object.fromEntries(query) } : undefined),
	};
}

function credentials(username: string, password: string): { username?: string; password?: string } {
	return { ...(username === "" ? undefined : { username }), ...(password === "" ? undefined : { password }) };
}
