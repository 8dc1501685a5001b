import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { AgentMessage, CoordinatorMessage, Hello } from "../../proto/gen/cluster.js";
import { HEARTBEAT_INTERVAL_MS, LEASE_MS, PROTOCOL_VERSION } from "../../proto/limits.js";
import { VERSION } from "../../proto/version.js";
import type { Logger } from "../log.js";
import { helloFault } from "./hello.js";
import { AgentLink, type AgentStream, awaitHello, refuse } from "./link.js";

/** An agent that holds a place in the fleet. */
export interface Member {
	readonly index: number;
	readonly hello: Hello;
	/** On performance.now(). */
	readonly joinedAtMs: number;
	readonly link: AgentLink;
}

/** Of an agent that comes back with its result. */
export type Returning =
	| { readonly kind: "expected"; readonly chunksHeld: number }
	/** Its last stream's end has not come through. */
	| { readonly kind: "early" }
	| { readonly kind: "unexpected" };

/** What a run hears of its fleet. */
export interface FleetListener {
	joined(member: Member): void;
	message(member: Member, message: AgentMessage): void;
	/** @param ended whether its process is known to have ended */
	lost(member: Member, reason: string, ended: boolean): void;
	/** An agent that comes back with its result: how many chunks of it are here, or why it cannot take its place again. */
	returning(hello: Hello): Returning;
	/** A place that is free will stay so. */
	givenUp(): void;
}

export interface FleetOptions {
	readonly size: number;
	readonly log: Logger;
	/** Where its agents publish telemetry; may carry a password. Undefined: nowhere. */
	readonly natsUrl?: string | undefined;
	/** Adds what is known of a lost agent's end (a local process's exit and last words). */
	readonly explainLoss?: (hello: Hello) => Promise<string | undefined>;
}

/**
 * The roster: `size` places, each held by at most one agent. A place is free until an agent takes it, and again when that
 * agent is lost; while `closed` (a run is under way) nobody is let in. Beats the hearts of all and drops the silent.
 */
export class Fleet {
	readonly #members: Array<Member | undefined>;
	readonly #sessionId = randomUUID();
	readonly #beating: NodeJS.Timeout;
	#beats = 0;
	#listener: FleetListener | undefined;
	#dismissed = false;
	#hopeless: string | undefined;
	#assembled = false;
	/** No one may join now. */
	closed = false;
	/** The run under way, for the log. */
	runId: string | undefined;

	constructor(private readonly options: FleetOptions) {
		this.#members = Array.from({ length: options.size }, () => undefined);
		this.#beating = setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS);
	}

	get size(): number {
		return this.options.size;
	}

	get members(): readonly Member[] {
		return this.#members.filter((member) => member !== undefined);
	}

	get missing(): readonly number[] {
		return this.#members.flatMap((member, index) => (member ? [] : [index]));
	}

	/** Every place has been taken once. Before that no run starts, since nobody is let in while one is under way. */
	get assembled(): boolean {
		return this.#assembled;
	}

	/** The member that does what is done once: the one with the lowest index. */
	get lead(): Member | undefined {
		return this.members[0];
	}

	/** Why a free place will stay so: the process that was to take it has ended. */
	get hopeless(): string | undefined {
		return this.#hopeless;
	}

	giveUp(reason: string): void {
		this.#hopeless ??= reason;
		this.#listener?.givenUp();
	}

	/** Directs the fleet's news to a run, or to nobody. */
	attend(listener: FleetListener | undefined): void {
		this.#listener = listener;
	}

	/**
	 * Takes a stream that presented the token.
	 *
	 * @param greeted called when it has got a place
	 */
	admit(stream: AgentStream, greeted: () => void): void {
		stream.on("error", () => {});
		awaitHello(stream, (hello) => {
			const refusal = this.#refusal(hello);
			if (refusal) {
				this.options.log.warn(
					{ agent: hello.agentId, host: hello.host?.hostname, reason: refusal.details },
					"agent refused",
				);
				refuse(stream, refusal.code, refusal.details);
				return;
			}
			greeted();
			this.#seat(stream, hello);
		});
	}

	send(member: Member, body: NonNullable<CoordinatorMessage["body"]>): void {
		member.link.send(body);
	}

