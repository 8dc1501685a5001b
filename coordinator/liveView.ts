import { Distribution } from "../proto/histogram.js";
import type { FleetRun } from "./fleetRun.js";
import { LiveScreen } from "./liveScreen.js";
import type { LiveTimes, ProgressView } from "./report/progress.js";
import { isRunning, liveTimes, placeOf, secondsLeft } from "./runProgress.js";

const PERCENTILES_MS = 1_000;
/** The rate shown is that of the last this many seconds. */
const RATE_WINDOW_MS = 1_000;
const SPARK_POINTS = 40;

interface Point {
	readonly atMs: number;
	readonly settled: number;
}

/** The run as it goes (see LiveScreen). What it wrote in plain lines is kept for the run's log file. */
export class LiveView {
	readonly #screen: LiveScreen;
	#run: FleetRun | undefined;
	#points: Point[] = [];
	#rates: number[] = [];
	#percentiles: { readonly atMs: number; readonly times: LiveTimes | undefined } | undefined;

	/** @param quiet draw nothing; the lines are kept all the same */
	constructor(
		private readonly runCount: number,
		quiet: boolean,
	) {
		this.#screen = new LiveScreen(quiet);
	}

	/** The plain lines, also where a terminal shows the drawing instead. */
	get lines(): readonly string[] {
		return this.#screen.lines;
	}

	/** Call as often as wanted: draws when it is time to. */
	update(run: FleetRun): void {
		const nowMs = performance.now();
		if (run !== this.#run) this.#begin(run, nowMs);
		this.#screen.update(nowMs, () => this.#view(run, nowMs));
	}

	/** The run is over: its last line, and the drawing is taken away. */
	finish(run: FleetRun): void {
		const nowMs = performance.now();
		if (run === this.#run) this.#screen.line(nowMs, this.#view(run, nowMs));
		this.#screen.clear();
	}

	/** Lets something else write to the terminal. */
	aside(write: () => void): void {
		this.#screen.clear();
		write();
	}

	#begin(run: FleetRun, nowMs: number): void {
		this.#run = run;
		this.#points = [];
		this.#rates = [];
		this.#percentiles = undefined;
		this.#screen.begin(nowMs);
	}

	#view(run: FleetRun, nowMs: number): ProgressView {
		const { settled, inFlight, backlog, errors } = run.totals;
		const place = placeOf(run, nowMs);
		const tasksPerSecond = isRunning(run, nowMs) ? this.#rate(nowMs, settled) : 0;
		return {
			...place,
			runCount: this.runCount,
			done: settled,
			tasksPerSecond,
			responseTime: this.#live(run, nowMs),
			inFlight,
			backlog,
			errors,
			secondsLeft: secondsLeft(place, settled, tasksPerSecond),
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
		const times = liveTimes(whole);
		this.#percentiles = { atMs: nowMs, times };
		return times;
	}
}
