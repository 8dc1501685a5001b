import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkError } from "./chunks.js";
import { ResultChunk } from "./gen/cluster.js";
import { Measurements } from "./gen/measurement.js";
import { RESULT_CHUNK_BYTES } from "./limits.js";
import { chunkResult, ResultAssembler } from "./result.js";

const measurements = fc
	.array(fc.record({ index: fc.nat(), sent: fc.nat(), enqueued: fc.nat(), completed: fc.nat(), failed: fc.nat() }))
	.map((series) => Measurements.create({ series }));

/** As it arrives: through the wire's encoding. */
const wire = (chunk: ResultChunk) => ResultChunk.decode(ResultChunk.encode(chunk).finish());

function assemble(chunks: Iterable<ResultChunk>): Measurements | undefined {
	const assembler = new ResultAssembler();
	let result: Measurements | undefined;
	for (const chunk of chunks) {
		expect(result).toBeUndefined();
		result = assembler.take(wire(chunk));
	}
	return result;
}

test("a result comes back whole from its chunks, whatever their size", () => {
	fc.assert(
		fc.property(measurements, fc.integer({ min: 1, max: 500 }), (original, chunkBytes) => {
			expect(assemble(chunkResult(3, original, chunkBytes))).toEqual(original);
		}),
	);
});

test("a chunk that is missing, doubled, swapped or changed is noticed", () => {
	const whole = Measurements.create({ series: [{ index: 1, sent: 2, enqueued: 3, completed: 4, failed: 5 }] });
	const chunks = () => [...chunkResult(0, whole, 4)];
	expect(chunks().length).toBeGreaterThan(2);
	const damages: Array<(chunks: ResultChunk[]) => ResultChunk[]> = [
		(all) => all.toSpliced(1, 1),
		(all) => all.toSpliced(1, 0, ...all.slice(0, 1)),
		(all) => [...all.slice(1), ...all.slice(0, 1)],
		(all) => all.map((chunk) => ({ ...chunk, data: Buffer.from(chunk.data.map((byte) => byte ^ 1)) })),
		(all) => all.map((chunk, index) => ({ ...chunk, count: chunk.count + index })),
		(all) => all.map((chunk) => ({ ...chunk, sha256: Buffer.alloc(32) })),
	];
	for (const damage of damages) expect(() => assemble(damage(chunks()))).toThrow(ChunkError);
});

test("a result that is too large is refused before it is held", () => {
	const chunk = { ordinal: 0, sequence: 0, count: 1, data: Buffer.alloc(0), sha256: Buffer.alloc(0) };
	const take = (changes: Partial<ResultChunk>) => () => new ResultAssembler().take({ ...chunk, ...changes });
	expect(take({ count: 1_000_000 })).toThrow(/too large/);
	expect(take({ data: Buffer.alloc(RESULT_CHUNK_BYTES + 1) })).toThrow(/too large/);
	expect(take({ count: 0 })).toThrow(ChunkError);
});
