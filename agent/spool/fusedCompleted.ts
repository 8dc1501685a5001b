import { type CommandBuffer, digits, LastPiece } from "./commandBuffer.js";
import { STORED_RESULT_TTL_SECONDS, STORED_TASK_TTL_SECONDS } from "./outcome.js";
import { Piece } from "./piece.js";
import { StoredTask } from "./storedTask.js";
import { encodeResult, type Task, taskHead, taskTail } from "./task.js";

/** A task whose handler did its work. */
export interface Completed {
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

/** Where a turn writes. */
export interface FusedKeys {
	readonly prefix: string;
	/** Keys up to a task's ID. */
	readonly task: Piece;
	readonly storedTask: Piece;
	readonly storedResult: Piece;
	readonly completedIndex: string;
}

const SET = Piece.of("$3\r\nSET\r\n");
/** For how long a completed task is stored, as it stands in a command. */
const TASK_EXPIRY = Piece.of(`$2\r\nEX\r\n$6\r\n${STORED_TASK_TTL_SECONDS}\r\n`);
const RESULT_EXPIRY = Piece.of(`$2\r\nEX\r\n$7\r\n${STORED_RESULT_TTL_SECONDS}\r\n`);

/** Writes the commands that store completed tasks and take them away. @returns how many commands that were */
export function writeCompleted(buffer: CommandBuffer, keys: FusedKeys, completed: readonly Completed[]): number {
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

const NOTHING = Piece.of("");

/** @param start what comes before the task's ID */
function addKey(buffer: CommandBuffer, start: Piece, { task, id }: Completed): void {
	if (task instanceof StoredTask) task.addKey(buffer, start);
	else buffer.add(start.toString() + id);
}

const RESULT_ID = Piece.of('{"task_id":"');
const RESULT_OUTPUT = Piece.of('","success":true,"output":');
const RESULT_TIME = Piece.of(',"completed_at":"');
const RESULT_DURATION = Piece.of('","duration":');
const RESULT_END = Piece.of("}");
/** Of a result that has all of its parts, around what they hold. */
const RESULT_FRAME = [RESULT_ID, RESULT_OUTPUT, RESULT_TIME, RESULT_DURATION, RESULT_END].reduce(
	(sum, { length }) => sum + length,
	0,
);

const outputs = new LastPiece();

/** As `encodeResult` has it; of a task that was left in its bytes, whose ID needs no escapes, without making a text of it. */
function addResult(buffer: CommandBuffer, settlement: Completed): void {
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
