import { setTimeout as sleep } from "node:timers/promises";
import { type ClientDuplexStream, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Conclude, Prepare, Welcome } from "../proto/gen/cluster.js";
import {
	type AgentMessage,
	ClusterClient,
	type CoordinatorMessage,
	FailureKind,
	StopScope,
} from "../proto/gen/cluster.js";
import type { Host } from "../proto/gen/measurement.js";
import { tellInTurns } from "../proto/inTurns.js";
import { MAX_MESSAGE_BYTES, PROTOCOL_VERSION, RESUME_TIMEOUT_MS } from "../proto/limits.js";
import type { TlsIdentity } from "../proto/tlsFiles.js";
import { admitSlice, type Caps, CapsError } from "./caps.js";
import { HandIn } from "./handIn.js";
import type { Logger } from "./log.js";
import { nowUs } from "./measure/clock.js";
import { chunkProfile } from "./measure/profiler.js";
import { Runner, RunnerError } from "./runner.js";
import { streamCredentials } from "./streamCredentials.js";
import { Telemetry } from "./telemetry.js";

const RETRY_DELAY_MS = 200;
/** After the coordinator is lost the lead waits this long for the others to stop before it removes the run's keys. */
const ORPHAN_SETTLE_MS = 500;
const ORPHAN_CLEANUP_MS = 10_000;
/** For a Redis that comes back while the run is concluded. */
const REDIS_PATIENCE_MS = 10_000;
const REDIS_LOOK_MS = 250;

export interface SessionOptions {
	readonly coordinator: string;
	readonly token: string;
	/** undefined: plaintext. */
	readonly tls: TlsIdentity | undefined;
	/** What this agent's own configuration lets it do. */
	readonly caps: Caps;
	readonly agentId: string;
	readonly softwareVersion: string;
	readonly wantedIndex: number;
	readonly host: Host;
	/** How long to go on dialling a coordinator that is not there yet. */
	readonly joinTimeoutMs: number;
	/** Where to publish telemetry, whatever the coordinator says; undefined: where it says. */
	readonly natsUrl: string | undefined;
	readonly log: Logger;
}

/** How a session ended, for the exit code. */
export type SessionEnd =
	| { readonly kind: "dismissed" }
	| { readonly kind: "refused"; readonly reason: string }
	| { readonly kind: "unreachable"; readonly reason: string }
	| { readonly kind: "lost"; readonly reason: string }
	| { readonly kind: "interrupted"; readonly reason: string };

/**
 * An agent's end of the stream. One run at a time; the coordinator's messages drive it:
 *
 *   dialling ─▶ joined ─ Prepare ─▶ preparing ─▶ ready ─ Arm ─▶ armed ─ epoch ─▶ running ─▶ reporting ─ Committed ─▶ joined
 *
 * Silence for a lease, a broken stream or an interrupt end every state: the load stops at once. Only where the result is
 * there and not committed yet the agent dials anew, and goes on where the stream broke.
 */
export class Session {
	readonly #client: ClusterClient;
	#stream: ClientDuplexStream<AgentMessage, CoordinatorMessage> | undefined;
	#runner: Runner | undefined;
	#preparing: AbortController | undefined;
	#telemetry: Telemetry | undefined;
	#handIn: HandIn | undefined;
	/** As the coordinator gave it. */
	#index: number | undefined;
	#comingBack = false;
	#over = false;
	#endTimers: (() => void)[] = [];
	#heardAt = performance.now();
	#lead = false;
	#log: Logger;
	#deltas = 0;
	#settle: (end: SessionEnd) => void = () => {};
	readonly #end: Promise<SessionEnd>;

