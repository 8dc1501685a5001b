import { TelemetryLink } from "./telemetryLink.js";

export interface SubscriberOptions {
	/** See `natsUrlFault`. */
	readonly url: string;
	readonly name: string;
	/** May hold wildcards. */
	readonly subject: string;
	/** Whoever may publish there can send anything. */
	readonly onMessage: (subject: string, payload: Uint8Array) => void;
	/** Told of each connection once the server has taken the subscription: whatever is published from then on, comes. */
	readonly onUp: () => void;
	/** Told with a sentence of each connection that broke, and of each attempt that brought none. */
	readonly onDown: (reason: string) => void;
	/** The server does not let this login subscribe: nothing will come. */
	readonly onRefusal: (reason: string) => void;
}

/** Listens to a subject, over whatever connections it takes. @throws Error with a sentence where the URL is none */
export function subscribe(options: SubscriberOptions): { readonly shown: string; close(): Promise<void> } {
	const { url, name, subject, onMessage, onUp, onDown, onRefusal } = options;
	return new TelemetryLink({
		url,
		name,
		onUp: (connection) => {
			connection.subscribe(subject, {
				callback: (error, message) => {
					if (error) onRefusal(`this login may not subscribe to ${subject}`);
					else onMessage(message.subject, message.data);
				},
			});
			// Where it breaks before the answer, `onDown` tells.
			connection.flush().then(onUp, () => {});
		},
		onDown,
		onRefusal: () => {},
	});
}
