import { createHash } from "node:crypto";
import { type CommandBuffer, CommandBuffers } from "./commandBuffer.js";
import type { Redis } from "./connection.js";
import { MAINTAIN, RELEASE, TURN } from "./fusedScripts.js";
import type { Clock } from "./gotime.js";
import { SpoolKeys } from "./keys.js";
import { type Priority, type Task, type TaskText, taskText } from "./task.js";

/** The most tasks in one script call: Lua unpacks at most 8,000 arguments at a time, and a task takes two. */
export const MOST_IN_BATCH = 1_000;

/** What became of a task in a consumer's hands, as it is to be stored. */
export type Settlement =
	| { readonly kind: "completed"; readonly id: string; readonly task: TaskText; readonly result: string }
	| {
			readonly kind: "retried";
			readonly id: string;
			readonly task: TaskText;
			readonly result: string | undefined;
			readonly priority: Priority;
			readonly delayMs: number;
	  }
	| {
			readonly kind: "dead";
			readonly id: string;
			readonly task: TaskText;
			readonly result: string | undefined;
			readonly letter: string;
			readonly note: string;
	  }
	/** Nobody could read it. */
	| { readonly kind: "deleted"; readonly id: string }
	/** It was not begun: back to the head of its queue. */
	| { readonly kind: "returned"; readonly id: string; readonly priority: Priority }
	/** Its ID was in a queue, but it was gone. */
	| { readonly kind: "gone" };

/** The tasks that one turn took from one queue. */
export interface TicketState {
	readonly field: string;
	/** The IDs that are not settled. */
	readonly left: readonly string[];
}

export interface Turn {
	/** Names who holds what is taken; nobody else's. */
	readonly consumer: string;
	/** Counts a consumer's turns from 1. */
	readonly number: number;
	readonly settlements: readonly Settlement[];
	/** How the tickets stand that the settlements touch, once they are done. */
	readonly tickets: readonly TicketState[];
	/** Tasks to take at most; together with the settlements at most `MOST_IN_BATCH` each. */
	readonly most: number;
}

export interface Taken {
	readonly field: string;
	readonly priority: Priority;
	readonly ids: readonly string[];
	/** JSON by place; null where the task is gone. */
	readonly tasks: readonly (string | null)[];
}

export type TurnAnswer =
	| {
			readonly kind: "done";
			/** The highest priority first. */
			readonly taken: readonly Taken[];
			/** What kept some queue from being read. */
			readonly fault: Error | undefined;
	  }
	/** The consumer's lease ended and others have what it held. Nothing was done. */
	| { readonly kind: "lost" }
	/** The turn before it was not carried out. Nothing was done. */
	| { readonly kind: "outOfOrder" };

export interface Maintained {
	readonly renewed: boolean;
	/** Tasks of consumers that are gone, put back. */
	readonly takenBack: number;
	/** Retries that were due and are enqueued. */
	readonly enqueued: number;
	/** Until the next retry is due; undefined where none waits. */
	readonly nextRetryMs: number | undefined;
	/** Retries that wait, and other consumers that hold something. */
	readonly owed: number;
}

/** Retries enqueued in one step. */
const MOST_RETRIES = 1_000;

/** A reply of Redis's own that says why it did not do something. */
class FetchError extends Error {
	override readonly name = "ReplyError";
}

/**
 * Spool's queue without its round trips: many tasks in each, every step atomic on the server. Same keys, same JSON and, once
 * a task is settled, the same state as with `ClassicQueue`; what is held lies in keys of its own (see `fusedScripts`) in
 * place of Spool's processing keys, and a task reaches Spool's store when it is settled.
 */
export class FusedQueue {
	readonly #keys: SpoolKeys;
	readonly #buffers = new CommandBuffers();

	/** @param leaseMs how long a consumer holds its tasks without a sign of life */
	constructor(
		private readonly redis: Redis,
		private readonly prefix: string,
		private readonly clock: Clock,
		private readonly leaseMs: number,
	) {
		this.#keys = new SpoolKeys(prefix);
	}

