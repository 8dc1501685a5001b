import type { ResultChunk } from "../proto/gen/cluster.js";
import type { Measurements } from "../proto/gen/measurement.js";
import { chunkResult } from "../proto/result.js";

/** A run's result, from the moment it is there until the coordinator has committed it: a broken stream loses nothing of it. */
export class HandIn {
	readonly #chunks: readonly ResultChunk[];

	constructor(
		readonly ordinal: number,
		measurements: Measurements,
	) {
		this.#chunks = [...chunkResult(ordinal, measurements)];
	}

	/** The chunks that a coordinator lacks. @param held how many it has */
	rest(held = 0): readonly ResultChunk[] {
		return this.#chunks.slice(held);
	}
}
