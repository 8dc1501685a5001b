import { createLogUpdate } from "log-update";
import { Distribution } from "../proto/histogram.js";
import { coloursFor } from "./colours.js";
import type { FleetRun } from "./fleetRun.js";
import { type LiveTimes, type ProgressView, progressLine, progressLines } from "./report/progress.js";

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 1_000;
const PERCENTILES_MS = 1_000;
/** The rate shown is that of the last this many seconds. */
const RATE_WINDOW_MS = 1_000;
const SPARK_POINTS = 40;

interface Point {
	readonly atMs: number;
	readonly settled: number;
}

/**
 * The run as it goes: drawn over itself on a terminal (stderr), a plain line a second on stdout elsewhere. What it wrote in
 * plain lines is kept for the run's log file.
 */
export class LiveView {
	/** The plain lines, also where a terminal shows the drawing instead. */
	readonly lines: string[] = [];
	readonly #terminal = process.stderr.isTTY ? createLogUpdate(process.stderr) : undefined;
	readonly #palette = coloursFor(process.stderr);
	#drawnAtMs = 0;
	#linedAtMs = 0;
	#run: FleetRun | undefined;
	#points: Point[] = [];
	#rates: number[] = [];
	#percentiles: { readonly atMs: number; readonly times: LiveTimes | undefined } | undefined;

	/** @param quiet draw nothing; the lines are kept all the same */
	constructor(
		private readonly runCount: number,
		private readonly quiet: boolean,
	) {}

	/** Call as often as wanted: draws when it is time to. */
	update(run: FleetRun): void {
		const nowMs = performance.now();
		if (run !== this.#run) this.#begin(run, nowMs);
		if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
		this.#drawnAtMs = nowMs;
		const view = this.#view(run, nowMs);
		if (this.#terminal && !this.quiet) {
			this.#terminal(progressLines(view, process.stderr.columns || 80, this.#palette).join("\n"));
		}
		if (nowMs - this.#linedAtMs >= PLAIN_LINE_MS) this.#line(view, nowMs);
	}

	/** The run is over: the drawing stays as it last was. */
	finish(run: FleetRun): void {
		const nowMs = performance.now();
		if (run === this.#run) this.#line(this.#view(run, nowMs), nowMs);
		this.#terminal?.clear();
	}

	/** Lets something else write to the terminal. */
	aside(write: () => void): void {
		this.#terminal?.clear();
		write();
	}

	#line(view: ProgressView, nowMs: number): void {
		this.#linedAtMs = nowMs;
		const line = progressLine(view);
		this.lines.push(line);
		if (!this.#terminal && !this.quiet) process.stdout.write(`${line}\n`);
	}

	#begin(run: FleetRun, nowMs: number): void {
		this.#run = run;
		this.#points = [];
		this.#rates = [];
		this.#percentiles = undefined;
		this.#linedAtMs = nowMs;
	}

	#view(run: FleetRun, nowMs: number): ProgressView {
		const { load } = run.spec;
		const { settled, inFlight, backlog, errors } = run.totals;
		const running = run.epochMs > 0 && nowMs >= run.epochMs;
		const elapsedMs = nowMs - (running ? run.epochMs : run.startedAtMs);
		const tasksPerSecond = running ? this.#rate(nowMs, settled) : 0;
		const total = load.kind === "tasks" ? load.tasks : undefined;
		const durationMs = load.kind === "tasks" ? undefined : load.warmupMs + load.durationMs;
		const alive = run.participants.filter(({ member, alive }) => member && alive);
		return {
			name: run.spec.name,
			runIndex: run.ordinal,
			runCount: this.runCount,
			phase: run.phase === "preparing" && alive.length < run.participants.length ? "waiting for agents" : run.phase,
			elapsedMs,
			done: settled,
			total,
			durationMs,
			tasksPerSecond,
			responseTime: this.#live(run, nowMs),
			agentsAlive: alive.length,
			agentsTotal: run.participants.length,
			inFlight,
			backlog,
			errors,
			secondsLeft: secondsLeft(total, durationMs, settled, tasksPerSecond, elapsedMs),
			recentRates: this.#rates,
		};
	}

	#rate(nowMs: number, settled: number): number {
		this.#points.push({ atMs: nowMs, settled });
		while (this.#points.length > 2 && nowMs - (this.#points[1]?.atMs ?? nowMs) >= RATE_WINDOW_MS) this.#points.shift();
		const first = this.#points[0];
		const rate = first && nowMs > first.atMs ? ((settled - first.settled) / (nowMs - first.atMs)) * 1_000 : 0;
		this.#rates.push(rate);
		if (this.#rates.length > SPARK_POINTS) this.#rates.shift();
		return rate;
	}

	#live(run: FleetRun, nowMs: number): LiveTimes | undefined {
		if (this.#percentiles && nowMs - this.#percentiles.atMs < PERCENTILES_MS) return this.#percentiles.times;
		const whole = Distribution.empty("us");
		for (const { deltas } of run.participants) whole.add(deltas.live().responseTime);
		const times = whole.count === 0 ? undefined : liveTimes(whole);
		this.#percentiles = { atMs: nowMs, times };
		return times;
	}
}

function liveTimes(times: Distribution): LiveTimes {
	const [p50Us = 0, p95Us = 0, p99Us = 0] = [50, 95, 99].map((p) => times.percentileUs(p));
	return { minUs: times.minUs, p50Us, p95Us, p99Us, maxUs: times.maxUs };
}

function secondsLeft(
	total: number | undefined,
	durationMs: number | undefined,
	settled: number,
	tasksPerSecond: number,
	elapsedMs: number,
): number | undefined {
	if (durationMs !== undefined) return Math.max(0, (durationMs - elapsedMs) / 1_000);
	if (total === undefined || tasksPerSecond <= 0) return undefined;
	return Math.max(0, (total - settled) / tasksPerSecond);
}
