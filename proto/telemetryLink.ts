import { readFile } from "node:fs/promises";
import { connect as connectSocket, isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { checkServerIdentity } from "node:tls";
import type { Authenticator, ConnectionOptions, NatsConnection } from "nats";
import { type NatsLogin, type NatsTarget, parseNatsUrl } from "./natsUrl.js";

const DIAL_TIMEOUT_MS = 2_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** A peer that is silent is noticed within twice this time. */
const PING_INTERVAL_MS = 5_000;

export interface LinkOptions {
	/** See `natsUrlFault`. */
	readonly url: string;
	/** Shown by the server's own monitoring. */
	readonly name: string;
	/** Told of each connection, as soon as it is there. */
	readonly onUp: (connection: NatsConnection) => void;
	/** Told why there is none, after each attempt; a sentence without passwords. */
	readonly onDown: (reason: string) => void;
	/** Told of what the server refuses while the connection stays. */
	readonly onRefusal: (reason: string) => void;
}

/**
 * A connection to NATS that is dialled anew whenever it breaks, for as long as it is not closed:
 *
 *   dialling ─▶ up ─ broken ─▶ pause (0.25 s, doubling to 5 s, jittered) ─▶ dialling
 *
 * The library's own reconnecting is off: it would take what is published meanwhile, and lose it without a word.
 */
export class TelemetryLink {
	readonly #target: NatsTarget;
	readonly #closing = new AbortController();
	readonly #done: Promise<void>;
	#connection: NatsConnection | undefined;

	/** @throws Error with a sentence where the URL is none */
	constructor(private readonly options: LinkOptions) {
		this.#target = parseNatsUrl(options.url);
		this.#done = this.#keepUp();
	}

	/** Where it leads, to be shown. */
	get shown(): string {
		return this.#target.shown;
	}

	get connection(): NatsConnection | undefined {
		return this.#connection;
	}

	/** Breaks the connection, which is then dialled anew. */
	redial(): void {
		void this.#connection?.close().catch(() => {});
	}

	/** May be called twice. */
	async close(): Promise<void> {
		this.#closing.abort();
		this.redial();
		await this.#done;
	}

	async #keepUp(): Promise<void> {
		const { signal } = this.#closing;
		let pauseMs = FIRST_PAUSE_MS;
		while (!signal.aborted) {
			try {
				const connection = await dial(this.#target, this.options.name, signal);
				if (signal.aborted) return await connection.close();
				pauseMs = FIRST_PAUSE_MS;
				const broken = await this.#use(connection);
				if (!signal.aborted) this.options.onDown(`the connection to ${this.shown} broke${broken ? `: ${broken}` : ""}`);
			} catch (error) {
				if (!signal.aborted) this.options.onDown(dialFault(this.shown, error as NodeJS.ErrnoException));
			}
			await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
			pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
		}
	}

	/** Until it breaks. @returns why */
	async #use(connection: NatsConnection): Promise<string | undefined> {
		this.#connection = connection;
		void this.#listen(connection);
		this.options.onUp(connection);
		const error = await connection.closed();
		this.#connection = undefined;
		return error?.message;
	}

	async #listen(connection: NatsConnection): Promise<void> {
		for await (const { type, data } of connection.status()) {
			if (type === "error" && typeof data === "string") this.options.onRefusal(`${this.shown} refuses: ${data}`);
		}
	}
}

async function dial(target: NatsTarget, name: string, signal: AbortSignal): Promise<NatsConnection> {
	// Loaded where it is used: a process without telemetry has neither its time nor its memory.
	const nats = await import("nats");
	await awaitGreeting(target, signal);
	return nats.connect({
		servers: `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`,
		name,
		timeout: DIAL_TIMEOUT_MS,
		reconnect: false,
		// By the system's resolver, which knows /etc/hosts.
		resolve: false,
		ignoreClusterUpdates: true,
		pingInterval: PING_INTERVAL_MS,
		maxPingOut: 1,
		...(target.login && (await authenticate(target.login, nats))),
		...(target.encrypted && { tls: await tlsOptions(target) }),
	});
}

/**
 * A server that takes connections and says nothing (it hangs, or is none) would leave the library waiting with a socket that it
 * never closes. So it is heard first on one that is ours.
 */
function awaitGreeting({ host, port }: NatsTarget, signal: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connectSocket({ host, port });
		const settle = (end: () => void) => {
			signal.removeEventListener("abort", given);
			socket.destroy();
			end();
		};
		const given = () => settle(() => reject(new Error("given up")));
		signal.addEventListener("abort", given, { once: true });
		socket.setTimeout(DIAL_TIMEOUT_MS, () => {
			const silence = socket.connecting ? "no answer" : "it says nothing";
			settle(() => reject(new Error(silence)));
		});
		socket.once("error", (error) => settle(() => reject(error)));
		socket.once("close", () => settle(() => reject(new Error("it hangs up"))));
		socket.once("data", (bytes) => {
			const isNats = bytes.toString("latin1").startsWith("INFO ");
			settle(() => (isNats ? resolve() : reject(new Error("it is no NATS server"))));
		});
	});
}

type Nats = typeof import("nats");

async function authenticate(login: NatsLogin, nats: Nats): Promise<{ authenticator: Authenticator }> {
	switch (login.kind) {
		case "password":
			return { authenticator: nats.usernamePasswordAuthenticator(login.user, login.password) };
		case "token":
			return { authenticator: nats.tokenAuthenticator(login.token) };
		case "creds":
			return { authenticator: nats.credsAuthenticator(await read(login.path)) };
		case "nkey":
			return { authenticator: nats.nkeyAuthenticator(Buffer.from((await read(login.path)).toString().trim())) };
	}
}

async function tlsOptions({ host, tlsFiles }: NatsTarget): Promise<NonNullable<ConnectionOptions["tls"]>> {
	const entries = Object.entries(tlsFiles).map(async ([name, path]) => [name, (await read(path)).toString()]);
	return {
		...Object.fromEntries(await Promise.all(entries)),
		// TLS may not be told an IP address as the server's name (RFC 6066), and without one Node would look for localhost.
		...(isIP(host) === 0 && { servername: host }),
		checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
			checkServerIdentity(host, certificate),
	};
}

async function read(path: string): Promise<Buffer> {
	try {
		return await readFile(path);
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		throw new Error(`cannot read ${path}: ${code === "ENOENT" ? "there is no such file" : (code ?? message)}`, {
			cause: error,
		});
	}
}

/** The library's and the system's codes, in words; whatever else is said in its own. */
const UNKNOWN_AUTHORITY = "its certificate is not of an authority that is believed here (?ca=FILE names one)";
const WORDS: { readonly [code: string]: string } = {
	ECONNREFUSED: "nobody listens there",
	CONNECTION_REFUSED: "nobody listens there",
	ENOTFOUND: "no host has that name",
	EAI_AGAIN: "no host has that name, or the resolver does not answer",
	ETIMEDOUT: "no answer",
	TIMEOUT: "no answer in time",
	CONNECTION_TIMEOUT: "no answer in time",
	AUTHORIZATION_VIOLATION: "it does not accept this login",
	AUTHENTICATION_EXPIRED: "the login has expired",
	BAD_CREDS: "the creds file holds no JWT and seed",
	BAD_AUTHENTICATION: "the login cannot be made from what is given",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
	SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
	DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
	SERVER_OPT_NA: "it has no TLS, and tls:// takes no less",
};

function dialFault(shown: string, { code, message }: NodeJS.ErrnoException): string {
	return `cannot connect to ${shown}: ${(code !== undefined && WORDS[code]) || message}`;
}
