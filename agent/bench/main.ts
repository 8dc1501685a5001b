#!/usr/bin/env node
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { Command, Option } from "commander";
import { type Figures, judge, median } from "./bars.js";
import { runLimit } from "./limit.js";
import { type Load, type Outcome, runLoad } from "./load.js";
import { type PeerSetup, runPeer } from "./peer.js";
import type { PeerLibrary } from "./peerMessages.js";
import { RedisServer } from "./redisServer.js";

const PAYLOAD_BYTES = 1_024;
const SECTIONS = ["end-to-end", "producers", "recording", "memory", "growth"] as const;
type Section = (typeof SECTIONS)[number];

const FUSED: Load = {
	engine: "fused",
	agents: 2,
	tasks: 204_800,
	payloadBytes: PAYLOAD_BYTES,
	producers: 256,
	workers: 16,
	concurrency: 32,
	batch: 64,
	recording: true,
};
const CLASSIC: Load = { ...FUSED, engine: "classic", agents: 1, tasks: 51_200, producers: 64, workers: 64 };
/** Beside Redis on two cores more processes are not always faster: tried for each side before the rounds. */
const PROCESSES = [1, 2];
/** Tried before the rounds, as are the peers': what is in hand at once is to keep all busy, and to stay in the processors' caches. */
const FUSED_SETUPS = [
	{ producers: 128, concurrency: 8 },
	{ producers: 256, concurrency: 32 },
];
/** Tried for each peer before the rounds; the best one takes part. */
const PEER_SETUPS = [
	{ bulk: 1, concurrency: 64 },
	{ bulk: 1, concurrency: 256 },
	{ bulk: 50, concurrency: 64 },
	{ bulk: 50, concurrency: 256 },
];
/** Twice what the other sections take: a short round measures the compiler. */
const FUSED_TASKS = 2 * FUSED.tasks;
/** So that each takes about as long as fused does, and its compiler has as long to warm up. */
const PEER_TASKS: Readonly<Record<PeerLibrary, number>> = { bullmq: 102_400, "bee-queue": 204_800 };
/** Long enough for their compiler to be done with most of it: the setup that starts best is not always the fastest. */
const PEER_TRIAL_TASKS: Readonly<Record<PeerLibrary, number>> = { bullmq: 16_000, "bee-queue": 48_000 };
const MEMORY_TASKS = [102_400, 1_024_000];

interface Flags {
	readonly rounds: number;
	readonly quick: boolean;
	readonly only?: Section;
	readonly out?: string;
}

/** A line of the final table: what was run, and one outcome for each round. */
interface Row {
	readonly name: string;
	readonly outcomes: Outcome[];
}

class Bench {
	readonly rows: Row[] = [];
	readonly growth: { readonly name: string; readonly tasksPerSecond: number }[] = [];
	readonly peakRssBytes = new Map<number, number>();

	constructor(
		private readonly server: RedisServer,
		private readonly flags: Flags,
	) {}

	async run(): Promise<void> {
		const { only } = this.flags;
		const wanted = (section: Section) => only === undefined || only === section;
		if (wanted("end-to-end")) await this.#endToEnd();
		if (wanted("producers")) await this.#producers();
		if (wanted("recording")) await this.#recording();
		if (wanted("memory")) await this.#memory();
		if (wanted("growth")) await this.#growth();
	}

	get figures(): Figures {
		const rates = this.rows.map(({ name, outcomes }): [string, number[]] => [
			name,
			outcomes.map(({ tasksPerSecond }) => tasksPerSecond),
		]);
		return { rates: new Map(rates), peakRssBytes: this.peakRssBytes };
	}

