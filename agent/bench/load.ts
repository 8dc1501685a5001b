import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Engine, type Slice } from "../../proto/gen/slice.js";
import { nowUs } from "../measure/clock.js";
import type { AgentFigures, FromAgent, ToAgent } from "./messages.js";
import type { RedisServer } from "./redisServer.js";

const LEAD_US = 200_000;
const RUN_TAG = 0x0badcafe;
export const KEY_PREFIX = "spool:";

/** A load on one engine, the same whatever the number of agents. */
export interface Load {
	readonly engine: "classic" | "fused";
	readonly agents: number;
	readonly tasks: number;
	readonly payloadBytes: number;
	readonly producers: number;
	/** 0: producers alone. */
	readonly workers: number;
	readonly concurrency: number;
	readonly batch: number;
	readonly recording: boolean;
}

export interface Outcome {
	/** From the first sending to the last settlement; with producers alone to the last acknowledgement. */
	readonly tasksPerSecond: number;
	readonly redisCpuUsPerTask: number;
	readonly agentCpuUsPerTask: number;
	readonly peakRssBytes: number;
	readonly polls: number;
}

/** Runs a load on an empty Redis with agents in processes of their own. @throws when a task was not done or an error was told */
export async function runLoad(server: RedisServer, load: Load): Promise<Outcome> {
	server.empty();
	const agents = Array.from({ length: load.agents }, (_, index) => new Agent(sliceOf(server.url, load, index)));
	try {
		await Promise.all(agents.map((agent) => agent.prepare(load.recording)));
		const cpuBeforeUs = server.cpuUs();
		const epochUs = nowUs() + LEAD_US;
		const figures = Promise.all(agents.map((agent) => agent.run(epochUs)));
		const done = () => {
			const sum = (figure: (agent: Agent) => number) => agents.reduce((total, agent) => total + figure(agent), 0);
			const reached = load.workers > 0 ? sum((agent) => agent.completed) : sum((agent) => agent.enqueued);
			if (reached >= load.tasks) for (const agent of agents) agent.stop();
		};
		for (const agent of agents) agent.onProgress = done;
		return outcomeOf(load, await figures, server.cpuUs() - cpuBeforeUs);
	} finally {
		for (const agent of agents) agent.end();
	}
}

function outcomeOf(load: Load, figures: readonly AgentFigures[], redisCpuUs: number): Outcome {
	const count = load.workers > 0 ? "completed" : "enqueued";
	const reached = figures.reduce((sum, each) => sum + each[count], 0);
	const errors = figures.flatMap((each) => each.errors);
	if (reached !== load.tasks || errors.length > 0) {
		throw new Error(`${load.engine}: ${reached} of ${load.tasks} tasks ${count}; ${errors.join(", ") || "no errors"}`);
	}
	const last = load.workers > 0 ? "lastCompletedAtUs" : "lastEnqueuedAtUs";
	const startUs = Math.min(...figures.map((each) => each.firstSentAtUs).filter((atUs) => atUs >= 0));
	const endUs = Math.max(...figures.map((each) => each[last]));
	const sum = (key: "cpuUs" | "polls") => figures.reduce((total, each) => total + each[key], 0);
	return {
		tasksPerSecond: (load.tasks * 1e6) / (endUs - startUs),
		redisCpuUsPerTask: redisCpuUs / load.tasks,
		agentCpuUsPerTask: sum("cpuUs") / load.tasks,
		peakRssBytes: Math.max(...figures.map((each) => each.peakRssBytes)),
		polls: sum("polls"),
	};
}

/** An agent in a process of its own, without a coordinator. */
class Agent {
	onProgress: () => void = () => {};
	enqueued = 0;
	completed = 0;
	readonly #process: ChildProcess;
	#received: (message: FromAgent) => void = () => {};
	#stopped = false;

	constructor(private readonly slice: Slice) {
		this.#process = fork(fileURLToPath(new URL("agentChild.js", import.meta.url)), { execArgv: execArguments() });
		this.#process.on("message", (message: FromAgent) => this.#received(message));
		this.#process.on("exit", (code) => this.#received({ kind: "failed", reason: `ended with ${code}` }));
	}

	async prepare(recording: boolean): Promise<void> {
		await this.#ask({ kind: "prepare", slice: this.slice, recording }, "ready");
	}

	run(epochUs: number): Promise<AgentFigures> {
		return this.#ask({ kind: "arm", epochUs }, "done");
	}

	/** May be called more than once. */
	stop(): void {
		if (this.#stopped) return;
		this.#stopped = true;
		this.#send({ kind: "stop" });
	}

	/** It ends by itself when the channel to it is closed. */
	end(): void {
		this.#process.removeAllListeners("exit");
		if (this.#process.connected) this.#process.disconnect();
	}

	#send(message: ToAgent): void {
		this.#process.send(message);
	}

	#ask<Kind extends FromAgent["kind"]>(message: ToAgent, kind: Kind): Promise<FromAgent & { kind: Kind }> {
		return new Promise((resolve, reject) => {
			this.#received = (answer) => {
				if (answer.kind === "failed") reject(new Error(`agent ${this.slice.agentIndex}: ${answer.reason}`));
				else if (answer.kind === kind) resolve(answer as FromAgent & { kind: Kind });
				else if (answer.kind === "progress") {
					this.enqueued = answer.enqueued;
					this.completed = answer.completed;
					this.onProgress();
				}
			};
			this.#send(message);
		});
	}
}

/** `BENCH_AGENT_OPTIONS=--cpu-prof npm run bench:engine -- --only …` profiles the agents. */
function execArguments(): string[] {
	return process.env.BENCH_AGENT_OPTIONS?.split(" ").filter((word) => word !== "") ?? [];
}

/** Even shares: the load's numbers are to be multiples of the number of agents. */
function sliceOf(url: string, load: Load, index: number): Slice {
	const { agents } = load;
	const tasks = load.tasks / load.producers;
	const producers = Array.from({ length: load.producers / agents }, (_, offset) => {
		const producer = (index * load.producers) / agents + offset;
		return { index: producer, firstTask: producer * tasks, tasks };
	});
	const numbers = [tasks, load.producers / agents, load.workers / agents];
	if (!numbers.every(Number.isInteger)) throw new RangeError(`a load that ${agents} agents cannot share evenly`);
	return {
		runId: "bench",
		runTag: RUN_TAG,
		name: load.engine,
		agentIndex: index,
		agentCount: agents,
		target: { url, keyPrefix: KEY_PREFIX },
		engine: load.engine === "fused" ? Engine.FUSED : Engine.CLASSIC,
		load: { kind: { $case: "taskCount", value: { total: load.tasks, limitMs: 0 } }, window: undefined },
		producers,
		workers: {
			firstIndex: (index * load.workers) / agents,
			count: load.workers / agents,
			pollIntervalMs: 0,
			concurrency: load.concurrency,
		},
		task: {
			type: "benchmark_task",
			payload: [{ weight: 1, leastBytes: load.payloadBytes, mostBytes: load.payloadBytes }],
			priorityWeights: [0, 1, 0, 0],
			drawSeed: 0,
			maxRetries: 3,
			timeoutMs: 30_000,
		},
		handler: { kind: { $case: "benchmark", value: {} } },
		batch: load.batch,
		faults: undefined,
	};
}