	broadcast(body: NonNullable<CoordinatorMessage["body"]>): void {
		for (const member of this.members) member.link.send(body);
	}

	/** Says Bye to all and ends every stream. May be called twice. */
	dismiss(reason: string): void {
		this.#dismissed = true;
		clearInterval(this.#beating);
		for (const { link } of this.members) {
			link.send({ $case: "bye", value: { reason } });
			link.end();
		}
		this.#members.fill(undefined);
	}

	#refusal(hello: Hello): { code: status; details: string } | undefined {
		const refusal = (code: status, details: string) => ({ code, details });
		const fault = helloFault(hello);
		if (fault !== undefined) return refusal(status.INVALID_ARGUMENT, fault);
		if (hello.protocolVersion !== PROTOCOL_VERSION || hello.softwareVersion !== VERSION) {
			return refusal(
				status.FAILED_PRECONDITION,
				`this fleet runs version ${VERSION} (protocol ${PROTOCOL_VERSION}), the agent ${hello.softwareVersion} (protocol ${hello.protocolVersion})`,
			);
		}
		const returning = this.closed && hello.resume ? this.#returning(hello) : undefined;
		if (returning?.kind === "unexpected") return refusal(status.FAILED_PRECONDITION, "nobody waits for its result");
		if (this.#dismissed || (this.closed && returning?.kind !== "expected")) {
			return refusal(status.UNAVAILABLE, "a run is under way; no agent can join it");
		}
		if (hello.wantedIndex >= this.size) {
			return refusal(
				status.FAILED_PRECONDITION,
				`index ${hello.wantedIndex} is not in this fleet of ${this.size} agents`,
			);
		}
		if (hello.wantedIndex >= 0 && this.#members[hello.wantedIndex]) {
			return refusal(status.FAILED_PRECONDITION, `index ${hello.wantedIndex} is taken by another agent`);
		}
		if (this.missing.length === 0) {
			return refusal(status.FAILED_PRECONDITION, `the fleet is complete with ${this.size} agents`);
		}
		return undefined;
	}

	#returning(hello: Hello): Returning {
		return this.#listener?.returning(hello) ?? { kind: "unexpected" };
	}

	#seat(stream: AgentStream, hello: Hello): void {
		const returning = hello.resume && this.#returning(hello);
		const index = hello.wantedIndex >= 0 ? hello.wantedIndex : (this.missing[0] ?? 0);
		const link: AgentLink = new AgentLink(
			stream,
			hello,
			(message) => this.#listener?.message(member, message),
			(reason) => void this.#lose(member, reason),
		);
		const member: Member = { index, hello, joinedAtMs: performance.now(), link };
		this.#members[index] = member;
		this.#assembled ||= this.missing.length === 0;
		this.options.log.info(
			{ runId: this.runId, agent: index, host: hello.host?.hostname, pid: hello.pid },
			"agent joined",
		);
		link.send({
			$case: "welcome",
			value: {
				sessionId: this.#sessionId,
				index,
				count: this.size,
				heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
				leaseMs: LEASE_MS,
				natsUrl: this.options.natsUrl ?? "",
				resultChunksHeld: returning?.kind === "expected" ? returning.chunksHeld : 0,
			},
		});
		this.#listener?.joined(member);
	}

	async #lose(member: Member, reason: string): Promise<void> {
		if (this.#members[member.index] !== member) return;
		this.#members[member.index] = undefined;
		const more = await this.options.explainLoss?.(member.hello);
		const whole = more ? `${reason}: ${more}` : reason;
		this.options.log.error(
			{ runId: this.runId, agent: member.index, host: member.hello.host?.hostname, reason: whole },
			"agent lost",
		);
		this.#listener?.lost(member, whole, more !== undefined);
	}

	#beat(): void {
		const nowMs = performance.now();
		for (const member of this.members) {
			const silentMs = nowMs - member.link.heardAtMs;
			if (silentMs > LEASE_MS) member.link.drop(`it fell silent: nothing heard for ${(silentMs / 1_000).toFixed(0)} s`);
		}
		const lead = this.lead;
		this.#beats++;
		for (const member of this.members) {
			member.link.send({ $case: "heartbeat", value: { sequence: this.#beats, lead: member === lead } });
		}
	}
}
