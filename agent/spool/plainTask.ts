import { type CommandBuffer, LastBytes } from "./commandBuffer.js";
import { type PlainPayload, type Task, taskMiddle } from "./task.js";

const ID = Buffer.from('{"id":"');
const METADATA = Buffer.from('","metadata":');
const NO_METADATA = Buffer.from('"');
const END = Buffer.from("}");

const types = new LastBytes('","type":"', '","payload":');
const payloadStarts = new LastBytes();
const middles = new LastBytes();
const scheduled = new LastBytes('","scheduled_at":"');

/**
 * Adds a new task that is plain, as its key and its JSON (as `encodeTask` has it): each part is written where it is sent from,
 * and what it shares with the task before is copied.
 *
 * @param keyStart what comes before the ID in its key
 */
export function addPlainTask(buffer: CommandBuffer, keyStart: Uint8Array, task: Task, payload: PlainPayload): void {
	const { id, createdAt, metadata } = task;
	buffer.open(keyStart.length + id.length);
	buffer.put(keyStart);
	const idAt = buffer.end;
	buffer.ascii(id);
	buffer.close();

	const type = types.of(task.type);
	const payloadStart = payloadStarts.of(payload.start);
	const middle = middles.of(taskMiddle(task, task));
	const scheduledAt = scheduled.of(task.scheduledAt);
	const known = ID.length + type.length + payloadStart.length + middle.length + scheduledAt.length + END.length;
	const own = id.length + payload.end.length + createdAt.length;
	buffer.open(known + own + (metadata === undefined ? NO_METADATA.length : METADATA.length + metadata.length));
	buffer.put(ID);
	buffer.again(idAt, id.length);
	buffer.put(type);
	buffer.put(payloadStart);
	buffer.ascii(payload.end);
	buffer.put(middle);
	buffer.ascii(createdAt);
	buffer.put(scheduledAt);
	buffer.put(metadata === undefined ? NO_METADATA : METADATA);
	if (metadata !== undefined) buffer.ascii(metadata);
	buffer.put(END);
	buffer.close();
}
