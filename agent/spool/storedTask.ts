import type { CommandBuffer } from "./commandBuffer.js";
import { endOfValueIn, isPlainText } from "./gojson.js";
import { isAt, LastView, Piece } from "./piece.js";
import { decodeTask, type Priority, type Task, type TaskState, taskMiddle } from "./task.js";

/**
 * Bytes that lie in Redis's answer: `bytes[from, to)`. They keep all that came with them, 64 KB: who is done with them lets them
 * go, for a collector of young objects takes some of what is garbage for alive, up to the next full collection.
 */
export class RawText {
	#bytes: Buffer | undefined;

	constructor(
		bytes: Buffer,
		readonly from: number,
		readonly to: number,
	) {
		this.#bytes = bytes;
	}

	/** @throws Error once they were let go */
	get bytes(): Buffer {
		if (!this.#bytes) throw new Error("bytes of an answer that were let go");
		return this.#bytes;
	}

	letGo(): void {
		this.#bytes = undefined;
	}

	toString(): string {
		return this.bytes.toString("utf8", this.from, this.to);
	}
}

/** What is the same in most tasks of a queue, once as values and once as bytes. */
interface Middle {
	/** From behind the payload up to the time of creation. */
	readonly pending: Piece;
	/** The same of the completed task. */
	readonly completed: Piece;
	readonly maxRetries: number;
	readonly timeoutNs: number;
}

/**
 * A task that nobody has tried yet, left in the bytes in which it came: a worker that completes it needs few of them as values,
 * and can write what becomes of it without reading the rest.
 */
export class StoredTask implements Task {
	readonly state: TaskState = "pending";
	readonly retryCount = 0;

	constructor(
		readonly id: string,
		readonly type: string,
		readonly priority: Priority,
		private readonly middle: Middle,
		private readonly raw: RawText,
		private readonly payloadFrom: number,
		/** Where the payload ends, and so what changes begins. */
		private readonly payloadTo: number,
		private readonly createdFrom: number,
		private readonly createdTo: number,
		/** Behind the quote that ends `scheduled_at`. */
		private readonly timesTo: number,
	) {}

	get maxRetries(): number {
		return this.middle.maxRetries;
	}

	get timeoutNs(): number {
		return this.middle.timeoutNs;
	}

	get payload(): string {
		return this.#text(this.payloadFrom, this.payloadTo);
	}

	get createdAt(): string {
		return this.#text(this.createdFrom, this.createdTo);
	}

	get scheduledAt(): string {
		return this.#text(this.createdTo + SCHEDULED.length, this.timesTo - 1);
	}

	get metadata(): string | undefined {
		return this.metadataFrom < this.metadataTo ? this.#text(this.metadataFrom, this.metadataTo) : undefined;
	}

	/** Where the metadata lies in `bytes`. */
	get metadataFrom(): number {
		return Math.min(this.timesTo + METADATA.length, this.metadataTo);
	}

	get metadataTo(): number {
		return this.raw.to - 1;
	}

	get bytes(): Buffer {
		return this.raw.bytes;
	}

	/** It is done: nobody reads it any more. */
	letGo(): void {
		this.raw.letGo();
	}

	/** As a plain object. */
	toTask(): Task {
		return decodeTask(this.raw.toString());
	}

	/**
	 * Adds its JSON as an argument, as `encodeTask` has it when it is completed. Nothing is read: what changes stands between
	 * what does not.
	 *
	 * @param startedAt RFC 3339, as `completedAt`
	 */
	addCompleted(to: CommandBuffer, startedAt: string, completedAt: string): void {
		const { middle, bytes, payloadTo, createdFrom, timesTo } = this;
		const { from: taskFrom, to: taskTo } = this.raw;
		const kept = payloadTo - taskFrom + (taskTo - createdFrom);
		const times = STARTED.length + startedAt.length + COMPLETED.length + completedAt.length + TIMES_END.length;
		to.open(kept + middle.completed.length + times);
		to.copy(bytes, taskFrom, payloadTo);
		to.put(middle.completed);
		to.copy(bytes, createdFrom, timesTo);
		to.put(STARTED);
		to.ascii(startedAt);
		to.put(COMPLETED);
		to.ascii(completedAt);
		to.put(TIMES_END);
		to.copy(bytes, timesTo, taskTo);
		to.close();
	}

