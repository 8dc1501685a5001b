import type { Redis } from "./connection.js";
import { copyBytes, LastView, Piece, SHORT_BYTES, viewOf } from "./piece.js";
import type { ReadBulk, Reply } from "./replyReader.js";
import { WrittenCommand } from "./writtenCommand.js";

const FIRST_BYTES = 64 * 1_024;
/** The most that UTF-8 takes for one unit of a string. */
const BYTES_A_UNIT = 3;
/** Of `$` or `*`, ten digits and two ends of line, of which one is the argument's. */
const FRAME_BYTES = 15;

/** Fewer characters are written one by one: a call out of JavaScript takes as long as this many. */
const SHORT_TEXT = 64;

const DOLLAR = 0x24;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const HEX_DIGITS = Buffer.from("0123456789abcdef");

/**
 * Commands of many arguments, written into bytes that are used again for the next ones, and sent with one system call.
 *
 * ioredis measures each argument, joins them all into one text and encodes that: three passes over every kilobyte, and as much
 * garbage. Here each is written once to where it is sent from, and what lies in bytes already never becomes a text.
 */
export class CommandBuffer {
	#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
	#view = viewOf(this.#bytes);
	readonly #source = new LastView();
	#end = 0;
	#commands = 0;

	/** Begins the first command. @param argumentCount with its name */
	begin(argumentCount: number): void {
		this.#end = 0;
		this.#commands = 0;
		this.next(argumentCount);
	}

	/** Begins a further command. @param argumentCount with its name */
	next(argumentCount: number): void {
		this.#commands++;
		this.#reserve(FRAME_BYTES);
		this.#header(STAR, argumentCount);
	}

	/** A whole further command. */
	command(...words: readonly string[]): void {
		this.next(words.length);
		for (const word of words) this.add(word);
	}

	/** Adds an argument. */
	add(text: string): void {
		this.#reserve(text.length * BYTES_A_UNIT + FRAME_BYTES);
		const start = this.#end;
		// As if it were ASCII, whose length is known beforehand: where it turns out to be longer it is written anew.
		this.#header(DOLLAR, text.length);
		const written = this.#bytes.write(text, this.#end);
		if (written !== text.length) {
			this.#end = start;
			this.#header(DOLLAR, written);
			this.#bytes.write(text, this.#end);
		}
		this.#end += written;
		this.close();
	}

	/** Adds a whole number, 0 or more. */
	addNumber(value: number): void {
		this.#reserve(FRAME_BYTES + FRAME_BYTES);
		this.#header(DOLLAR, digits(value));
		this.number(value);
		this.close();
	}

	/** Adds arguments that are written already, each with its length. */
	addWritten(piece: Piece): void {
		this.#reserve(piece.length);
		this.put(piece);
	}

	/** Begins an argument of so many bytes, which are then written in pieces up to `close`. */
	open(bytes: number): void {
		this.#reserve(bytes + FRAME_BYTES);
		this.#header(DOLLAR, bytes);
	}

	/** A piece of the argument that is open. @param text without a character beyond ASCII */
	ascii(text: string): void {
		const bytes = this.#bytes;
		const first = this.#end;
		const { length } = text;
		if (length > SHORT_TEXT) {
			this.#end += bytes.write(text, first, "latin1");
			return;
		}
		for (let at = 0; at < length; at++) bytes[first + at] = text.charCodeAt(at);
		this.#end = first + length;
	}

