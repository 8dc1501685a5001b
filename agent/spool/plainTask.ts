import type { CommandBuffer } from "./commandBuffer.js";
import { type PlainPayload, type Task, taskMiddle } from "./task.js";

const ID = Buffer.from('{"id":"');
const TYPE = Buffer.from('","type":"');
const PAYLOAD = Buffer.from('","payload":');
const SCHEDULED = Buffer.from('","scheduled_at":"');
const METADATA = Buffer.from('","metadata":');
const NO_METADATA = Buffer.from('"');
const END = Buffer.from("}");
/** Around what the parts hold, but for the metadata. */
const FRAME = [ID, TYPE, PAYLOAD, SCHEDULED, END].reduce((sum, { length }) => sum + length, 0);

/** Adds the JSON of a new task that is plain, as `encodeTask` has it: each part is written where it is sent from. */
export function addPlainTask(buffer: CommandBuffer, task: Task, payload: PlainPayload): void {
	const { id, type, createdAt, scheduledAt, metadata } = task;
	const middle = taskMiddle(task, task);
	const payloadBytes = payload.start.length + payload.end.length;
	const end = metadata === undefined ? NO_METADATA.length : METADATA.length + metadata.length;
	const parts = id.length + type.length + payloadBytes + middle.length + createdAt.length + scheduledAt.length;
	buffer.open(FRAME + parts + end);
	buffer.put(ID);
	buffer.ascii(id);
	buffer.put(TYPE);
	buffer.ascii(type);
	buffer.put(PAYLOAD);
	buffer.ascii(payload.start);
	buffer.ascii(payload.end);
	buffer.ascii(middle);
	buffer.ascii(createdAt);
	buffer.put(SCHEDULED);
	buffer.ascii(scheduledAt);
	buffer.put(metadata === undefined ? NO_METADATA : METADATA);
	if (metadata !== undefined) buffer.ascii(metadata);
	buffer.put(END);
	buffer.close();
}
