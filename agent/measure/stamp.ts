import { readHexIn, writeHex } from "../../proto/hex.js";
import type { CommandBuffer } from "../spool/commandBuffer.js";
import { Piece } from "../spool/piece.js";
import type { WrittenText } from "../spool/plainTask.js";
import { StoredTask } from "../spool/storedTask.js";
import type { Task } from "../spool/task.js";
import { type HostClock, ONE_CLOCK } from "./clockOfHost.js";

/**
 * What travels in a task's metadata, so that whoever completes the task knows which it is and when it was meant to be sent.
 * Hexadecimal of fixed width, so that every task costs the same bytes:
 *
 *   run tag 8 · producer 4 · sequence 11 · intended 11 · lag 10 · host 3 · correction 8
 *
 * Intended is µs since the run's epoch plus 2^43 (101 days either side); lag is how much later the task was sent, in µs plus
 * 2^39 (6 days either side). Host is the sender's, correction what its clock lacked of Redis's since the epoch, in µs plus
 * 2^31 (35 minutes either side). A time beyond these is stamped as the furthest that fits.
 */
const WIDTH = { run: 8, producer: 4, sequence: 11, intended: 11, lag: 10, host: 3, correction: 8 } as const;
/** Where each part ends. */
const END = { run: 8, producer: 12, sequence: 23, intended: 34, lag: 44, host: 47, correction: 55 } as const;
const INTENDED_ZERO = 2 ** 43;
const LAG_ZERO = 2 ** 39;
const CORRECTION_ZERO = 2 ** 31;
const KEY = '"bench":"';
const QUOTE = '"'.charCodeAt(0);

/** How many bytes the stamp adds to a task's JSON. */
export const stampBytes = KEY.length + END.correction + '",'.length;

export interface Stamp {
	readonly producer: number;
	readonly sequence: number;
	/** Microseconds since the run's epoch, negative before it, on the sender's clock. */
	readonly intendedAtUs: number;
	readonly sentAtUs: number;
	/** The sender's host among the fleet's. */
	readonly hostIndex: number;
	/** What to add to the times for those on Redis's clock. */
	readonly correctionUs: number;
}

/** Makes the stamps of one run on one host. */
export class Stamper {
	/** Up to the producer. */
	readonly #start: Piece;
	readonly #host: string;
	/** Behind the lag; most tasks have the last one's. */
	#clocks: { readonly correction: number; readonly text: Piece };

	/** @param epochUs the run's epoch on this process's clock */
	constructor(
		runTag: number,
		private readonly epochUs: number,
		private readonly clock: HostClock = ONE_CLOCK,
	) {
		this.#start = Piece.of(`{${KEY}${writeHex(runTag, WIDTH.run)}`);
		this.#host = writeHex(clock.hostIndex, WIDTH.host);
		this.#clocks = this.#clocksOf(CORRECTION_ZERO);
	}

	/**
	 * The metadata of a new task, as raw JSON with its keys in the order in which Go writes them.
	 *
	 * @param intendedAtUs on this process's clock, as `sentAtUs`
	 * @param enqueueTime RFC 3339
	 */
	stamp(
		producer: number,
		sequence: number,
		intendedAtUs: number,
		sentAtUs: number,
		enqueueTime: string,
	): StampedMetadata {
		const correction = offset(this.clock.correctionUs(sentAtUs), CORRECTION_ZERO);
		if (correction !== this.#clocks.correction) this.#clocks = this.#clocksOf(correction);
		const intended = offset(intendedAtUs - this.epochUs, INTENDED_ZERO);
		const lag = offset(sentAtUs - intendedAtUs, LAG_ZERO);
		return new StampedMetadata(this.#start, producer, sequence, intended, lag, this.#clocks.text, enqueueTime);
	}

	#clocksOf(correction: number): { readonly correction: number; readonly text: Piece } {
		const text = `${this.#host}${writeHex(correction, WIDTH.correction)}","enqueue_time":"`;
		return { correction, text: Piece.of(text) };
	}
}

const METADATA_END = Piece.of('"}');
const DIGITS = WIDTH.producer + WIDTH.sequence + WIDTH.intended + WIDTH.lag;

/** A stamp and the time of day, in parts: tens of thousands a second are sent, and few are looked at before. */
class StampedMetadata implements WrittenText {
	constructor(
		private readonly start: Piece,
		private readonly producer: number,
		private readonly sequence: number,
		private readonly intended: number,
		private readonly lag: number,
		private readonly clocks: Piece,
		private readonly enqueueTime: string,
	) {}