	/** Adds a key that ends with its ID as an argument. @param start what comes before that */
	addKey(to: CommandBuffer, start: Piece): void {
		to.open(start.length + this.id.length);
		to.put(start);
		this.putId(to);
		to.close();
	}

	/** Its ID, as a piece of an argument. */
	putId(to: CommandBuffer): void {
		const from = this.raw.from + ID.length;
		to.copy(this.bytes, from, from + this.id.length);
	}

	#text(from: number, to: number): string {
		return this.raw.bytes.toString("utf8", from, to);
	}
}

const ID = Piece.of('{"id":"');
const TYPE = '","type":"';
const PAYLOAD = '","payload":';
const PRIORITY = Piece.of(',"priority":');
const SCHEDULED = Piece.of('","scheduled_at":"');
const STARTED = Piece.of(',"started_at":"');
const COMPLETED = Piece.of('","completed_at":"');
const TIMES_END = Piece.of('"');
const METADATA = Piece.of(',"metadata":');
/** No end of a task is shorter: where to begin to look for its start. */
const SHORTEST_END = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ASCII_END = 0x80;
const DIGIT_ZERO = 0x30;

/** Types told apart at most: further ones are read the long way. */
const MOST_TYPES = 100;

/**
 * Reads tasks as Spool and this project write them. What it has seen once, a type or a set of retries and timeout, it knows by
 * its bytes the next time: then a task takes half a microsecond, and whatever else comes is read as text.
 */
export class TaskReader {
	/** From behind the ID up to the payload. */
	readonly #types: { readonly piece: Piece; readonly type: string }[] = [];
	#lastType = 0;
	/** By priority; the last one seen. */
	readonly #middles: (Middle | undefined)[] = [];
	/** From behind the payload, of the last one seen: the next one's mostly differs by a digit of a second's fraction, if at all. */
	#endBytes = SHORTEST_END;
	readonly #view = new LastView();

	/**
	 * @param id that the task is expected to have
	 * @throws Error naming what is wrong with it
	 */
	read(raw: RawText, id: string): Task {
		const known = this.#readKnown(raw, id);
		if (known) return known;
		const task = decodeTask(raw.toString());
		if (task.id !== id) throw new Error(`task: id: expected ${id}, got ${task.id}`);
		this.#learn(task);
		return task;
	}