	constructor(private readonly options: SessionOptions) {
		const { channel, options: naming } = streamCredentials(options.coordinator, options.tls);
		this.#log = options.log;
		this.#client = new ClusterClient(options.coordinator, channel, {
			...naming,
			"grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
			"grpc.enable_retries": 0,
		});
		this.#end = new Promise((resolve) => {
			this.#settle = resolve;
		});
	}

	/** Joins and serves until the coordinator says Bye, refuses, is lost, or `signal` aborts. Never throws. */
	async serve(signal: AbortSignal): Promise<SessionEnd> {
		const interrupted = () => {
			const reason = String(signal.reason ?? "interrupted");
			this.#fail(this.#runner?.ordinal ?? 0, FailureKind.INTERNAL, `the agent was stopped by ${reason}`);
			this.#settle({ kind: "interrupted", reason });
		};
		signal.addEventListener("abort", interrupted, { once: true });
		if (signal.aborted) interrupted();
		void this.#dial(signal);
		const end = await this.#end;
		this.#over = true;
		signal.removeEventListener("abort", interrupted);
		for (const endTimer of this.#endTimers) endTimer();
		this.#preparing?.abort();
		await this.#leave(end);
		// Through a network that is cut an orderly end never comes.
		if (end.kind === "lost") this.#stream?.cancel();
		else this.#stream?.end();
		this.#client.close();
		await this.#telemetry?.close();
		return end;
	}

	/** Dials until the coordinator answers with Welcome, refuses for good, or time is up. */
	async #dial(signal: AbortSignal): Promise<void> {
		const deadline = performance.now() + this.options.joinTimeoutMs;
		while (!signal.aborted) {
			const broken = await this.#join();
			if (broken === undefined) return;
			if (isFinal(broken)) {
				this.#settle({ kind: "refused", reason: broken.details });
				return;
			}
			if (performance.now() > deadline) {
				const waited = this.options.joinTimeoutMs / 1_000;
				const reason = `no coordinator at ${this.options.coordinator} within ${waited} s: ${broken.details}`;
				this.#settle({ kind: "unreachable", reason });
				return;
			}
			await sleep(RETRY_DELAY_MS, undefined, { signal }).catch(() => undefined);
		}
	}

	/** One attempt. @returns the error that ended the stream before the Welcome, or undefined once it came */
	#join(): Promise<ServiceError | undefined> {
		const { options } = this;
		const metadata = new Metadata();
		metadata.set("authorization", `Bearer ${options.token}`);
		const stream = this.#client.join(metadata);
		this.#stream = stream;
		let joined = false;
		return new Promise((resolve) => {
			stream.on("data", (message: CoordinatorMessage) => {
				this.#heardAt = performance.now();
				if (message.body?.$case === "welcome" && !joined) {
					joined = true;
					this.#welcome(message.body.value);
					resolve(undefined);
				} else if (joined) this.#handle(message);
			});
			stream.on("error", (error: ServiceError) => {
				if (!joined) resolve(error);
				else if (this.#stream === stream) this.#lost(`the stream broke: ${error.details || error.message}`);
			});
			stream.on("end", () => {
				if (joined && this.#stream === stream) this.#lost("the coordinator closed the stream");
			});
			this.#send({
				$case: "hello",
				value: {
					protocolVersion: PROTOCOL_VERSION,
					agentId: options.agentId,
					softwareVersion: options.softwareVersion,
					wantedIndex: this.#index ?? options.wantedIndex,
					host: options.host,
					pid: process.pid,
					resume: this.#handIn && { ordinal: this.#handIn.ordinal },
				},
			});
		});
	}

	/** The stream is of no use any more. */
	#lost(reason: string): void {
		if (this.#handIn) void this.#comeBack(reason);
		else this.#settle({ kind: "lost", reason });
	}

	/** Dials anew for as long as the coordinator waits for the rest of the result. */
	async #comeBack(why: string): Promise<void> {
		if (this.#comingBack) return;
		this.#comingBack = true;
		this.options.log.warn({ reason: why }, "the stream is lost before the result is handed in: dialling anew");
		for (const endTimer of this.#endTimers) endTimer();
		const giveUp = (reason: string) => this.#settle({ kind: "lost", reason: `${why}; ${reason}` });
		const late = setTimeout(() => giveUp("it could not come back with its result"), RESUME_TIMEOUT_MS);
		while (!this.#over) {
			this.#stream?.cancel();
			const broken = await this.#join();
			if (broken === undefined) break;
			if (isFinal(broken)) giveUp(broken.details);
			await sleep(RETRY_DELAY_MS);
		}
		clearTimeout(late);
		this.#comingBack = false;
	}

	#welcome(welcome: Welcome): void {
		const { index, count, leaseMs, resultChunksHeld } = welcome;
		this.#index = index;
		this.options.log.setBindings({ agent: index });
		this.options.log.info({ index, count }, "joined");
		this.#telemetry ??= Telemetry.open({
			ownUrl: this.options.natsUrl,
			coordinatorsUrl: welcome.natsUrl,
			trusting: this.options.caps.targets.size === 0,
			agent: index,
			log: this.options.log,
		});
		const lease = setInterval(() => {
			const silentMs = performance.now() - this.#heardAt;
			if (silentMs > leaseMs) this.#lost(`nothing heard for ${Math.round(silentMs / 1_000)} s`);
		}, leaseMs / 10);
		this.#endTimers = [
			tellInTurns(
				{ index, count },
				() => {
					if (this.#runner?.started) this.#send({ $case: "snapshot", value: this.#runner.snapshot() });
				},
				() => void this.#sendDelta(),
			),
			() => clearInterval(lease),
		];
		for (const value of this.#handIn?.rest(resultChunksHeld) ?? []) this.#send({ $case: "result", value });
	}

	#handle({ body }: CoordinatorMessage): void {
		const runner = this.#runner;
		switch (body?.$case) {
			case "heartbeat":
				this.#lead = body.value.lead;
				if (runner) runner.lead = this.#lead;
				this.#send({ $case: "snapshot", value: runner?.snapshot() ?? idleSnapshot });
				break;
			case "prepare":
				void this.#prepare(body.value);
				break;
			case "arm":
				if (runner?.ordinal !== body.value.ordinal) break;
				runner.arm(body.value);
				// Too late for the start, which is called off by now: word of that is on its way.
				if (nowUs() > body.value.epochMonotonicUs) runner.stop(StopScope.ALL);
				this.#send({ $case: "armed", value: { ordinal: body.value.ordinal } });
				void this.#report(runner);
				break;
			case "stop":
				this.#log.info({ run: body.value.ordinal, reason: body.value.reason }, "stop");
				if (runner?.ordinal === body.value.ordinal) runner.stop(body.value.scope);
				break;
			case "conclude":
				if (runner?.ordinal === body.value.ordinal) void this.#conclude(runner, body.value);
				break;
			case "bye":
				this.#settle({ kind: "dismissed" });
				break;
			case "committed":
				if (this.#handIn?.ordinal === body.value.ordinal) this.#handIn = undefined;
				break;
			case "welcome":
			case undefined:
				break;
		}
	}

	async #prepare(request: Prepare): Promise<void> {
		this.#preparing?.abort();
		this.#runner?.close();
		this.#runner = undefined;
		this.#handIn = undefined;
		this.#deltas = 0;
		this.#lead = request.lead;
		const preparing = new AbortController();
		this.#preparing = preparing;
		this.#log = this.options.log.child({ runId: request.slice?.runId });
		try {
			const slice = request.slice && admitSlice(request.slice, this.options.caps);
			const runner = await Runner.prepare({ ...request, slice }, this.#log, preparing.signal);
			if (preparing.signal.aborted) {
				runner.close();
				return;
			}
			this.#runner = runner;
			this.#telemetry?.begin(slice?.runId ?? "");
			runner.onProfile = (part) => {
				for (const value of chunkProfile(runner.ordinal, part)) this.#send({ $case: "profile", value });
			};
			this.#send({ $case: "ready", value: runner.ready });
		} catch (error) {
			if (preparing.signal.aborted) return;
			if (error instanceof CapsError) this.#log.warn({ run: request.ordinal }, error.message);
			const refused = error instanceof CapsError ? FailureKind.BAD_SLICE : FailureKind.INTERNAL;
			const kind = error instanceof RunnerError ? error.kind : refused;
			this.#fail(request.ordinal, kind, (error as Error).message);
		}
	}

	async #report(runner: Runner): Promise<void> {
		try {
			const measurements = await runner.finished;
			if (this.#runner !== runner) return;
			this.#handIn = new HandIn(runner.ordinal, measurements);
			for (const value of this.#handIn.rest()) this.#send({ $case: "result", value });
			await this.#telemetry?.publishResult(runner.snapshot(), measurements);
		} catch (error) {
			this.#log.error({ err: error }, "run failed");
			this.#fail(runner.ordinal, FailureKind.INTERNAL, (error as Error).message);
		}
	}

	async #conclude(runner: Runner, request: Conclude): Promise<void> {
		const given = new AbortController();
		try {
			const concluded = await Promise.race([runner.conclude(request), redisGone(runner, given.signal)]);
			this.#send({ $case: "concluded", value: concluded });
		} catch (error) {
			const message = `could not count and remove what the run left: ${(error as Error).message}`;
			this.#fail(runner.ordinal, FailureKind.REDIS, message);
		} finally {
			given.abort();
		}
	}

	async #sendDelta(): Promise<void> {
		const runner = this.#runner;
		const measurements = await runner?.takeDelta();
		if (!runner || !measurements || this.#runner !== runner) return;
		this.#send({ $case: "delta", value: { ordinal: runner.ordinal, sequence: ++this.#deltas, measurements } });
		await this.#telemetry?.publish(runner.snapshot(), measurements);
	}

	#fail(ordinal: number, kind: FailureKind, message: string): void {
		this.#send({ $case: "failure", value: { ordinal, kind, message } });
	}

	#send(body: NonNullable<AgentMessage["body"]>): void {
		if (this.#stream?.writable) this.#stream.write({ body });
	}

	/** Ends the run in hand. Without a coordinator to ask for it, the lead removes the run's keys by itself. */
	async #leave(end: SessionEnd): Promise<void> {
		const runner = this.#runner;
		if (!runner) return;
		runner.abandon();
		if (end.kind === "lost" && this.#lead && runner.started) {
			await sleep(ORPHAN_SETTLE_MS);
			// A private Redis is gone by now, and its keys with it.
			if (!runner.connected) return runner.close();
			const cleanup = runner.conclude({ clean: true, readStates: false }).then(
				({ keysRemoved }) => this.#log.warn({ keysRemoved }, "coordinator lost: removed the run's keys"),
				(error: Error) => this.#log.error({ error: error.message }, "coordinator lost: keys may be left"),
			);
			await Promise.race([cleanup, sleep(ORPHAN_CLEANUP_MS, undefined, { ref: false })]);
		}
		runner.close();
	}
}

/** Dialling again would change nothing. */
function isFinal({ code }: ServiceError): boolean {
	return code === status.UNAUTHENTICATED || code === status.FAILED_PRECONDITION;
}

/** Rejects when Redis has been away for too long. Settles no other way than by that or by the signal. */
async function redisGone(runner: Runner, signal: AbortSignal): Promise<never> {
	let awayMs = 0;
	while (awayMs < REDIS_PATIENCE_MS && !signal.aborted) {
		await sleep(REDIS_LOOK_MS, undefined, { signal }).catch(() => undefined);
		awayMs = runner.connected ? 0 : awayMs + REDIS_LOOK_MS;
	}
	throw new Error(`Redis was away for ${REDIS_PATIENCE_MS / 1_000} s`);
}

const idleSnapshot = {
	ordinal: 0,
	sequence: 0,
	totals: undefined,
	inFlight: 0,
	sendingDone: false,
	backlog: -1,
	monotonicNowUs: 0,
};
