import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { AgentMessage, CoordinatorMessage, Hello } from "../../proto/gen/cluster.js";
import { HELLO_TIMEOUT_MS } from "../../proto/limits.js";

export type AgentStream = ServerDuplexStream<AgentMessage, CoordinatorMessage>;

/**
 * The coordinator's end of one agent's stream, from its Hello on. `onMessage` gets what comes; `onClosed` is called once,
 * with the reason, however the stream ends.
 */
export class AgentLink {
	/** When something was last heard, on performance.now(). */
	heardAtMs = performance.now();
	#closed = false;

	constructor(
		private readonly stream: AgentStream,
		readonly hello: Hello,
		private readonly onMessage: (message: AgentMessage) => void,
		private readonly onClosed: (reason: string) => void,
	) {
		stream.on("data", (message: AgentMessage) => {
			this.heardAtMs = performance.now();
			if (!this.#closed) this.onMessage(message);
		});
		stream.on("cancelled", () => this.#close("its connection broke"));
		stream.on("error", (error: Error) => this.#close(`its stream failed: ${error.message}`));
		stream.on("end", () => this.#close("it left"));
	}

	send(body: NonNullable<CoordinatorMessage["body"]>): void {
		if (!this.#closed) this.stream.write({ body });
	}

	/** Ends the stream from this side. May be called twice. */
	drop(reason: string): void {
		if (this.#closed) return;
		this.#close(reason);
		this.stream.emit("error", { code: status.ABORTED, details: reason });
	}

	/** Ends the stream in order, after what was sent. */
	end(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.stream.end();
	}

	#close(reason: string): void {
		if (this.#closed) return;
		this.#closed = true;
		this.onClosed(reason);
	}
}

/** Ends a stream that is not let in. */
export function refuse(stream: AgentStream, code: status, details: string): void {
	stream.emit("error", { code, details });
}

/** Waits for a stream's first message, which must be Hello; refuses the stream otherwise. */
export function awaitHello(stream: AgentStream, greeted: (hello: Hello) => void): void {
	const tooLate = setTimeout(() => {
		refuse(stream, status.DEADLINE_EXCEEDED, `no Hello within ${HELLO_TIMEOUT_MS / 1_000} s`);
	}, HELLO_TIMEOUT_MS);
	const gone = () => clearTimeout(tooLate);
	stream.once("cancelled", gone);
	stream.once("error", gone);
	stream.once("data", (message: AgentMessage) => {
		gone();
		stream.off("cancelled", gone);
		stream.off("error", gone);
		if (message.body?.$case === "hello") greeted(message.body.value);
		else refuse(stream, status.INVALID_ARGUMENT, "the first message must be Hello");
	});
}
