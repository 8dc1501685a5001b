import type { Distribution } from "../proto/histogram.js";
import type { FleetRun } from "./fleetRun.js";
import type { LiveTimes, ProgressView } from "./report/progress.js";

/** What a run's coordinator alone knows of how far it is. */
export type RunPlace = Pick<
	ProgressView,
	"name" | "runIndex" | "phase" | "elapsedMs" | "total" | "durationMs" | "agentsAlive" | "agentsTotal"
>;

/** @param nowMs on performance.now() */
export function placeOf(run: FleetRun, nowMs: number): RunPlace {
	const { load } = run.spec;
	const alive = run.participants.filter(({ member, alive }) => member && alive).length;
	const waiting = run.phase === "preparing" && alive < run.participants.length;
	return {
		name: run.spec.name,
		runIndex: run.ordinal,
		phase: waiting ? "waiting for agents" : run.phase,
		elapsedMs: nowMs - (isRunning(run, nowMs) ? run.epochMs : run.startedAtMs),
		total: load.kind === "tasks" ? load.tasks : undefined,
		durationMs: load.kind === "tasks" ? undefined : load.warmupMs + load.durationMs,
		agentsAlive: alive,
		agentsTotal: run.participants.length,
	};
}

/** The epoch has come. */
export function isRunning(run: FleetRun, nowMs: number): boolean {
	return run.epochMs > 0 && nowMs >= run.epochMs;
}

/** Undefined where that cannot be said. */
export function secondsLeft(
	{ total, durationMs, elapsedMs }: Pick<ProgressView, "total" | "durationMs" | "elapsedMs">,
	settled: number,
	tasksPerSecond: number,
): number | undefined {
	if (durationMs !== undefined) return Math.max(0, (durationMs - elapsedMs) / 1_000);
	if (total === undefined || tasksPerSecond <= 0) return undefined;
	return Math.max(0, (total - settled) / tasksPerSecond);
}

/** Undefined where there are none. */
export function liveTimes(times: Distribution): LiveTimes | undefined {
	if (times.count === 0) return undefined;
	const [p50Us = 0, p95Us = 0, p99Us = 0] = [50, 95, 99].map((p) => times.percentileUs(p));
	return { minUs: times.minUs, p50Us, p95Us, p99Us, maxUs: times.maxUs };
}
