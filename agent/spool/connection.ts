import { Redis, type RedisOptions } from "ioredis";
import { hidePasswords } from "../../proto/redisUrl.js";
import { parseRedisUrl } from "./address.js";
import { corkWrites } from "./corked.js";
import { mendStrings } from "./mendedStrings.js";
import { type RedisTlsFiles, readRedisTls, TLS_FAULTS } from "./redisTls.js";
import { readReplies } from "./replies.js";

export type { Redis };

// By now ioredis is loaded.
mendStrings();

/** How long `openRedis` tries. */
const OPEN_TIMEOUT_MS = 5_000;

/** A connection with commands outstanding that says nothing for so long is given up, and opened anew. */
const SILENCE_TIMEOUT_MS = 60_000;

const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1_000;
const LOADING_POLL_MS = 100;

export interface OpenOptions {
	/** What CLIENT LIST shows. */
	readonly name: string;
	/** Ends the opening. Of no effect on a connection once opened. */
	readonly signal?: AbortSignal;
	/** Told of each loss and each failed reconnect, once opened. */
	readonly onError?: (error: Error) => void;
	readonly timeoutMs?: number;
}

/** The connection was lost after the command was written: it may or may not have taken effect. */
export class ConnectionLostError extends Error {
	override readonly name = "ConnectionLostError";
	constructor() {
		super("the connection was lost before Redis answered");
	}
}

/**
 * Opens a connection and sees that Redis answers on it.
 *
 * Once open it stays until `disconnect()`: after a loss it reconnects for as long as it takes, commands given meanwhile wait,
 * and those that were written and not answered reject with ConnectionLostError; none is ever sent twice.
 *
 * @throws Error with one sentence that says what to look at, the password hidden
 */
export async function openRedis(url: string, options: OpenOptions): Promise<Redis> {
	const { tls: tlsFiles, ...address } = parseRedisUrl(url);
	const timeoutMs = options.timeoutMs ?? OPEN_TIMEOUT_MS;
	let opened = false;
	let closing = false;
	let failure: Error | undefined;
	const redis = new Redis({
		...address,
		...(tlsFiles && { tls: tlsOf(url, tlsFiles) }),
		connectionName: options.name,
		lazyConnect: true,
		// RESP2: the same shapes from every server and every proxy.
		protocol: 2,
		// The check is INFO, which users of a shared Redis are often denied.
		enableReadyCheck: false,
		disableClientInfo: true,
		connectTimeout: timeoutMs,
		socketTimeout: SILENCE_TIMEOUT_MS,
		maxRetriesPerRequest: null,
		autoResendUnfulfilledCommands: false,
		retryStrategy: (attempt) => (opened && !closing ? reconnectDelayMs(attempt, Math.random()) : null),
	} satisfies RedisOptions);
	redis.on("error", (error: Error) => {
		if (opened) options.onError?.(error);
		else failure ??= error;
	});
	redis.on("connect", () => {
		if (closing) {
			disconnect();
			return;
		}
		corkWrites(redis.stream);
		readReplies(redis);
	});
	// ioredis forgets commands that wait for a reconnect when it is cut off before that: their promises would never settle.
	// So the last attempt is let come, and its end rejects them.
	const disconnect = redis.disconnect.bind(redis);
	redis.disconnect = () => {
		closing = true;
		if (redis.status !== "reconnecting") disconnect();
	};
	redis.on("close", () => rejectUnanswered(redis));
	try {
		await deadline(
			greet(redis, () => failure),
			timeoutMs,
			options.signal,
		);
	} catch (error) {
		if (redis.status !== "end") {
			redis.disconnect();
			(redis.stream as Redis["stream"] | undefined)?.destroy();
		}
		options.signal?.throwIfAborted();
		const fault = openingFault(failure ?? (error as Error), address.db, timeoutMs, tlsFiles !== undefined);
		throw new Error(`Redis at ${hidePasswords(url)} ${fault}`, { cause: error });
	}
	opened = true;
	return redis;
}

function tlsOf(url: string, files: RedisTlsFiles): ReturnType<typeof readRedisTls> {
	try {
		return readRedisTls(files);
	} catch (error) {
		throw new Error(`Redis at ${hidePasswords(url)} ${(error as Error).message}`, { cause: error });
	}
}

/** Between 50 ms and a bound that doubles with each attempt up to 1 s. */
function reconnectDelayMs(attempt: number, random: number): number {
	const boundMs = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** Math.min(attempt, 10));
	return RECONNECT_MIN_MS + random * (boundMs - RECONNECT_MIN_MS);
}

