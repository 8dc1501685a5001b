import { createHash } from "node:crypto";
import type { ResultChunk } from "./gen/cluster.js";
import { Measurements } from "./gen/measurement.js";
import { MAX_RESULT_BYTES, RESULT_CHUNK_BYTES } from "./limits.js";

/** Chunks that do not make a result. */
export class ResultError extends Error {}

/** A result in chunks of at most RESULT_CHUNK_BYTES; the last one carries the SHA-256 of the whole. */
export function* chunkResult(
	ordinal: number,
	measurements: Measurements,
	chunkBytes = RESULT_CHUNK_BYTES,
): Generator<ResultChunk> {
	const bytes = Buffer.from(Measurements.encode(measurements).finish());
	const count = Math.max(1, Math.ceil(bytes.length / chunkBytes));
	for (let sequence = 0; sequence < count; sequence++) {
		const data = bytes.subarray(sequence * chunkBytes, (sequence + 1) * chunkBytes);
		const sha256 = sequence === count - 1 ? createHash("sha256").update(bytes).digest() : Buffer.alloc(0);
		yield { ordinal, sequence, count, data, sha256 };
	}
}

/** Puts a result together again from its chunks, taken in order. */
export class ResultAssembler {
	#chunks: Buffer[] = [];
	#count: number | undefined;

	/**
	 * @returns the result with the last chunk, undefined before it
	 * @throws ResultError when a chunk is out of order or too large, or the whole is not what its checksum says
	 */
	take({ sequence, count, data, sha256 }: ResultChunk): Measurements | undefined {
		this.#count ??= count;
		if (sequence !== this.#chunks.length || count !== this.#count || sequence >= count) {
			throw new ResultError(`result chunk ${sequence} of ${count} came as number ${this.#chunks.length}`);
		}
		if (data.length > RESULT_CHUNK_BYTES || count > MAX_RESULT_BYTES / RESULT_CHUNK_BYTES) {
			throw new ResultError(`a result of ${count} chunks, one with ${data.length} bytes, is too large`);
		}
		this.#chunks.push(data);
		if (sequence < count - 1) return undefined;
		const whole = Buffer.concat(this.#chunks);
		this.#chunks = [];
		if (!createHash("sha256").update(whole).digest().equals(sha256)) {
			throw new ResultError("the result's checksum is wrong");
		}
		try {
			return Measurements.decode(whole);
		} catch (error) {
			throw new ResultError(`the result cannot be read: ${(error as Error).message}`, { cause: error });
		}
	}
}
