import type { CommandBuffer } from "./commandBuffer.js";
import { type Completed, type FusedKeys, writeCompleted } from "./fusedCompleted.js";
import { RawText } from "./storedTask.js";
import type { Priority, TaskText } from "./task.js";

/** What the fused queue and its script `TURN` tell each other. */

/** What became of a task in a consumer's hands, as it is to be stored. */
export type Settlement =
	| Completed
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
	/** Tasks to take at most. */
	readonly most: number;
}

export interface Taken {
	readonly field: string;
	readonly priority: Priority;
	readonly ids: readonly string[];
	/** JSON by place; null where the task is gone. */
	readonly tasks: readonly (RawText | null)[];
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

type Of<Kind extends Settlement["kind"]> = Settlement & { readonly kind: Kind };

const PRIORITIES: readonly Priority[] = [3, 2, 1, 0];

/** A reply of Redis's own that says why it did not do something. */
class FetchError extends Error {
	override readonly name = "ReplyError";
}

export interface WriteOptions {
	readonly leaseMs: number;
	/** A SORT behind the script fetches what it has taken. */
	readonly sorts: boolean;
}

/**
 * Writes the commands of a turn, of which the script is one.
 *
 * @param sha1 of the script
 * @returns the script's place among them
 */
export function writeTurn(
	buffer: CommandBuffer,
	sha1: string,
	keys: FusedKeys,
	turn: Turn,
	options: WriteOptions,
): number {
	const completed = ofKind(turn.settlements, "completed");
	const retried = ofKind(turn.settlements, "retried");
	const dead = ofKind(turn.settlements, "dead");
	const deleted = ofKind(turn.settlements, "deleted");
	const returned = ofKind(turn.settlements, "returned");
	const before = completed.length === 0 ? 0 : writeCompleted(buffer, keys, completed);
	const counts = [turn.tickets, completed, retried, dead, deleted, returned].map(({ length }) => length);
	const [tickets = 0, , again = 0, lost = 0, unread = 0, back = 0] = counts;
	buffer.next(15 + 2 * tickets + 5 * (again + lost) + unread + 2 * back);
	buffer.add("EVALSHA");
	buffer.add(sha1);
	buffer.add("1");
	buffer.add(keys.prefix);
	buffer.add(turn.consumer);
	const { leaseMs, sorts } = options;
	for (const number of [turn.number, turn.most, leaseMs, sorts ? 1 : 0, ...counts]) buffer.addNumber(number);
	for (const { field, left } of turn.tickets) {
		buffer.add(field);
		buffer.add(left.length === 0 ? "" : JSON.stringify(left));
	}
	for (const { id, task, result, priority, delayMs } of retried) {
		buffer.add(id);
		buffer.add(textOf(task));
		buffer.add(result ?? "");
		buffer.addNumber(priority);
		buffer.add(String(delayMs));
	}
	for (const { id, task, result, letter, note } of dead) {
		buffer.add(id);
		buffer.add(textOf(task));
		buffer.add(result ?? "");
		buffer.add(letter);
		buffer.add(note);
	}
	for (const { id } of deleted) buffer.add(id);
	for (const { priority, id } of returned) {
		buffer.addNumber(priority);
		buffer.add(id);
	}
	return before;
}

function textOf({ head, payload, tail }: TaskText): string {
	return head + payload + tail;
}

function ofKind<Kind extends Settlement["kind"]>(settlements: readonly Settlement[], kind: Kind): Of<Kind>[] {
	return settlements.filter((settlement): settlement is Of<Kind> => settlement.kind === kind);
}

/** What a turn took: 0 or an error, then the IDs of priority 3, 2, 1, 0, each as JSON or ''. */
export type TakenReply = readonly (RawText | number)[];

/** The IDs of all priorities, in the order in which their tasks are fetched. */
export function idsOf(reply: TakenReply): string[] {
	return PRIORITIES.flatMap((priority) => idsOfPriority(reply, priority));
}

function idsOfPriority(reply: TakenReply, priority: Priority): string[] {
	const json = String(reply[4 - priority] ?? "");
	return json === "" ? [] : (JSON.parse(json) as string[]);
}

/** Lets go of the reply, but not of the tasks. @param tasks that were fetched, in the order of `idsOf` */
export function decodeAnswer(reply: TakenReply, tasks: readonly (RawText | null)[], turn: number): TurnAnswer {
	const [status] = reply;
	const taken: Taken[] = [];
	let from = 0;
	for (const priority of PRIORITIES) {
		const ids = idsOfPriority(reply, priority);
		if (ids.length === 0) continue;
		const to = from + ids.length;
		taken.push({ field: `${turn}:${priority}`, priority, ids, tasks: tasks.slice(from, to) });
		from = to;
	}
	const fault = typeof status === "number" ? undefined : new FetchError(String(status));
	for (const part of reply) if (part instanceof RawText) part.letGo();
	return { kind: "done", taken, fault };
}
