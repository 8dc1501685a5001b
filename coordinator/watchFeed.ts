import { readSubject, type TelemetrySource } from "../proto/telemetrySubjects.js";
import { subscribe } from "../proto/telemetrySubscriber.js";

/** What ends watching before the plan's end. */
export class WatchError extends Error {
	constructor(
		message: string,
		readonly exitCode: number,
	) {
		super(message);
	}
}

const EXIT_BAD_INPUT = 2;

export interface FeedOptions {
	/** See `natsUrlFault`. */
	readonly url: string;
	readonly subject: string;
	readonly onMessage: (source: TelemetrySource, payload: Uint8Array) => void;
	/** Told when the connection breaks, and when it is back. */
	readonly onNotice: (notice: string) => void;
}

/** A subscription, over one connection after the other. What comes in between is not heard. */
export interface Feed {
	/** The server's URL, to be shown. */
	readonly shown: string;
	/** Since when it is connected, on performance.now(); undefined: it is not. */
	readonly connectedSinceMs: number | undefined;
	/** @throws WatchError once the server could not be reached at first, or does not let this login hear */
	check(): void;
	close(): Promise<void>;
}

/** @throws WatchError where the URL is none */
export function openFeed({ url, subject, onMessage, onNotice }: FeedOptions): Feed {
	let connectedSinceMs: number | undefined;
	let wasUp = false;
	let fault: string | undefined;
	const link = subscribe({
		url,
		name: "spool-bench-watch",
		subject,
		onMessage: (on, payload) => {
			const source = readSubject(on);
			if (source) onMessage(source, payload);
		},
		onUp: () => {
			if (wasUp) onNotice(`connected to ${link.shown} again`);
			connectedSinceMs = performance.now();
			wasUp = true;
		},
		onDown: (reason) => {
			if (!wasUp) fault ??= reason;
			else if (connectedSinceMs !== undefined) onNotice(`${reason}; trying again`);
			connectedSinceMs = undefined;
		},
		onRefusal: (reason) => {
			fault ??= reason;
		},
	});
	return {
		shown: link.shown,
		get connectedSinceMs() {
			return connectedSinceMs;
		},
		check() {
			if (fault !== undefined) throw new WatchError(fault, EXIT_BAD_INPUT);
		},
		close: () => link.close(),
	};
}