	#readKnown(raw: RawText, id: string): StoredTask | undefined {
		const { bytes, from, to } = raw;
		const idFrom = from + ID.length;
		const typeFrom = idFrom + id.length;
		if (typeFrom >= to || !this.#isAt(bytes, from, ID) || !spells(bytes, idFrom, id)) return undefined;
		const type = this.#typeAt(bytes, typeFrom);
		if (!type) return undefined;
		const payloadFrom = typeFrom + type.piece.length;
		const payloadTo = this.#startOfEnd(bytes, payloadFrom, to);
		if (payloadTo < 0) return undefined;
		this.#endBytes = to - payloadTo;
		const priority = (bytes[payloadTo + PRIORITY.length] as number) - DIGIT_ZERO;
		const middle = this.#middles[priority];
		if (!middle || !this.#isAt(bytes, payloadTo, middle.pending)) return undefined;
		const createdFrom = payloadTo + middle.pending.length;
		const createdTo = endOfPlain(bytes, createdFrom, to);
		if (createdTo < 0 || !this.#isAt(bytes, createdTo, SCHEDULED)) return undefined;
		const scheduledTo = endOfPlain(bytes, createdTo + SCHEDULED.length, to);
		if (scheduledTo < 0) return undefined;
		const timesTo = scheduledTo + 1;
		if (timesTo !== to - 1) {
			const metadataFrom = timesTo + METADATA.length;
			if (!this.#isAt(bytes, timesTo, METADATA) || bytes[metadataFrom] !== OPEN_BRACE) return undefined;
			// An object without members counts as none.
			if (bytes[metadataFrom + 1] !== QUOTE || endOfValueIn(bytes, metadataFrom, to) !== to - 1) return undefined;
		}
		if (bytes[to - 1] !== CLOSE_BRACE) return undefined;
		const { type: name } = type;
		return new StoredTask(
			id,
			name,
			priority as Priority,
			middle,
			raw,
			payloadFrom,
			payloadTo,
			createdFrom,
			createdTo,
			timesTo,
		);
	}

	/**
	 * Where what comes behind the payload begins: at a `,"priority":`, since Spool writes nothing between the two. Inside a text
	 * its quotes would be escaped, and in an object within payload or metadata another brace would follow it than the task's,
	 * which who reads on sees. So nobody need go through the payload, which is most of the task.
	 */
	#startOfEnd(bytes: Buffer, from: number, to: number): number {
		const likely = to - this.#endBytes;
		for (let at = likely + 2; at >= likely - 2; at--) if (at > from && this.#isAt(bytes, at, PRIORITY)) return at;
		for (let at = to - SHORTEST_END; at > from; at--) if (this.#isAt(bytes, at, PRIORITY)) return at;
		return -1;
	}

	#typeAt(bytes: Buffer, at: number): { readonly piece: Piece; readonly type: string } | undefined {
		const last = this.#types[this.#lastType];
		if (last && this.#isAt(bytes, at, last.piece)) return last;
		this.#lastType = Math.max(
			0,
			this.#types.findIndex((each) => this.#isAt(bytes, at, each.piece)),
		);
		const found = this.#types[this.#lastType];
		return found && this.#isAt(bytes, at, found.piece) ? found : undefined;
	}

	#isAt(bytes: Buffer, from: number, piece: Piece): boolean {
		return isAt(bytes, this.#view.of(bytes), from, piece);
	}

	#learn(task: Task): void {
		const { type, priority, maxRetries, timeoutNs } = task;
		if (task.retryCount !== 0 || task.state !== "pending") return;
		const text = `${TYPE}${type}${PAYLOAD}`;
		const isKnown = this.#types.some((each) => each.type === type);
		if (!isKnown && this.#types.length < MOST_TYPES && isPlainText(type)) {
			this.#types.push({ piece: Piece.of(text), type });
		}
		const pending = Piece.of(taskMiddle(task, task));
		const completed = Piece.of(taskMiddle(task, { state: "completed", retryCount: 0 }));
		this.#middles[priority] = { pending, completed, maxRetries, timeoutNs };
	}
}

/** Whether `text` lies there, and is written the same as a JSON string. */
function spells(bytes: Buffer, from: number, text: string): boolean {
	for (let at = 0; at < text.length; at++) {
		const unit = text.charCodeAt(at);
		if (unit !== bytes[from + at] || PLAIN_UNITS[unit] !== 1) return false;
	}
	return true;
}

const PLAIN_UNITS = Uint8Array.from({ length: ASCII_END }, (_, unit) =>
	isPlainText(String.fromCharCode(unit)) ? 1 : 0,
);

/** Where the text ends that begins at `from`: at a quote, with nothing escaped in it. -1 where it is otherwise. */
function endOfPlain(bytes: Buffer, from: number, to: number): number {
	for (let at = from; at < to; at++) {
		const byte = bytes[at] as number;
		if (byte === QUOTE) return at > from ? at : -1;
		if (byte === BACKSLASH || byte >= ASCII_END) return -1;
	}
	return -1;
}
