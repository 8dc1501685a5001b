import type { CoordinatorMessage, Hello } from "../proto/gen/cluster.js";
import { HEARTBEAT_INTERVAL_MS, RESUME_TIMEOUT_MS } from "../proto/limits.js";
import type { Chronicle } from "./chronicle.js";
import type { Member, Returning } from "./fleet/fleet.js";
import type { Logger } from "./log.js";
import type { Participant } from "./participant.js";

/** After Stop(ALL): 5 s of grace for tasks in hand, and the time to hand in a result. */
const RESULT_TIMEOUT_MS = 60_000;

/** The run that is to be closed. */
export interface ClosingRun {
	readonly ordinal: number;
	readonly participants: readonly Participant[];
	readonly chronicle: Chronicle;
	readonly log: Logger;
	readonly send: (participant: Participant, body: NonNullable<CoordinatorMessage["body"]>) => void;
	/** Waits until it holds, looking again whenever something happens, or until the deadline (performance.now()). */
	readonly until: (done: () => boolean, deadlineMs?: number) => Promise<void>;
}

/**
 * What comes after a run's load: its results are taken in, and what it left is counted and removed. An agent whose stream
 * breaks meanwhile is away, and not lost, for as long as it may come back.
 */
export class Closing {
	/** Since when, on performance.now(). */
	#sinceMs = Number.POSITIVE_INFINITY;
	#collected = false;

	constructor(private readonly run: ClosingRun) {}

	/** Waits for every agent's result or loss. To be called when all were told to stop. */
	async collect(): Promise<void> {
		const { participants, until } = this.run;
		this.#sinceMs = performance.now();
		await until(() => {
			for (const participant of participants) participant.loseIfLate(performance.now());
			return participants.every(({ alive, result }) => !alive || result);
		}, this.#sinceMs + RESULT_TIMEOUT_MS);
		this.#collected = true;
		for (const participant of participants) {
			if (participant.result) this.#commit(participant);
			else if (participant.alive) {
				participant.lose(`it did not hand in its result within ${RESULT_TIMEOUT_MS / 1_000} s`);
			}
		}
	}

	/**
	 * After a start that was called off: waits until every agent has ended what it may have begun, and removes what came of it.
	 * To be called when all were told to stop. Nobody may come back to it.
	 */
	async callOff(): Promise<void> {
		const { participants, until } = this.run;
		const isOver = ({ alive, result, failure }: Participant) => !alive || result || failure;
		await until(() => participants.every(isOver), performance.now() + RESULT_TIMEOUT_MS);
		for (const participant of participants) {
			if (participant.result) this.#commit(participant);
			else if (participant.failure) participant.lose(participant.failure.message);
			else if (participant.alive) participant.lose(`it did not stop within ${RESULT_TIMEOUT_MS / 1_000} s`);
		}
		await this.conclude();
	}

	/** Asks the lead, and if it is lost meanwhile the next one, to count and remove what the run left. */
	async conclude(): Promise<void> {
		const { ordinal, participants, log, send, until } = this.run;
		for (;;) {
			const lead = await this.#nextLead();
			if (!lead) return;
			// What a lost agent settled untold only the records can say.
			const readStates = participants.some(({ alive }) => !alive);
			send(lead, { $case: "conclude", value: { ordinal, clean: true, readStates } });
			await until(() => Boolean(lead.concluded ?? lead.failure) || !lead.alive || lead.isAway);
			if (lead.failure) log.error({ agent: lead.index, run: ordinal }, lead.failure.message);
			if (lead.concluded || lead.failure) return;
		}
	}

	/** Whether an agent may take its place again: to hand in its result, and for nothing else. */
	returning({ agentId, wantedIndex, resume }: Hello): Returning {
		const participant = this.run.participants[wantedIndex];
		const isOurs = participant?.member?.hello.agentId === agentId && resume?.ordinal === this.run.ordinal;
		if (!participant || !isOurs || !participant.alive || !this.#began) return { kind: "unexpected" };
		if (participant.isAway) return { kind: "expected", chunksHeld: participant.chunksHeld };
		participant.member?.link.drop("it dialled anew");
		return { kind: "early" };
	}

	/** An agent's stream broke. @returns whether it may come back; otherwise it is lost */
	leaves(participant: Participant, member: Member, reason: string, ended: boolean): boolean {
		// Who was silent already when the load ended has no result to come back with.
		const heardAtEnd = member.link.heardAtMs > this.#sinceMs - HEARTBEAT_INTERVAL_MS;
		if (!this.#began || ended || !heardAtEnd || !participant.alive) return false;
		participant.leave(reason, performance.now());
		this.run.chronicle.note(`away: ${reason}`, member);
		return true;
	}

	/** An agent has joined. @returns whether it is the one that was away from this place */
	comesBack(participant: Participant, member: Member): boolean {
		if (!participant.isAway || participant.member?.hello.agentId !== member.hello.agentId) return false;
		participant.comeBack(member);
		this.run.chronicle.note("came back", member);
		if (this.#collected) this.#commit(participant);
		return true;
	}

	get #began(): boolean {
		return this.#sinceMs < Number.POSITIVE_INFINITY;
	}

	#commit(participant: Participant): void {
		this.run.send(participant, { $case: "committed", value: { ordinal: this.run.ordinal } });
	}

	/** The first agent that is here; where all are away, the first that comes back. */
	async #nextLead(): Promise<Participant | undefined> {
		const { participants, until } = this.run;
		const here = () => participants.find(({ alive, isAway }) => alive && !isAway);
		const backByMs = performance.now() + RESUME_TIMEOUT_MS;
		await until(() => here() !== undefined || !participants.some(({ alive }) => alive), backByMs);
		return here();
	}
}
