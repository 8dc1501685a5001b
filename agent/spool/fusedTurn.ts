import { type CommandBuffer, digits, LastBytes } from "./commandBuffer.js";
import { STORED_RESULT_TTL_SECONDS, STORED_TASK_TTL_SECONDS } from "./outcome.js";
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

/** Where a turn writes. */
export interface FusedKeys {
	readonly prefix: string;
	/** Keys up to a task's ID. */
	readonly task: Buffer;
	readonly storedTask: Buffer;
	readonly storedResult: Buffer;
	readonly completedIndex: string;
}

const SET = Buffer.from("$3\r\nSET\r\n");
/** For how long a completed task is stored, as it stands in a command. */
const TASK_EXPIRY = Buffer.from(`$2\r\nEX\r\n$6\r\n${STORED_TASK_TTL_SECONDS}\r\n`);
const RESULT_EXPIRY = Buffer.from(`$2\r\nEX\r\n$7\r\n${STORED_RESULT_TTL_SECONDS}\r\n`);

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
	const { completed, retried, dead, deleted, returned } = sortOut(turn.settlements);
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

/** @returns how many commands that were */
function writeCompleted(buffer: CommandBuffer, keys: FusedKeys, completed: readonly Of<"completed">[]): number {
	for (const settlement of completed) {
		const { task, startedAt, completedAt } = settlement;
		buffer.next(5);
		buffer.addWritten(SET);
		addKey(buffer, keys.storedTask, settlement);
		if (task instanceof StoredTask) {
			task.addCompleted(buffer, startedAt, completedAt);
		} else {
			const { retryCount, error } = task;
			const tail = taskTail(task, { state: "completed", retryCount, startedAt, completedAt, error });
			buffer.add(taskHead(task) + task.payload + tail);
		}
		buffer.addWritten(TASK_EXPIRY);
		buffer.next(5);
		buffer.addWritten(SET);
		addKey(buffer, keys.storedResult, settlement);
		addResult(buffer, settlement);
		buffer.addWritten(RESULT_EXPIRY);
	}
	buffer.next(1 + completed.length);
	buffer.add("DEL");
	for (const settlement of completed) addKey(buffer, keys.task, settlement);
	buffer.next(2 + completed.length);
	buffer.add("SADD");
	buffer.add(keys.completedIndex);
	for (const settlement of completed) addKey(buffer, NOTHING, settlement);
	return 2 * completed.length + 2;
}

const NOTHING = Buffer.alloc(0);

/** @param start what comes before the task's ID */
function addKey(buffer: CommandBuffer, start: Buffer, { task, id }: Of<"completed">): void {
	if (task instanceof StoredTask) task.addKey(buffer, start);
	else buffer.add(start.toString() + id);
}

const RESULT_ID = Buffer.from('{"task_id":"');
const RESULT_OUTPUT = Buffer.from('","success":true,"output":');
const RESULT_TIME = Buffer.from(',"completed_at":"');
const RESULT_DURATION = Buffer.from('","duration":');
const RESULT_END = Buffer.from("}");
/** Of a result that has all of its parts, around what they hold. */
const RESULT_FRAME = [RESULT_ID, RESULT_OUTPUT, RESULT_TIME, RESULT_DURATION, RESULT_END].reduce(
	(sum, { length }) => sum + length,
	0,
);

const outputs = new LastBytes();

/** As `encodeResult` has it, of a task that has an ID without escapes written past all texts. */
function addResult(buffer: CommandBuffer, settlement: Of<"completed">): void {
	const { id, task, completedAt, output, durationNs } = settlement;
	if (!(task instanceof StoredTask) || output === "") {
		buffer.add(encodeResult({ taskId: id, success: true, output, completedAt, durationNs }));
		return;
	}
	const duration = Math.round(durationNs);
	const outputBytes = outputs.of(output);
	const parts = id.length + outputBytes.length + completedAt.length + digits(duration);
	buffer.open(RESULT_FRAME + parts);
	buffer.put(RESULT_ID);
	task.putId(buffer);
	buffer.put(RESULT_OUTPUT);
	buffer.put(outputBytes);
	buffer.put(RESULT_TIME);
	buffer.ascii(completedAt);
	buffer.put(RESULT_DURATION);
	buffer.number(duration);
	buffer.put(RESULT_END);
	buffer.close();
}

/** By what becomes of them. */
function sortOut(settlements: readonly Settlement[]) {
	const sorted = {
		completed: [] as Of<"completed">[],
		retried: [] as Of<"retried">[],
		dead: [] as Of<"dead">[],
		deleted: [] as Of<"deleted">[],
		returned: [] as Of<"returned">[],
	};
	for (const settlement of settlements) {
		switch (settlement.kind) {
			case "completed":
				sorted.completed.push(settlement);
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

/** @param tasks that were fetched, in the order of `idsOf` */
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
	return { kind: "done", taken, fault: typeof status === "number" ? undefined : new FetchError(String(status)) };
}
