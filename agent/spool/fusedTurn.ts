import { type CommandBuffer, digits, utf8Bytes } from "./commandBuffer.js";
import type { Reply } from "./replyReader.js";
import { type RawText, StoredTask } from "./storedTask.js";
import { encodeResult, type Priority, type Task, type TaskText, taskHead, taskTail } from "./task.js";

/** What the fused queue and its script `TURN` tell each other. */

/** What became of a task in a consumer's hands, as it is to be stored. */
export type Settlement =
	| {
			readonly kind: "completed";
			readonly id: string;
			/** As it was fetched. */
			readonly task: Task;
			/** RFC 3339, as `completedAt`. */
			readonly startedAt: string;
			readonly completedAt: string;
			/** Raw JSON text. */
			readonly output: string;
			readonly durationNs: number;
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
	for (const number of [turn.number, turn.most, leaseMs, sorts ? 1 : 0, ...counts]) buffer.addNumber(number);
	for (const { field, left } of turn.tickets) {
		buffer.add(field);
		buffer.add(left.length === 0 ? "" : JSON.stringify(left));
	}
	writePatched(buffer, patched);
	for (const { id } of completed) buffer.add(id);
	for (const { task, startedAt, completedAt } of completed) {
		const { retryCount, error } = task;
		const tail = taskTail(task, { state: "completed", retryCount, startedAt, completedAt, error });
		buffer.add(taskHead(task) + task.payload + tail);
	}
	for (const settlement of completed) writeResult(buffer, settlement);
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
}

function textOf({ head, payload, tail }: TaskText): string {
	return head + payload + tail;
}

function writePatched(buffer: CommandBuffer, patched: readonly Patched[]): void {
	for (const { task } of patched) task.addId(buffer);
	for (const { task } of patched) buffer.addNumber(task.storedBytes);
	for (const { task } of patched) buffer.addNumber(task.unchangedBytes);
	for (const { task, startedAt, completedAt } of patched) task.writeCompletedEnd(buffer, startedAt, completedAt);
	for (const settlement of patched) writeResult(buffer, settlement);
}

const RESULT_ID = '{"task_id":"';
const RESULT_OUTPUT = '","success":true,"output":';
const RESULT_TIME = ',"completed_at":"';
const RESULT_DURATION = '","duration":';
/** Of a result that has all of its parts, around what they hold. */
const RESULT_FRAME = RESULT_ID.length + RESULT_OUTPUT.length + RESULT_TIME.length + RESULT_DURATION.length + 1;

/** As `encodeResult` has it, of a task that has an ID without escapes written past all texts. */
function writeResult(buffer: CommandBuffer, settlement: Of<"completed">): void {
	const { id, task, completedAt, output, durationNs } = settlement;
	if (!(task instanceof StoredTask) || output === "") {
		buffer.add(encodeResult({ taskId: id, success: true, output, completedAt, durationNs }));
		return;
	}
	const duration = Math.round(durationNs);
	const bytes = RESULT_FRAME + id.length + utf8Bytes(output) + completedAt.length + digits(duration);
	buffer.open(bytes);
	buffer.ascii(RESULT_ID);
	buffer.ascii(id);
	buffer.ascii(RESULT_OUTPUT);
	buffer.text(output);
	buffer.ascii(RESULT_TIME);
	buffer.ascii(completedAt);
	buffer.ascii(RESULT_DURATION);
	buffer.number(duration);
	buffer.ascii("}");
	buffer.close();
}

type Patched = Of<"completed"> & { readonly task: StoredTask };

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
		switch (settlement.kind) {
			case "completed":
				if (patching && isPatch(settlement) && !seen.has(settlement.id)) sorted.patched.push(settlement);
				else sorted.completed.push(settlement);
				seen.add(settlement.id);
				break;
			case "retried":
				sorted.retried.push(settlement);
				break;
			case "dead":
				sorted.dead.push(settlement);
				break;
			case "deleted":
				sorted.deleted.push(settlement);
				break;
			case "returned":
				sorted.returned.push(settlement);
				break;
			case "gone":
				break;
		}
	}
	return sorted;
}

/** Its text only grows: what is written over its end covers all that was there. */
function isPatch(settlement: Of<"completed">): settlement is Patched {
	return settlement.task instanceof StoredTask;
}

/** What the script answers. @see decodeAnswer */
export type TurnReply = readonly (RawText | number | null)[];

const REFUSALS: Readonly<Record<number, TurnAnswer>> = { [-1]: { kind: "lost" }, [-2]: { kind: "outOfOrder" } };
/** A task is not what it was when it was read: all are to be written whole. */
export const CHANGED = -3;
/** Parts of a reply before the tasks. */
const HEAD_LENGTH = 5;

/**
 * @param replies to the script, and where `sorts` to SORT and DEL behind it
 * @throws what Redis refused one of them with
 */
export function readReplies(replies: readonly Reply[], sorts: boolean): [TurnReply, readonly (RawText | null)[]] {
	const fault = replies.find((reply) => reply instanceof Error);
	if (fault) throw fault;
	const [reply, sorted] = replies as [TurnReply, (RawText | null)[]];
	return [reply, sorts ? sorted : (reply.slice(HEAD_LENGTH) as (RawText | null)[])];
}

/** @param reply the script's @param tasks that were fetched */
export function decodeAnswer(reply: TurnReply, tasks: readonly (RawText | null)[], turn: number): TurnAnswer {
	const [status] = reply;
	const refusal = typeof status === "number" ? REFUSALS[status] : undefined;
	if (refusal) return refusal;
	const taken: Taken[] = [];
	let from = 0;
	for (const priority of PRIORITIES) {
		const json = String(reply[4 - priority] ?? "");
		if (json === "") continue;
		const ids = JSON.parse(json) as string[];
		const to = from + ids.length;
		taken.push({ field: `${turn}:${priority}`, priority, ids, tasks: tasks.slice(from, to) });
		from = to;
	}
	return { kind: "done", taken, fault: typeof status === "number" ? undefined : new FetchError(String(status)) };
}
