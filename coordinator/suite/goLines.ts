/** A line of Go's benchmark format, as the component benchmarks print it. */
export interface ComponentFigures {
	readonly name: string;
	readonly iterations: number;
	readonly nsPerOperation: number;
	readonly operationsPerSecond: number;
	/** Allocated; null where it was not measured. */
	readonly bytesPerOperation: number | null;
}

const LINE = /^Benchmark(\S+?)(?:-\d+)?\s+(\d+)\s+([\d.]+) ns\/op\s+([\d.]+) ops\/s(?:\s+(\d+) B\/op)?$/;

/** The benchmarks in an output; other lines are passed over. */
export function parseGoLines(output: string): ComponentFigures[] {
	return output.split("\n").flatMap((line) => {
		const [, name, iterations, ns, perSecond, bytes] = LINE.exec(line.trimEnd()) ?? [];
		if (name === undefined) return [];
		return [
			{
				name,
				iterations: Number(iterations),
				nsPerOperation: Number(ns),
				operationsPerSecond: Number(perSecond),
				bytesPerOperation: bytes === undefined ? null : Number(bytes),
			},
		];
	});
}
