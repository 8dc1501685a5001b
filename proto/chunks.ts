import { createHash } from "node:crypto";
import { RESULT_CHUNK_BYTES } from "./limits.js";

/** Chunks that do not make a whole. */
export class ChunkError extends Error {}

export interface Chunk {
	/** From 0. */
	readonly sequence: number;
	/** Of chunks. */
	readonly count: number;
	readonly data: Buffer;
	/** Of the whole, in the last chunk. */
	readonly sha256: Buffer;
}

/** Bytes in chunks of at most `chunkBytes`; the last one carries the SHA-256 of the whole. */
export function* chunksOf(bytes: Buffer, chunkBytes = RESULT_CHUNK_BYTES): Generator<Chunk> {
	const count = Math.max(1, Math.ceil(bytes.length / chunkBytes));
	for (let sequence = 0; sequence < count; sequence++) {
		const data = bytes.subarray(sequence * chunkBytes, (sequence + 1) * chunkBytes);
		const sha256 = sequence === count - 1 ? createHash("sha256").update(bytes).digest() : Buffer.alloc(0);
		yield { sequence, count, data, sha256 };
	}
}

/** Puts bytes together again from their chunks, taken in order. */
export class ChunkAssembler {
	#chunks: Buffer[] = [];
	#count: number | undefined;
	#held = 0;

	/** @param what names the whole in errors: `result` */
	constructor(
		private readonly what: string,
		private readonly maxBytes: number,
	) {}

	/** How many were taken: the next one's sequence. */
	get held(): number {
		return this.#held;
	}

	/**
	 * @returns the whole with the last chunk, undefined before it
	 * @throws ChunkError when a chunk is out of order or too large, or the whole is not what its checksum says
	 */
	take({ sequence, count, data, sha256 }: Chunk): Buffer | undefined {
		this.#count ??= count;
		if (sequence !== this.#held || count !== this.#count || sequence >= count) {
			throw new ChunkError(`${this.what} chunk ${sequence} of ${count} came as number ${this.#held}`);
		}
		if (data.length > RESULT_CHUNK_BYTES || count > this.maxBytes / RESULT_CHUNK_BYTES) {
			throw new ChunkError(`a ${this.what} of ${count} chunks, one with ${data.length} bytes, is too large`);
		}
		this.#chunks.push(data);
		this.#held++;
		if (sequence < count - 1) return undefined;
		const whole = Buffer.concat(this.#chunks);
		this.#chunks = [];
		if (createHash("sha256").update(whole).digest().equals(sha256)) return whole;
		throw new ChunkError(`the ${this.what}'s checksum is wrong`);
	}
}