	get bytes(): number {
		return this.start.length + DIGITS + this.clocks.length + this.enqueueTime.length + METADATA_END.length;
	}

	addTo(buffer: CommandBuffer): void {
		buffer.put(this.start);
		buffer.hex(this.producer, WIDTH.producer);
		buffer.hex(this.sequence, WIDTH.sequence);
		buffer.hex(this.intended, WIDTH.intended);
		buffer.hex(this.lag, WIDTH.lag);
		buffer.put(this.clocks);
		buffer.ascii(this.enqueueTime);
		buffer.put(METADATA_END);
	}

	toString(): string {
		const task = writeHex(this.producer, WIDTH.producer) + writeHex(this.sequence, WIDTH.sequence);
		const times = writeHex(this.intended, WIDTH.intended) + writeHex(this.lag, WIDTH.lag);
		return this.start.toString() + task + times + this.clocks.toString() + this.enqueueTime + METADATA_END.toString();
	}
}

/** The stamp of a task; undefined where it has none of this run. */
export function stampOf(runTag: number, task: Task): Stamp | undefined {
	if (task instanceof StoredTask) {
		// Go writes the keys of an object in order, so mostly ours comes first.
		const from = task.metadataFrom + 1;
		if (isKeyAt(task.bytes, from)) return readFields(runTag, task.bytes, from + KEY.length);
	}
	return readStamp(runTag, task.metadata ?? "");
}

const KEY_UNITS = Uint8Array.from(KEY, (character) => character.charCodeAt(0));

function isKeyAt(bytes: Buffer, from: number): boolean {
	for (let at = 0; at < KEY_UNITS.length; at++) if (bytes[from + at] !== KEY_UNITS[at]) return false;
	return true;
}

/** Of the stamp in a text. */
const units = Buffer.alloc(END.correction + 1);

/** The stamp in a task's metadata; undefined where there is none of this run. */
export function readStamp(runTag: number, metadata: string): Stamp | undefined {
	const start = metadata.indexOf(KEY) + KEY.length;
	if (start < KEY.length || metadata.length < start + units.length) return undefined;
	for (let at = 0; at < units.length; at++) {
		const unit = metadata.charCodeAt(start + at);
		units[at] = unit < 0x80 ? unit : 0;
	}
	return readFields(runTag, units, 0);
}

/** @param start where in `units` the first digit is */
function readFields(runTag: number, units: Buffer, start: number): Stamp | undefined {
	if (units[start + END.correction] !== QUOTE || readHexIn(units, start, start + END.run) !== runTag) return undefined;
	const producer = readHexIn(units, start + END.run, start + END.producer);
	const sequence = readHexIn(units, start + END.producer, start + END.sequence);
	const intended = readHexIn(units, start + END.sequence, start + END.intended);
	const lag = readHexIn(units, start + END.intended, start + END.lag);
	const hostIndex = readHexIn(units, start + END.lag, start + END.host);
	const correction = readHexIn(units, start + END.host, start + END.correction);
	if (producer < 0 || sequence < 0 || intended < 0 || lag < 0 || hostIndex < 0 || correction < 0) return undefined;
	const intendedAtUs = intended - INTENDED_ZERO;
	const sentAtUs = intendedAtUs + lag - LAG_ZERO;
	return { producer, sequence, intendedAtUs, sentAtUs, hostIndex, correctionUs: correction - CORRECTION_ZERO };
}

/** @returns 0 or more, below twice `zero` */
function offset(value: number, zero: number): number {
	return Math.min(Math.max(Math.round(value), -zero), zero - 1) + zero;
}