/** ioredis forgets unanswered commands where it may not resend them: their promises would never settle. */
function rejectUnanswered(redis: Redis): void {
	const unanswered = redis.commandQueue;
	for (let item = unanswered.shift(); item; item = unanswered.shift()) item.command.reject(new ConnectionLostError());
}

async function greet(redis: Redis, failure: () => Error | undefined): Promise<void> {
	await redis.connect();
	for (;;) {
		// A refused SELECT is an event only, and ioredis would go on in database 0.
		const refused = failure();
		if (refused) throw refused;
		try {
			await redis.ping();
			return;
		} catch (error) {
			if (replyCode(error as Error) !== "LOADING") throw error;
		}
		await new Promise((resolve) => setTimeout(resolve, LOADING_POLL_MS));
	}
}

class OpenTimeoutError extends Error {}

function deadline(work: Promise<void>, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve, reject) => {
		const onAbort = () => reject(signal?.reason as Error);
		const timer = setTimeout(() => reject(new OpenTimeoutError()), timeoutMs);
		if (signal?.aborted) onAbort();
		signal?.addEventListener("abort", onAbort, { once: true });
		work.then(resolve, reject).finally(() => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", onAbort);
		});
	});
}

/** The code that begins an error reply, such as OOM or NOPERM; undefined for any other error. */
function replyCode(error: Error): string | undefined {
	return error.name === "ReplyError" ? error.message.split(" ", 1)[0] : undefined;
}

function systemCode(error: Error): string | undefined {
	const { code } = error as NodeJS.ErrnoException;
	return typeof code === "string" ? code : undefined;
}

const CLOSED = "Connection is closed.";
const HUNG_UP = "closed the connection before it answered: is it a Redis, and does it want TLS (rediss://)?";
const HUNG_UP_IN_TLS =
	"closed the connection before it answered: does it want a client certificate (?cert=/file&key=/file)?";
const BAD_CREDENTIALS = "refused the user name or the password";

/** By the code of the system's error or of Redis's reply. */
const OPENING_FAULTS: ReadonlyMap<string | undefined, string> = new Map([
	["ECONNREFUSED", "refused the connection: is a server running there?"],
	["ENOENT", "cannot be reached: there is no such socket"],
	["EACCES", "cannot be reached: this user may not open the socket"],
	["ENOTFOUND", "cannot be reached: the host name is unknown"],
	["EAI_AGAIN", "cannot be reached: the host name is unknown"],
	["ECONNRESET", HUNG_UP],
	["EPIPE", HUNG_UP],
	["NOAUTH", "wants a password: give it in the URL"],
	["WRONGPASS", BAD_CREDENTIALS],
	...TLS_FAULTS,
]);

function openingFault(error: Error, db: number, timeoutMs: number, tls: boolean): string {
	const { message } = error;
	const reply = replyCode(error);
	if (error instanceof OpenTimeoutError || systemCode(error) === "ETIMEDOUT") {
		return `did not answer within ${timeoutMs / 1_000} s${tls ? ": does it speak TLS on that port?" : ""}`;
	}
	const known = OPENING_FAULTS.get(reply ?? systemCode(error));
	if (tls && (known === HUNG_UP || message === CLOSED)) return HUNG_UP_IN_TLS;
	if (known !== undefined) return known;
	if (message === CLOSED) return HUNG_UP;
	if (message.startsWith("Unknown RESP type")) return "answered, but it is not a Redis";
	if (reply === "NOPERM") return `does not permit this user what is needed: ${message}`;
	if (reply !== undefined && message.includes("invalid password")) return BAD_CREDENTIALS;
	if (reply !== undefined && message.includes("DB index")) return `has no database ${db}`;
	if (reply !== undefined) return `refused the connection: ${message}`;
	return `cannot be reached: ${message}`;
}

/**
 * What an error of a command means for what it was to do.
 *
 * @returns `rejected`: Redis refused, certainly nothing was done; `unknown`: there was no answer, it may have been done.
 *   `kind` is the reply's code (OOM, READONLY, NOPERM) or names the failure
 */
export function classifyError(error: Error): { readonly kind: string; readonly outcome: "rejected" | "unknown" } {
	const code = replyCode(error);
	if (code !== undefined) return { kind: code, outcome: "rejected" };
	if (error instanceof ConnectionLostError) return { kind: "connection lost", outcome: "unknown" };
	if (error.message === CLOSED) return { kind: "connection closed", outcome: "unknown" };
	return { kind: systemCode(error) ?? error.name, outcome: "unknown" };
}