	/** Loads the scripts. @throws what Redis gave, also where it is older than 6.2 */
	async prepare(): Promise<void> {
		for (const script of SCRIPTS) await this.redis.script("LOAD", script.source);
		await this.redis.lmove(`${this.prefix}fused:retries`, `${this.prefix}fused:retries`, "LEFT", "LEFT");
	}

	/**
	 * Puts tasks at the tails of their queues, all or none, but for queues that cannot take any.
	 *
	 * @returns for each task what its own queue refused it with, or undefined
	 * @throws what Redis or the connection gave for all of them
	 */
	async enqueue(tasks: readonly Task[]): Promise<readonly (Error | undefined)[]> {
		const ids: [string[], string[], string[], string[]] = [[], [], [], []];
		for (const task of tasks) ids[task.priority].push(task.id);
		const used = PRIORITIES.filter((priority) => ids[priority].length > 0);
		const replies = await this.#buffers.use((buffer) => {
			this.#writeTasks(buffer, tasks);
			// MULTI, not a script: the JSON that MSET is given becomes the stored value, without a copy through Lua.
			const queued: Promise<unknown>[] = [this.redis.multi({ pipeline: false }), buffer.send(this.redis, "mset")];
			for (const priority of used) queued.push(this.redis.rpush(this.#keys.queues[priority], ...ids[priority]));
			queued.push(this.redis.incrby(this.#keys.totalCount, tasks.length));
			queued.push(this.redis.set(this.#keys.lastEnqueue, this.clock.now().unixSeconds));
			// What they are refused with is told by EXEC, too.
			for (const each of queued) each.catch(() => {});
			return this.redis.exec();
		});
		const faults: (Error | undefined)[] = [undefined, undefined, undefined, undefined];
		for (const [place, priority] of used.entries()) faults[priority] = replies?.[1 + place]?.[0] ?? undefined;
		if (faults.every((fault) => fault === undefined)) return tasks.map(() => undefined);
		const refused = used.filter((priority) => faults[priority]).flatMap((priority) => ids[priority]);
		const takeBack = this.redis.multi().del(refused.map((id) => this.#keys.task(id)));
		await takeBack.decrby(this.#keys.totalCount, refused.length).exec();
		return tasks.map((task) => faults[task.priority]);
	}

	#writeTasks(buffer: CommandBuffer, tasks: readonly Task[]): void {
		buffer.begin(1 + 2 * tasks.length);
		buffer.add("MSET");
		for (const task of tasks) {
			buffer.add(this.#keys.task(task.id));
			const { head, payload, tail } = taskText(task, task);
			buffer.add(head, payload, tail);
		}
	}

	/**
	 * Settles and fetches in one round trip. May be sent again when its answer did not come: it is done once.
	 *
	 * @throws what Redis or the connection gave
	 */
	async turn(turn: Turn): Promise<TurnAnswer> {
		const reply = await this.#buffers.use(async (buffer) => {
			writeTurn(buffer, this.prefix, turn, this.leaseMs);
			try {
				return await buffer.send(this.redis, "evalsha");
			} catch (error) {
				if (!isUnknownScript(error)) throw error;
				await this.redis.script("LOAD", TURN_SCRIPT.source);
				return buffer.send(this.redis, "evalsha");
			}
		});
		return decodeAnswer(reply as (string | number | null)[], turn.number);
	}

	/** Renews a consumer's lease, takes back what others have lost, and enqueues the retries that are due. */
	async maintain(consumer: string): Promise<Maintained> {
		const reply = await this.#run(MAINTAIN_SCRIPT, [consumer, this.leaseMs, MOST_RETRIES]);
		const [renewed, takenBack = 0, enqueued = 0, nextRetryMs = -1, owed = 0] = reply as number[];
		return {
			renewed: renewed === 1,
			takenBack,
			enqueued,
			nextRetryMs: nextRetryMs < 0 ? undefined : nextRetryMs,
			owed,
		};
	}

	/** Ends a consumer that holds nothing. */
	async release(consumer: string): Promise<void> {
		await this.#run(RELEASE_SCRIPT, [consumer]);
	}

	async #run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
		try {
			return await this.redis.call("EVALSHA", script.sha1, 1, this.prefix, ...args);
		} catch (error) {
			if (!isUnknownScript(error)) throw error;
			return this.redis.call("EVAL", script.source, 1, this.prefix, ...args);
		}
	}
}

const PRIORITIES: readonly Priority[] = [3, 2, 1, 0];

interface Script {
	readonly source: string;
	readonly sha1: string;
}

const TURN_SCRIPT = script(TURN);
const MAINTAIN_SCRIPT = script(MAINTAIN);
const RELEASE_SCRIPT = script(RELEASE);
const SCRIPTS = [TURN_SCRIPT, MAINTAIN_SCRIPT, RELEASE_SCRIPT];

function script(source: string): Script {
	return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

type Of<Kind extends Settlement["kind"]> = Settlement & { readonly kind: Kind };

/** The server was restarted, or its scripts were flushed. */
function isUnknownScript(error: unknown): boolean {
	return (error as Error).message.startsWith("NOSCRIPT");
}

function writeTurn(buffer: CommandBuffer, prefix: string, turn: Turn, leaseMs: number): void {
	const completed: Of<"completed">[] = [];
	const retried: Of<"retried">[] = [];
	const dead: Of<"dead">[] = [];
	const deleted: Of<"deleted">[] = [];
	const returned: Of<"returned">[] = [];
	for (const settlement of turn.settlements) {
		if (settlement.kind === "completed") completed.push(settlement);
		else if (settlement.kind === "retried") retried.push(settlement);
		else if (settlement.kind === "dead") dead.push(settlement);
		else if (settlement.kind === "deleted") deleted.push(settlement);
		else if (settlement.kind === "returned") returned.push(settlement);
	}
	const counts = [turn.tickets.length, completed.length, retried.length, dead.length, deleted.length, returned.length];
	const [tickets = 0, done = 0, again = 0, lost = 0, unread = 0, back = 0] = counts;
	buffer.begin(14 + 2 * tickets + 3 * done + 5 * (again + lost) + unread + 2 * back);
	buffer.add("EVALSHA");
	buffer.add(TURN_SCRIPT.sha1);
	buffer.add("1");
	buffer.add(prefix);
	buffer.add(turn.consumer);
	for (const number of [turn.number, turn.most, leaseMs, ...counts]) buffer.add(String(number));
	for (const { field, left } of turn.tickets) {
		buffer.add(field);
		buffer.add(left.length === 0 ? "" : JSON.stringify(left));
	}
	for (const { id } of completed) buffer.add(id);
	for (const { task } of completed) buffer.add(task.head, task.payload, task.tail);
	for (const { result } of completed) buffer.add(result);
	for (const { id, task, result, priority, delayMs } of retried) {
		buffer.add(id);
		buffer.add(task.head, task.payload, task.tail);
		buffer.add(result ?? "");
		buffer.add(String(priority));
		buffer.add(String(delayMs));
	}
	for (const { id, task, result, letter, note } of dead) {
		buffer.add(id);
		buffer.add(task.head, task.payload, task.tail);
		buffer.add(result ?? "");
		buffer.add(letter);
		buffer.add(note);
	}
	for (const { id } of deleted) buffer.add(id);
	for (const { priority, id } of returned) {
		buffer.add(String(priority));
		buffer.add(id);
	}
}

const REFUSALS: Readonly<Record<number, TurnAnswer>> = { [-1]: { kind: "lost" }, [-2]: { kind: "outOfOrder" } };
const HEAD_LENGTH = 5;

function decodeAnswer(reply: readonly (string | number | null)[], turn: number): TurnAnswer {
	const [status] = reply;
	const refusal = typeof status === "number" ? REFUSALS[status] : undefined;
	if (refusal) return refusal;
	const count = (reply.length - HEAD_LENGTH) / 2;
	const taken: Taken[] = [];
	let from = HEAD_LENGTH;
	for (const priority of PRIORITIES) {
		const to = from + Number(reply[4 - priority]);
		if (to === from) continue;
		const ids = reply.slice(from, to) as string[];
		const tasks = reply.slice(from + count, to + count) as (string | null)[];
		taken.push({ field: `${turn}:${priority}`, priority, ids, tasks });
		from = to;
	}
	return { kind: "done", taken, fault: typeof status === "string" ? new FetchError(status) : undefined };
}