	/** A piece of the argument that is open. */
	put({ bytes, view, length }: Piece): void {
		if (length > SHORT_BYTES) this.#bytes.set(bytes, this.#end);
		else copyBytes(bytes, view, 0, length, this.#bytes, this.#view, this.#end);
		this.#end += length;
	}

	/** A piece of the argument that is open, of `digits(value)` bytes. @param value a whole number, 0 or more */
	number(value: number): void {
		const bytes = this.#bytes;
		const first = this.#end;
		const count = digits(value);
		let left = value;
		for (let at = first + count - 1; at >= first; at--) {
			const rest = Math.floor(left / 10);
			bytes[at] = ZERO + left - rest * 10;
			left = rest;
		}
		this.#end = first + count;
	}

	/** A piece of the argument that is open: as `writeHex` has it. @param value a whole number from 0 to 16^width - 1, below 2^48 */
	hex(value: number, width: number): void {
		const bytes = this.#bytes;
		const first = this.#end;
		const high = Math.floor(value / 2 ** 24);
		let left = value - high * 2 ** 24;
		let at = first + width - 1;
		// Six digits at a time stay within what a processor shifts as whole numbers.
		for (const middle = Math.max(first, at - 5); at >= middle; at--) {
			bytes[at] = HEX_DIGITS[left & 0xf] as number;
			left >>>= 4;
		}
		left = high;
		for (; at >= first; at--) {
			bytes[at] = HEX_DIGITS[left & 0xf] as number;
			left >>>= 4;
		}
		this.#end = first + width;
	}

	/** A piece of the argument that is open: `bytes[from, to)`. */
	copy(bytes: Uint8Array, from: number, to: number): void {
		copyBytes(bytes, this.#source.of(bytes), from, to, this.#bytes, this.#view, this.#end);
		this.#end += to - from;
	}

	/** A piece of the argument that is open: what was written at `place`, again. @param place as `end` was then */
	again(place: number, bytes: number): void {
		copyBytes(this.#bytes, this.#view, place, place + bytes, this.#bytes, this.#view, this.#end);
		this.#end += bytes;
	}

	/** Where the next piece will be. */
	get end(): number {
		return this.#end;
	}

	/** Ends the argument that is open. */
	close(): void {
		const bytes = this.#bytes;
		const end = this.#end;
		bytes[end] = CR;
		bytes[end + 1] = LF;
		this.#end = end + 2;
	}

	/** What was added, until more is. */
	get written(): Buffer {
		return this.#bytes.subarray(0, this.#end);
	}

	/**
	 * Sends what was added. The buffer is not to be touched until the answer is there.
	 *
	 * @param name of the first command, for checks of ioredis
	 * @param readBulk how bulk strings in the answers are handed out; as text unless given
	 * @returns for each command its answer, an Error where Redis refused it. Rejects with what the connection gave
	 */
	send(redis: Redis, name: string, readBulk?: ReadBulk): Promise<Reply[]> {
		const command = new WrittenCommand(name, this.written, this.#commands, readBulk);
		redis.sendCommand(command);
		return command.promise;
	}

	#header(type: number, value: number): void {
		this.#bytes[this.#end++] = type;
		this.number(value);
		this.close();
	}

	#reserve(more: number): void {
		if (this.#end + more <= this.#bytes.length) return;
		const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#end + more));
		this.#bytes.copy(grown, 0, 0, this.#end);
		this.#bytes = grown;
		this.#view = viewOf(grown);
	}
}

/**
 * A piece with a text in it, kept until another text is asked for: most tasks have it in common, and to encode it is a call out
 * of JavaScript.
 */
export class LastPiece {
	#text: string | undefined;
	#piece = Piece.of("");

	/** @param before what comes before the text, and `after` behind it */
	constructor(
		private readonly before = "",
		private readonly after = "",
	) {}

	of(text: string): Piece {
		if (text !== this.#text) {
			this.#piece = Piece.of(this.before + text + this.after);
			this.#text = text;
		}
		return this.#piece;
	}
}

/** Decimal digits of a whole number, 0 or more. */
export function digits(value: number): number {
	let count = 1;
	for (let bound = 10; value >= bound; bound *= 10) count++;
	return count;
}

/** Command buffers that nobody uses at the moment. */
export class CommandBuffers {
	readonly #idle: CommandBuffer[] = [];

	/** Lends a buffer until the command written into it was answered. */
	async use<T>(command: (buffer: CommandBuffer) => Promise<T>): Promise<T> {
		const buffer = this.#idle.pop() ?? new CommandBuffer();
		try {
			return await command(buffer);
		} finally {
			this.#idle.push(buffer);
		}
	}
}