	async #endToEnd(): Promise<void> {
		const bullmq = await this.#bestPeer("bullmq");
		const bee = await this.#bestPeer("bee-queue");
		const fused = await this.#bestFused();
		await this.#alternate({
			limit: () => runLimit(this.server, this.#scaled(FUSED.tasks), PAYLOAD_BYTES),
			fused: () => this.#load({ ...fused, tasks: FUSED_TASKS }),
			bullmq: () => runPeer(this.server, bullmq, this.#scaled(PEER_TASKS.bullmq), PAYLOAD_BYTES),
			"bee-queue": () => runPeer(this.server, bee, this.#scaled(PEER_TASKS["bee-queue"]), PAYLOAD_BYTES),
			classic: () => this.#load(CLASSIC),
		});
	}

	async #bestPeer(library: PeerLibrary): Promise<PeerSetup> {
		const setups = PROCESSES.flatMap((processes) =>
			PEER_SETUPS.map((setup): PeerSetup => ({ library, processes, adders: 32, ...setup })),
		);
		const best = await fastest(setups, (setup) =>
			runPeer(this.server, setup, PEER_TRIAL_TASKS[library], PAYLOAD_BYTES),
		);
		say(
			`${library}: ${inProcesses(best.processes)}, ${best.bulk} added at a time, ${best.concurrency} at once in each`,
		);
		return best;
	}

	async #bestFused(): Promise<Load> {
		const loads = PROCESSES.flatMap((agents) => FUSED_SETUPS.map((setup): Load => ({ ...FUSED, ...setup, agents })));
		const best = await fastest(loads, (load) => this.#load(load));
		const { agents, producers, workers, concurrency } = best;
		const handlers = (workers * concurrency) / agents;
		say(`fused: ${inProcesses(agents)}, ${producers / agents} producers and ${handlers} tasks at once in each`);
		return best;
	}

	async #producers(): Promise<void> {
		const alone = { agents: 1, workers: 0 };
		await this.#alternate({
			"producers classic": () => this.#load({ ...CLASSIC, ...alone, producers: 256, tasks: FUSED.tasks }),
			"producers fused": () => this.#load({ ...FUSED, ...alone }),
		});
	}

	async #recording(): Promise<void> {
		// One agent and Redis, a core each: with more processes than cores the scheduler is measured.
		const alone = { ...FUSED, agents: 1 };
		await this.#alternate({
			"recording on": () => this.#load(alone),
			"recording off": () => this.#load({ ...alone, recording: false }),
		});
	}

	async #memory(): Promise<void> {
		for (const tasks of MEMORY_TASKS) {
			const outcome = await this.#load({ ...FUSED, tasks });
			this.peakRssBytes.set(this.#scaled(tasks), outcome.peakRssBytes);
			say(`${this.#scaled(tasks)} tasks: peak RSS of an agent ${megabytes(outcome.peakRssBytes)}`);
		}
	}

	async #growth(): Promise<void> {
		const points: readonly [string, Partial<Load>][] = [
			...[1, 4, 16, 64, 256].map((workers): [string, Partial<Load>] => [`workers ${workers}`, { agents: 1, workers }]),
			...[1, 2, 4].map((agents): [string, Partial<Load>] => [`agents ${agents}`, { agents }]),
			...[100, 1_024, 10_240, 102_400].map((payloadBytes): [string, Partial<Load>] => [
				`payload ${payloadBytes} B`,
				{ payloadBytes, tasks: payloadBytes > 20_000 ? FUSED.tasks / 32 : FUSED.tasks / 4 },
			]),
		];
		for (const [name, changes] of points) {
			const rates: number[] = [];
			for (let round = 0; round < Math.min(3, this.flags.rounds); round++) {
				rates.push((await this.#load({ ...FUSED, ...changes })).tasksPerSecond);
			}
			this.growth.push({ name, tasksPerSecond: median(rates) });
			say(`${name}: ${whole(median(rates))} tasks/s`);
		}
	}

	/** All once, then all once more: what drifts on the machine meets each alike. */
	async #alternate(runs: Readonly<Record<string, () => Promise<Outcome>>>): Promise<void> {
		const rows = Object.keys(runs).map((name): Row => ({ name, outcomes: [] }));
		this.rows.push(...rows);
		for (let round = 1; round <= this.flags.rounds; round++) {
			for (const row of rows) {
				const outcome = await runs[row.name]?.();
				if (!outcome) continue;
				row.outcomes.push(outcome);
				say(`round ${round}, ${row.name}: ${whole(outcome.tasksPerSecond)} tasks/s`);
			}
		}
	}

	#load(load: Load): Promise<Outcome> {
		return runLoad(this.server, { ...load, tasks: this.#scaled(load.tasks) });
	}

	/** Quick runs are a quarter as long. */
	#scaled(tasks: number): number {
		return this.flags.quick ? tasks / 4 : tasks;
	}
}

