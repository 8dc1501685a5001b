/** One thing that is measured, as Go's `testing.B` does it: so many operations in one go, of which only `run` is timed. */
export interface Benchmark {
	/** As Go writes it: `Serialize`, `TaskThroughput/Engine=fused/Workers=4`. */
	readonly name: string;
	/** Makes ready for `iterations` operations. Not timed. */
	prepare(iterations: number): Promise<Prepared> | Prepared;
}

export interface Prepared {
	/** All operations. */
	run(): Promise<void> | void;
	/** What `run` left behind. Not timed. */
	clear?(): Promise<void> | void;
}

/** One line of output. */
export interface Figures {
	readonly name: string;
	readonly iterations: number;
	readonly nsPerOperation: number;
	/** JavaScript heap; undefined where it was not asked for. */
	readonly bytesPerOperation: number | undefined;
}

/** Beyond that a benchmark tells nothing more, and what it prepares fills the memory. */
const MOST_ITERATIONS = 1_000_000_000;
/** Growth from one try to the next, as in Go's testing package. */
const GROWTH_MAX = 100;
const HEADROOM = 1.2;

/**
 * Runs a benchmark with more and more operations until it takes the time asked for.
 *
 * @param benchMs as Go's -benchtime
 * @param mostIterations where preparing costs memory
 */
export async function measure(
	benchmark: Benchmark,
	benchMs: number,
	mostIterations = MOST_ITERATIONS,
): Promise<Figures> {
	let iterations = 1;
	for (;;) {
		const elapsedMs = await timed(benchmark, iterations);
		if (elapsedMs >= benchMs || iterations >= mostIterations) {
			const nsPerOperation = (elapsedMs * 1e6) / iterations;
			return { name: benchmark.name, iterations, nsPerOperation, bytesPerOperation: undefined };
		}
		iterations = Math.min(mostIterations, nextIterations(iterations, elapsedMs, benchMs));
	}
}

/** How many operations to try after `iterations` took `elapsedMs`. Pure. */
export function nextIterations(iterations: number, elapsedMs: number, benchMs: number): number {
	const aim = Math.ceil((iterations * benchMs * HEADROOM) / Math.max(elapsedMs, 1e-6));
	return Math.max(iterations + 1, Math.min(aim, iterations * GROWTH_MAX));
}

async function timed(benchmark: Benchmark, iterations: number): Promise<number> {
	const prepared = await benchmark.prepare(iterations);
	globalThis.gc?.();
	const startedMs = performance.now();
	await prepared.run();
	const elapsedMs = performance.now() - startedMs;
	await prepared.clear?.();
	return elapsedMs;
}

const ALLOCATION_ROUNDS = 5;
/** The young generation must hold it all: a collection in between would hide what was allocated. */
const ALLOCATION_MAX_BYTES = 32 * 1_048_576;

/**
 * Heap bytes that one operation allocates: the growth of the heap over so few operations that nothing is collected between.
 * The median of some rounds. Needs `--expose-gc` and a young generation of at least 64 MB.
 *
 * @throws Error without them
 */
export async function allocated(benchmark: Benchmark, mostIterations = 10_000): Promise<number> {
	if (!globalThis.gc) throw new Error("start node with --expose-gc");
	let iterations = 1;
	let bytes = await growth(benchmark, iterations);
	while (iterations < mostIterations && bytes * 4 < ALLOCATION_MAX_BYTES) {
		iterations = Math.min(mostIterations, iterations * 4);
		bytes = await growth(benchmark, iterations);
	}
	const rounds: number[] = [];
	for (let round = 0; round < ALLOCATION_ROUNDS; round++)
		rounds.push((await growth(benchmark, iterations)) / iterations);
	return rounds.sort((a, b) => a - b)[Math.floor(ALLOCATION_ROUNDS / 2)] ?? 0;
}

async function growth(benchmark: Benchmark, iterations: number): Promise<number> {
	const prepared = await benchmark.prepare(iterations);
	globalThis.gc?.();
	const before = process.memoryUsage().heapUsed;
	await prepared.run();
	const after = process.memoryUsage().heapUsed;
	await prepared.clear?.();
	return Math.max(0, after - before);
}
