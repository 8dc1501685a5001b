#!/usr/bin/env node
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { arch, availableParallelism, cpus, platform } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { RedisServer } from "../redisServer.js";
import { allocated, type Benchmark, measure } from "./benchmark.js";
import { CODE_BENCHMARKS } from "./code.js";
import { goHeader, goLine } from "./goText.js";
import { MOST_QUEUE_ITERATIONS, queueBenchmarks } from "./queue.js";

interface Flags {
	readonly filter?: RegExp;
	readonly count: number;
	readonly benchtime: number;
	readonly benchmem: boolean;
	readonly cpuprofile?: string;
	readonly list: boolean;
}

const program = new Command("bench")
	.description("Benchmarks of the components, printed in Go's benchmark format: benchstat compares two outputs.")
	.option("--filter <regexp>", "only those whose name matches", pattern)
	.option("--count <n>", "repeat each so often", whole, 1)
	.option("--benchtime <seconds>", "run each for at least so long", positive, 1)
	.option("--benchmem", "also the heap bytes that an operation allocates", false)
	.option("--cpuprofile <file>", "write a V8 CPU profile (.cpuprofile) of all that is run")
	.option("--list", "print the names and end", false)
	.addHelpText(
		"after",
		`
Examples:
  npm run bench                                        all of them
  npm run bench -- --filter TaskThroughput --count 6   six lines each, for benchstat
  npm run bench -- --filter 'Serialize|Record' --benchmem`,
	)
	.parse();

await main(program.opts<Flags>());

async function main(flags: Flags): Promise<void> {
	const server = await RedisServer.start(process.env.SPOOLBENCH_REDIS_SERVER ?? "redis-server");
	try {
		const wanted = (benchmark: Benchmark) => flags.filter?.test(benchmark.name) ?? true;
		const queue = queueBenchmarks(server).filter(wanted);
		const chosen = [...CODE_BENCHMARKS.filter(wanted), ...queue];
		if (chosen.length === 0)
			program.error(`error: no benchmark matches ${flags.filter}; --list names them`, { exitCode: 2 });
		if (flags.list) console.log(chosen.map(({ name }) => name).join("\n"));
		else await profiled(flags.cpuprofile, () => runAll(chosen, new Set(queue), flags));
	} finally {
		await server.stop();
	}
}

async function runAll(chosen: readonly Benchmark[], queue: ReadonlySet<Benchmark>, flags: Flags): Promise<void> {
	const cores = availableParallelism();
	console.log(goHeader({ os: platform(), arch: arch(), cpu: cpus()[0]?.model ?? "unknown" }));
	for (const benchmark of chosen) {
		const limit = queue.has(benchmark) ? MOST_QUEUE_ITERATIONS : undefined;
		for (let time = 0; time < flags.count; time++) {
			const figures = await measure(benchmark, flags.benchtime * 1_000, limit);
			const bytesPerOperation = flags.benchmem ? await allocated(benchmark) : undefined;
			console.log(goLine({ ...figures, bytesPerOperation }, cores));
		}
	}
}

async function profiled(file: string | undefined, run: () => Promise<void>): Promise<void> {
	if (file === undefined) {
		await run();
		return;
	}
	const session = new Session();
	session.connect();
	await session.post("Profiler.enable");
	await session.post("Profiler.start");
	await run();
	const { profile } = await session.post("Profiler.stop");
	session.disconnect();
	writeFileSync(file, JSON.stringify(profile));
}

function pattern(text: string): RegExp {
	try {
		return new RegExp(text);
	} catch (error) {
		throw new InvalidArgumentError((error as Error).message);
	}
}

function whole(text: string): number {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 1 || value > 1_000) throw new InvalidArgumentError("expected 1 to 1000");
	return value;
}

function positive(text: string): number {
	const value = Number(text.replace(/s$/, ""));
	if (!(value > 0 && value <= 3_600)) throw new InvalidArgumentError("expected seconds, above 0");
	return value;
}
