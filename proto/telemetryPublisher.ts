import type { NatsConnection } from "nats";
import { type LinkOptions, TelemetryLink } from "./telemetryLink.js";

/** A server that has not answered for so long is dialled anew. */
const ANSWER_TIMEOUT_MS = 5_000;
/** For what was offered last, where the server takes it. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface PublisherOptions extends Pick<LinkOptions, "url" | "name"> {
	/** Told once when the connection comes (`info`), and of each new reason why it does not; sentences without passwords. */
	readonly onNotice: (level: "info" | "warn", notice: string) => void;
}

interface Message {
	readonly subject: string;
	readonly payload: Uint8Array;
}

/**
 * Publishes what may be lost, and never gets in the way. Each message replaces those before it, so one at the most is under way
 * (the server has not confirmed it) and one waits; what comes on top drops the older. Nothing here throws or waits.
 */
export class TelemetryPublisher {
	#published = 0;
	#dropped = 0;
	#waiting: Message | undefined;
	#underWay: Promise<void> | undefined;
	/** Ends what is under way. */
	#break: () => void = () => {};
	#told: string | undefined;
	readonly #link: TelemetryLink;

	/** @throws Error with a sentence where the URL is none */
	constructor(private readonly options: PublisherOptions) {
		this.#link = new TelemetryLink({
			url: options.url,
			name: options.name,
			onUp: () => {
				this.#tell("info", `publishing to ${this.#link.shown}`);
				this.#send();
			},
			onDown: (reason) => {
				this.#break();
				this.#tell("warn", reason);
			},
			onRefusal: (reason) => this.#tell("warn", reason),
		});
	}

	/** Messages that reached the server. */
	get published(): number {
		return this.#published;
	}

	/** Messages that a newer one replaced, or that nobody knows to have reached the server. */
	get dropped(): number {
		return this.#dropped;
	}

	offer(subject: string, payload: Uint8Array): void {
		if (this.#waiting) this.#dropped++;
		this.#waiting = { subject, payload };
		this.#send();
	}

	/** Gives what was offered last a second to get through. May be called twice. */
	async close(): Promise<void> {
		if (this.#link.connection) await within(this.#settled(), CLOSE_TIMEOUT_MS).catch(() => {});
		if (this.#waiting) this.#dropped++;
		this.#waiting = undefined;
		await this.#link.close();
		this.#break();
		await this.#underWay;
	}

	/** Nothing is under way, and nothing that could be waits. */
	async #settled(): Promise<void> {
		while (this.#underWay) await this.#underWay;
	}

	#send(): void {
		const { connection } = this.#link;
		const message = this.#waiting;
		if (!connection || !message || this.#underWay) return;
		this.#waiting = undefined;
		this.#underWay = this.#confirmed(connection, message).finally(() => {
			this.#underWay = undefined;
			this.#send();
		});
	}

	async #confirmed(connection: NatsConnection, { subject, payload }: Message): Promise<void> {
		try {
			connection.publish(subject, payload);
			const broken = new Promise<never>((_, reject) => {
				this.#break = () => reject(new Error("the connection broke"));
			});
			await within(Promise.race([connection.flush(), broken]), ANSWER_TIMEOUT_MS);
			this.#published++;
		} catch {
			this.#dropped++;
			this.#link.redial();
		}
	}

	/** An outage is told once, not with each attempt. */
	#tell(level: "info" | "warn", notice: string): void {
		if (notice !== this.#told) this.options.onNotice(level, notice);
		this.#told = notice;
	}
}

/** @throws Error where it takes longer */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}
