import { Command } from "ioredis";
import type { Redis } from "./connection.js";

const FIRST_BYTES = 64 * 1_024;
/** The most that UTF-8 takes for one unit of a string. */
const BYTES_A_UNIT = 3;
/** Of `$`, ten digits and two ends of line. */
const HEADER_BYTES = 15;

/** Characters that are collected before they are encoded: what a processor's nearest cache holds. */
const CHUNK_UNITS = 16 * 1_024;

/**
 * Commands of many arguments, written into bytes that are used again for the next ones, and sent with one system call.
 *
 * ioredis measures each argument, joins them all into one text and encodes that: three passes over every kilobyte, and as much
 * garbage. Here arguments are collected some kilobytes at a time as if they were ASCII, whose lengths are known beforehand,
 * and encoded with one call. Where it turns out that there were others among them, these are written anew one by one.
 */
export class CommandBuffer {
	#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
	#end = 0;
	#text = "";
	/** The arguments in `#text`, in three parts each. */
	#parts: string[] = [];

	/** Begins the first command. @param argumentCount with its name */
	begin(argumentCount: number): void {
		this.#end = 0;
		this.#start(argumentCount);
	}

	/** Begins a further command. @param argumentCount with its name */
	next(argumentCount: number): void {
		this.#encode();
		this.#start(argumentCount);
	}

	#start(argumentCount: number): void {
		this.#parts.length = 0;
		this.#text = `*${argumentCount}\r\n`;
		this.#encode();
	}

	/** Adds an argument, given in up to three parts so that nobody need join them. */
	add(first: string, second = "", third = ""): void {
		this.#text += `$${first.length + second.length + third.length}\r\n${first}${second}${third}\r\n`;
		this.#parts.push(first, second, third);
		if (this.#text.length > CHUNK_UNITS) this.#encode();
	}

	#encode(): void {
		const text = this.#text;
		this.#reserve(text.length * BYTES_A_UNIT);
		const length = this.#bytes.write(text, this.#end);
		if (length === text.length) this.#end += length;
		else this.#encodeEach();
		this.#text = "";
		this.#parts.length = 0;
	}

	#encodeEach(): void {
		for (let at = 0; at < this.#parts.length; at += 3) {
			const argument = `${this.#parts[at]}${this.#parts[at + 1]}${this.#parts[at + 2]}`;
			this.#reserve(argument.length * BYTES_A_UNIT + HEADER_BYTES);
			this.#end += this.#bytes.write(`$${Buffer.byteLength(argument)}\r\n`, this.#end);
			this.#end += this.#bytes.write(argument, this.#end);
			this.#end += this.#bytes.write("\r\n", this.#end);
		}
	}

	/**
	 * Sends what was added. The buffer is not to be touched until all answers are there.
	 *
	 * @param names of the commands, for messages and checks of ioredis
	 * @returns for each command its answer, rejecting with what Redis or the connection gave
	 */
	send(redis: Redis, ...names: readonly string[]): Promise<unknown>[] {
		this.#encode();
		const bytes = this.#bytes.subarray(0, this.#end);
		// One chunk: several would be copied together before they are written.
		return names.map(
			(name, place) => redis.sendCommand(new WrittenCommand(name, place === 0 ? bytes : NOTHING)) as Promise<unknown>,
		);
	}

	#reserve(more: number): void {
		if (this.#end + more <= this.#bytes.length) return;
		const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#end + more));
		this.#bytes.copy(grown, 0, 0, this.#end);
		this.#bytes = grown;
	}
}

/** Of a command that was written with the one before it. */
const NOTHING = Buffer.alloc(0);

class WrittenCommand extends Command {
	constructor(
		name: string,
		private readonly bytes: Buffer,
	) {
		super(name, [], { replyEncoding: "utf8" });
	}

	override toWritable(): Buffer {
		return this.bytes;
	}
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
