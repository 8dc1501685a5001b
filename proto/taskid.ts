import { readHex, writeHex } from "./hex.js";

/**
 * A task's ID is a UUID of version 4's shape that says which task it is:
 *
 *   rrrrrrrr-pppp-4ccc-vccc-ssssssssssss
 *   r run tag · p producer · c, v check bits (v under the UUID variant) · s 6 check bits above 42 bits of sequence
 *
 * The 32 check bits depend on the run tag alone: a foreign UUID that happens to start with the run tag is refused too, but
 * for one in 4 thousand million.
 */
export const MAX_PRODUCERS = 2 ** 16;
export const MAX_SEQUENCE = 2 ** 42 - 1;

export interface TaskIdentity {
	readonly producer: number;
	readonly sequence: number;
}

interface CheckDigits {
	readonly tag: string;
	/** `-4ccc-vccc-` */
	readonly middle: string;
	/** The top 6 of the last group's 48 bits, in place. */
	readonly top: number;
}

/** The last run tag asked for: a process makes and reads millions of IDs of one run. */
let known: { runTag: number; digits: CheckDigits } | undefined;

/**
 * @param runTag 32 bits
 * @param producer below `MAX_PRODUCERS`
 * @param sequence up to `MAX_SEQUENCE`
 */
export function makeTaskId(runTag: number, producer: number, sequence: number): string {
	const { tag, middle, top } = checkDigits(runTag);
	return `${tag}-${writeHex(producer, 4)}${middle}${writeHex(top + sequence, 12)}`;
}

/** What `makeTaskId` was given; undefined for every text that it does not make with this run tag. */
export function parseTaskId(runTag: number, id: string): TaskIdentity | undefined {
	const { tag, middle, top } = checkDigits(runTag);
	if (id.length !== 36 || id.charCodeAt(8) !== 45 || !id.startsWith(tag) || !id.startsWith(middle, 13))
		return undefined;
	const producer = readHex(id, 9, 13);
	const last = readHex(id, 24, 36);
	const sequence = last - top;
	if (producer < 0 || last < 0 || sequence < 0 || sequence > MAX_SEQUENCE) return undefined;
	return { producer, sequence };
}

function checkDigits(runTag: number): CheckDigits {
	if (known?.runTag !== runTag) known = { runTag, digits: makeCheckDigits(runTag) };
	return known.digits;
}

function makeCheckDigits(runTag: number): CheckDigits {
	// The finalizer of MurmurHash3: every bit of the tag moves every bit of the check.
	let check = runTag ^ (runTag >>> 16);
	check = Math.imul(check, 0x85ebca6b);
	check = Math.imul(check ^ (check >>> 13), 0xc2b2ae35);
	check = (check ^ (check >>> 16)) >>> 0;
	const third = writeHex(check >>> 20, 3);
	const fourth = writeHex(0x8000 + ((check >>> 6) & 0x3fff), 4);
	return { tag: writeHex(runTag, 8), middle: `-4${third}-${fourth}-`, top: (check & 0x3f) * 2 ** 42 };
}
