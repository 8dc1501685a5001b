import type { CommandBuffer } from "./commandBuffer.js";
import { type Task, taskMiddle } from "./task.js";

const ID = '{"id":"';
const TYPE = '","type":"';
const PAYLOAD = '","payload":';
const SCHEDULED = '","scheduled_at":"';
const METADATA = '","metadata":';
/** Around what the parts hold; the metadata's is the quote that ends `scheduled_at`. */
const FRAME = ID.length + TYPE.length + PAYLOAD.length + SCHEDULED.length + 1;

/** Adds the JSON of a new task that is plain, as `encodeTask` has it: each part is written where it is sent from. */
export function addPlainTask(buffer: CommandBuffer, task: Task): void {
	const { id, type, payload, createdAt, scheduledAt, metadata } = task;
	const middle = taskMiddle(task, task);
	const end = metadata === undefined ? 1 : METADATA.length + metadata.length;
	const parts = id.length + type.length + payload.length + middle.length + createdAt.length + scheduledAt.length;
	buffer.open(FRAME + parts + end);
	buffer.ascii(ID);
	buffer.ascii(id);
	buffer.ascii(TYPE);
	buffer.ascii(type);
	buffer.ascii(PAYLOAD);
	buffer.ascii(payload);
	buffer.ascii(middle);
	buffer.ascii(createdAt);
	buffer.ascii(SCHEDULED);
	buffer.ascii(scheduledAt);
	buffer.ascii(metadata === undefined ? '"' : METADATA);
	if (metadata !== undefined) buffer.ascii(metadata);
	buffer.ascii("}");
	buffer.close();
}