async function fastest<Setup>(setups: readonly Setup[], run: (setup: Setup) => Promise<Outcome>): Promise<Setup> {
	let best: { readonly setup: Setup; readonly rate: number } | undefined;
	// All once, then all once more: one trial alone may have met another process at work.
	for (const setup of [...setups, ...setups]) {
		const { tasksPerSecond: rate } = await run(setup);
		if (!best || rate > best.rate) best = { setup, rate };
	}
	if (!best) throw new Error("no setup to try");
	return best.setup;
}

function report(bench: Bench): string {
	const lines = ["", row(["", "tasks/s", "from", "to", "Redis µs/task", "agents µs/task"])];
	for (const { name, outcomes } of bench.rows) {
		const rates = outcomes.map(({ tasksPerSecond }) => tasksPerSecond);
		const redis = median(outcomes.map((each) => each.redisCpuUsPerTask));
		const agents = median(outcomes.map((each) => each.agentCpuUsPerTask));
		const range = [median(rates), Math.min(...rates), Math.max(...rates)].map(whole);
		lines.push(row([name, ...range, redis.toFixed(1), agents > 0 ? agents.toFixed(1) : "—"]));
	}
	for (const { name, tasksPerSecond } of bench.growth) lines.push(row([name, whole(tasksPerSecond)]));
	lines.push("");
	for (const { name, value, bar, good, met } of judge(bench.figures)) {
		const sign = good === "above" ? "≥" : "≤";
		lines.push(row([name, figure(value), `${sign} ${figure(bar)}`, met ? "met" : "NOT MET"]));
	}
	return lines.join("\n");
}

function row(cells: readonly string[]): string {
	return cells.map((cell, column) => (column === 0 ? cell.padEnd(32) : cell.padStart(16))).join("");
}

const inProcesses = (count: number) => (count === 1 ? "1 process" : `${count} processes`);
const whole = (value: number) => Math.round(value).toLocaleString("en");
const figure = (value: number) => (value < 100 ? value.toFixed(2) : whole(value));
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const say = (line: string) => void process.stderr.write(`${line}\n`);

function rounds(text: string): number {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 1) throw new Error(`expected a whole number of rounds, got ${text}`);
	return value;
}

const program = new Command("bench:engine")
	.description("Measures the engines against what Redis can do and against other queues, on a redis-server of its own.")
	.addOption(new Option("--rounds <N>", "alternating rounds; medians are shown").argParser(rounds).default(5))
	.option("--quick", "runs of a quarter of the length", false)
	.addOption(new Option("--only <NAME>", "one part").choices(SECTIONS))
	.option("--out <FILE>", "write every round's figures as JSON")
	.addHelpText("after", "\nBENCH_AGENT_OPTIONS=--cpu-prof starts the agents with an option of Node's.");

const flags = program.parse().opts<Flags>();
const server = await RedisServer.start(process.env.SPOOLBENCH_REDIS_SERVER ?? "redis-server");
try {
	const bench = new Bench(server, flags);
	await bench.run();
	process.stdout.write(`${report(bench)}\n`);
	if (flags.out !== undefined) {
		const { rows, growth, peakRssBytes } = bench;
		const machine = { cpus: cpus().length, cpu: cpus()[0]?.model, node: process.version };
		const json = { machine, rows, growth, peakRssBytes: [...peakRssBytes], bars: judge(bench.figures) };
		writeFileSync(flags.out, `${JSON.stringify(json, null, "\t")}\n`);
	}
} finally {
	await server.stop();
}
