import { readHexIn, writeHex } from "../../proto/hex.js";
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

export interface Stamper {
	/**
	 * The metadata of a new task, as raw JSON with its keys in the order in which Go writes them.
	 *
	 * @param intendedAtUs on this process's clock, as `sentAtUs`
	 * @param enqueueTime RFC 3339
	 */
	metadata(producer: number, sequence: number, intendedAtUs: number, sentAtUs: number, enqueueTime: string): string;
}

/** @param epochUs the run's epoch on this process's clock */
export function makeStamper(runTag: number, epochUs: number, clock: HostClock = ONE_CLOCK): Stamper {
	const run = writeHex(runTag, WIDTH.run);
	const host = writeHex(clock.hostIndex, WIDTH.host);
	// Most tasks have the last one's.
	let corrected = { us: 0, hex: offsetHex(0, CORRECTION_ZERO, WIDTH.correction) };
	const correctionHex = (atUs: number): string => {
		const us = Math.round(clock.correctionUs(atUs));
		if (us !== corrected.us) corrected = { us, hex: offsetHex(us, CORRECTION_ZERO, WIDTH.correction) };
		return corrected.hex;
	};
	return {
		metadata(producer, sequence, intendedAtUs, sentAtUs, enqueueTime) {
			const intended = offsetHex(intendedAtUs - epochUs, INTENDED_ZERO, WIDTH.intended);
			const lag = offsetHex(sentAtUs - intendedAtUs, LAG_ZERO, WIDTH.lag);
			const task = writeHex(producer, WIDTH.producer) + writeHex(sequence, WIDTH.sequence);
			const clocks = host + correctionHex(sentAtUs);
			return `{${KEY}${run}${task}${intended}${lag}${clocks}","enqueue_time":"${enqueueTime}"}`;
		},
	};
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

function offsetHex(value: number, zero: number, width: number): string {
	return writeHex(Math.min(Math.max(Math.round(value), -zero), zero - 1) + zero, width);
}
