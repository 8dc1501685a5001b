import type { Figures } from "./benchmark.js";

/** What Go's benchmarks say of the machine before the first line; benchstat compares within the same. */
export function goHeader(machine: { readonly os: string; readonly arch: string; readonly cpu: string }): string {
	return [`goos: ${machine.os}`, `goarch: ${machine.arch}`, "pkg: spool-bench", `cpu: ${machine.cpu}`].join("\n");
}

/**
 * A line of Go's benchmark format, which benchstat and other tools read
 * (https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md): name, iterations, then value and unit.
 *
 * @param cores the number after the name, as GOMAXPROCS there
 */
export function goLine(figures: Figures, cores: number): string {
	const { name, iterations, nsPerOperation, bytesPerOperation } = figures;
	const columns = [
		`Benchmark${name}-${cores}`.padEnd(56),
		String(iterations).padStart(10),
		`${digits(nsPerOperation).padStart(12)} ns/op`,
		`${digits(1e9 / nsPerOperation).padStart(12)} ops/s`,
	];
	if (bytesPerOperation !== undefined) columns.push(`${String(Math.round(bytesPerOperation)).padStart(10)} B/op`);
	return columns.join("\t");
}

/** As Go prints it: fewer decimals the larger it is. */
function digits(value: number): string {
	if (value >= 999.95) return value.toFixed(0);
	if (value >= 99.995) return value.toFixed(1);
	return value.toFixed(value >= 9.9995 ? 2 : 3);
}
