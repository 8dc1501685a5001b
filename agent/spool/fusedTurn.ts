import type { CommandBuffer } from "./commandBuffer.js";
import { type Priority, type StoredText, type Task, type TaskText, taskHead } from "./task.js";

/** What the fused queue and its script `TURN` tell each other. */

/** What became of a task in a consumer's hands, as it is to be stored. */
export type Settlement =
	| {
			readonly kind: "completed";
			readonly id: string;
			readonly task: Task;
			/** The task's JSON behind its payload. */
			readonly tail: string;
			/** Where the task as it lies in Redis ends the same; undefined where it is to be written whole. */
			readonly stored: StoredText | undefined;
			readonly result: string;
	  }
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

type Of<Kind extends Settlement["kind"]> = Settlement & { readonly kind: Kind };

const PRIORITIES: readonly Priority[] = [3, 2, 1, 0];

/** A reply of Redis's own that says why it did not do something. */
class FetchError extends Error {
	override readonly name = "ReplyError";
}

export interface WriteOptions {
	readonly leaseMs: number;
	readonly sorts: boolean;
	/** Completed tasks are patched where they lie, as far as that is known. */
	readonly patching: boolean;
}

/** Writes the script's call, up to its last argument. @param sha1 of the script */
export function writeTurn(
	buffer: CommandBuffer,
	sha1: string,
	prefix: string,
	turn: Turn,
	options: WriteOptions,
): void {
	const { patched, completed, retried, dead, deleted, returned } = sortOut(turn.settlements, options.patching);
	const others = [completed, retried, dead, deleted, returned].map((settlements) => settlements.length);
	const counts = [turn.tickets.length, patched.length, ...others];
	const [tickets = 0, patches = 0, done = 0, again = 0, lost = 0, unread = 0, back = 0] = counts;
	buffer.begin(16 + 2 * tickets + 5 * patches + 3 * done + 5 * (again + lost) + unread + 2 * back);
	buffer.add("EVALSHA");
	buffer.add(sha1);
	buffer.add("1");
	buffer.add(prefix);
	buffer.add(turn.consumer);
	const { leaseMs, sorts } = options;
	for (const number of [turn.number, turn.most, leaseMs, sorts ? 1 : 0, ...counts]) buffer.add(String(number));
	for (const { field, left } of turn.tickets) {
		buffer.add(field);
		buffer.add(left.length === 0 ? "" : JSON.stringify(left));
	}
	writePatched(buffer, patched);
	for (const { id } of completed) buffer.add(id);
	for (const { task, tail } of completed) buffer.add(taskHead(task), task.payload, tail);
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

function writePatched(buffer: CommandBuffer, patched: readonly Patched[]): void {
	for (const { id } of patched) buffer.add(id);
	for (const { stored } of patched) buffer.add(String(stored.bytes));
	for (const { stored } of patched) buffer.add(String(stored.headBytes));
	for (const { tail } of patched) buffer.add(tail);
	for (const { result } of patched) buffer.add(result);
}

type Patched = Of<"completed"> & { readonly stored: StoredText };

/** By what becomes of them. A task that is there twice is patched once. */
function sortOut(settlements: readonly Settlement[], patching: boolean) {
	const sorted = {
		patched: [] as Patched[],
		completed: [] as Of<"completed">[],
		retried: [] as Of<"retried">[],
		dead: [] as Of<"dead">[],
		deleted: [] as Of<"deleted">[],
		returned: [] as Of<"returned">[],
	};
	const seen = new Set<string>();
	for (const settlement of settlements) {
		if (settlement.kind === "gone") continue;
		if (settlement.kind !== "completed") (sorted[settlement.kind] as Settlement[]).push(settlement);
		else if (patching && isPatch(settlement) && !seen.has(settlement.id)) sorted.patched.push(settlement);
		else sorted.completed.push(settlement);
		if (settlement.kind === "completed") seen.add(settlement.id);
	}
	return sorted;
}

/** The text only ever grows: what is written over it covers all that was there. */
function isPatch(settlement: Of<"completed">): settlement is Patched {
	const { stored, tail } = settlement;
	return stored !== undefined && tail.length >= stored.bytes - stored.headBytes;
}

export type TurnReply = readonly (string | number | null)[];
export type TaskReplies = readonly (string | null)[];

const REFUSALS: Readonly<Record<number, TurnAnswer>> = { [-1]: { kind: "lost" }, [-2]: { kind: "outOfOrder" } };
/** A task is not what it was when it was read: all are to be written whole. */
export const CHANGED = -3;
/** Parts of a reply before the tasks. */
export const HEAD_LENGTH = 5;

/** @param reply the script's @param tasks that were fetched */
export function decodeAnswer(reply: TurnReply, tasks: TaskReplies, turn: number): TurnAnswer {
	const [status] = reply;
	const refusal = typeof status === "number" ? REFUSALS[status] : undefined;
	if (refusal) return refusal;
	const taken: Taken[] = [];
	let from = 0;
	for (const priority of PRIORITIES) {
		const json = reply[4 - priority];
		if (typeof json !== "string" || json === "") continue;
		const ids = JSON.parse(json) as string[];
		const to = from + ids.length;
		taken.push({ field: `${turn}:${priority}`, priority, ids, tasks: tasks.slice(from, to) });
		from = to;
	}
	return { kind: "done", taken, fault: typeof status === "string" ? new FetchError(status) : undefined };
}
