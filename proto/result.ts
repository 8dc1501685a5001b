import { ChunkAssembler, ChunkError, chunksOf } from "./chunks.js";
import type { ResultChunk } from "./gen/cluster.js";
import { Measurements } from "./gen/measurement.js";
import { MAX_RESULT_BYTES } from "./limits.js";

/** A result in chunks of at most RESULT_CHUNK_BYTES. */
export function* chunkResult(ordinal: number, measurements: Measurements, chunkBytes?: number): Generator<ResultChunk> {
	const bytes = Buffer.from(Measurements.encode(measurements).finish());
	for (const chunk of chunksOf(bytes, chunkBytes)) yield { ordinal, ...chunk };
}

/** Puts a result together again from its chunks, taken in order. */
export class ResultAssembler {
	readonly #chunks = new ChunkAssembler("result", MAX_RESULT_BYTES);

	/** Chunks taken. */
	get held(): number {
		return this.#chunks.held;
	}

	/**
	 * @returns the result with the last chunk, undefined before it
	 * @throws ChunkError when the chunks do not make a result
	 */
	take(chunk: ResultChunk): Measurements | undefined {
		const whole = this.#chunks.take(chunk);
		if (whole === undefined) return undefined;
		try {
			return Measurements.decode(whole);
		} catch (error) {
			throw new ChunkError(`the result cannot be read: ${(error as Error).message}`, { cause: error });
		}
	}
}
