import type { TaskShape } from "../../proto/gen/slice.js";
import { THREE_DIGITS } from "../spool/gotime.js";
import type { PlainPayload } from "../spool/plainTask.js";

const FILLER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/**
 * The payloads of a run, as Spool's own benchmark makes them: `{"data": <filler>, "task_id": <n>}`, keys in Go's order.
 *
 * @param mostBytes length of the longest filler, in bytes (it is ASCII)
 * @returns a function from a task's run-wide number, and the length of its filler, to its payload as JSON text in two parts
 */
export function payloadMaker(mostBytes: number): (taskNumber: number, dataBytes?: number) => PlainPayload {
	const data = FILLER.repeat(Math.ceil(mostBytes / FILLER.length)).slice(0, mostBytes);
	const longest = `{"data":"${data}","task_id":`;
	return (taskNumber, dataBytes = mostBytes) => ({
		start: dataBytes === mostBytes ? longest : `{"data":"${data.slice(0, dataBytes)}","task_id":`,
		end: `${decimal(taskNumber)}}`,
	});
}

/** `String(value)`: V8 puts each text that this makes of a number into a table, in which it outlives what takes young garbage away. */
function decimal(value: number): string {
	return value < 1_000 ? String(value) : decimal(Math.floor(value / 1_000)) + (THREE_DIGITS[value % 1_000] as string);
}

/** The longest filler that tasks of this shape can have. */
export function longestPayload({ payload }: TaskShape): number {
	return Math.max(0, ...payload.map(({ mostBytes }) => mostBytes));
}
