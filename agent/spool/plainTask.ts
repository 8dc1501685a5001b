import { type CommandBuffer, LastPiece } from "./commandBuffer.js";
import { ZERO_TIME } from "./gotime.js";
import { Piece } from "./piece.js";
import { type Priority, type Task, type TaskState, taskMiddle } from "./task.js";

/** The payload in two parts: the first, which many tasks have in common, need not be copied to add the second. */
export interface PlainPayload {
	readonly start: string;
	readonly end: string;
}

/** A text that is written where it is sent from, piece by piece, and made a text of only for who asks for one. */
export interface WrittenText {
	readonly bytes: number;
	/** Adds it to the argument that is open. */
	addTo(buffer: CommandBuffer): void;
	toString(): string;
}

export interface PlainTaskInit {
	readonly id: string;
	readonly type: string;
	readonly payload: PlainPayload;
	readonly priority: Priority;
	readonly maxRetries: number;
	readonly timeoutNs: number;
	/** RFC 3339. */
	readonly createdAt: string;
	readonly metadata: WrittenText | undefined;
}

const ID = Piece.of('{"id":"');
const METADATA = Piece.of('","metadata":');
const NO_METADATA = Piece.of('"');
const END = Piece.of("}");

const types = new LastPiece('","type":"', '","payload":');
const payloadStarts = new LastPiece();
const middles = new LastPiece();
const scheduled = new LastPiece('","scheduled_at":"');

/**
 * A new task that is ASCII altogether, and in which no text is written otherwise as a JSON string: whoever makes it knows, and
 * to look would take as long as to write. It is sent without ever having been one text.
 */
export class PlainTask implements Task {
	readonly id: string;
	readonly type: string;
	readonly priority: Priority;
	readonly maxRetries: number;
	readonly timeoutNs: number;
	readonly createdAt: string;
	readonly state: TaskState = "pending";
	readonly retryCount = 0;
	readonly scheduledAt = ZERO_TIME;
	readonly #payload: PlainPayload;
	readonly #metadata: WrittenText | undefined;

	constructor(init: PlainTaskInit) {
		this.id = init.id;
		this.type = init.type;
		this.priority = init.priority;
		this.maxRetries = init.maxRetries;
		this.timeoutNs = init.timeoutNs;
		this.createdAt = init.createdAt;
		this.#payload = init.payload;
		this.#metadata = init.metadata;
	}

	get payload(): string {
		return this.#payload.start + this.#payload.end;
	}

	get metadata(): string | undefined {
		return this.#metadata?.toString();
	}

	/**
	 * Adds its key and its JSON (as `encodeTask` has it), each part written where it is sent from: what it shares with the task
	 * before is copied.
	 *
	 * @param keyStart what comes before the ID in its key
	 * @returns where its ID was written
	 */
	addTo(buffer: CommandBuffer, keyStart: Piece): number {
		const { id, createdAt } = this;
		const metadata = this.#metadata;
		buffer.open(keyStart.length + id.length);
		buffer.put(keyStart);
		const idAt = buffer.end;
		buffer.ascii(id);
		buffer.close();

		const type = types.of(this.type);
		const payloadStart = payloadStarts.of(this.#payload.start);
		const { end: payloadEnd } = this.#payload;
		const middle = middles.of(taskMiddle(this, this));
		const scheduledAt = scheduled.of(this.scheduledAt);
		const known = ID.length + type.length + payloadStart.length + middle.length + scheduledAt.length + END.length;
		const own = id.length + payloadEnd.length + createdAt.length;
		buffer.open(known + own + (metadata ? METADATA.length + metadata.bytes : NO_METADATA.length));
		buffer.put(ID);
		buffer.again(idAt, id.length);
		buffer.put(type);
		buffer.put(payloadStart);
		buffer.ascii(payloadEnd);
		buffer.put(middle);
		buffer.ascii(createdAt);
		buffer.put(scheduledAt);
		buffer.put(metadata ? METADATA : NO_METADATA);
		metadata?.addTo(buffer);
		buffer.put(END);
		buffer.close();
		return idAt;
	}
}
