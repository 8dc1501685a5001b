import type { Slice } from "../../proto/gen/slice.js";
import { hidePasswords } from "../../proto/redisUrl.js";
import { formatHandler } from "./handlers.js";
import { formatPayload, formatPriorities } from "./mix.js";
import { partition } from "./partition.js";
import type { Plan, RunSpec } from "./plan.js";
import { formatCount, formatDuration } from "./quantities.js";
import { formatArrivals, formatRateSpec } from "./rate.js";
import type { Origins } from "./resolve.js";
import { SETTING_KEYS, type SettingKey } from "./settings.js";

/** The resolved plan as tables for people: each setting with where it came from, and each run's shares by agent. */
export function describePlan(plan: Plan, origins: Origins): string {
	const values = settingTexts(plan, origins.seed === "default" ? "drawn anew" : undefined);
	const settings = SETTING_KEYS.map((key) => [key, values[key], origins[key]]);
	const agents = plan.agents === 1 ? "1 agent" : `${plan.agents} agents`;
	const runs = plan.runs.length === 1 ? "1 run" : `${plan.runs.length} runs`;
	return [
		...table([["setting", "value", "from"], ...settings]),
		"",
		`${runs}, split over ${agents}:`,
		"",
		...table([["run", "workers", "producers", "load"], ...plan.runs.map((run) => splitRow(run))]),
		"",
	].join("\n");
}

/** Each setting of a plan as `validate` shows it. */
export function settingTexts(plan: Plan, seedText = String(plan.seed)): Record<SettingKey, string> {
	const [run] = plan.runs;
	if (!run) throw new RangeError("a plan has at least one run");
	const { load, task } = run;
	const timed = load.kind === "timed" ? load : undefined;
	const open = load.kind === "open" ? load : undefined;
	const durationMs = load.kind === "tasks" ? load.limitMs : load.durationMs;
	const points = [...new Map(plan.runs.map((each) => [each.point, each])).values()];
	const sorted = (figure: (run: RunSpec) => number) => [...new Set(points.map(figure))].sort((a, b) => a - b);
	const list = (figure: (run: RunSpec) => number): string => sorted(figure).map(formatCount).join(", ");
	const words = (word: (run: RunSpec) => string): string => [...new Set(points.map(word))].join(", ");
	return {
		name: plan.name,
		type: plan.type,
		agents: list((each) => each.agents),
		redis: plan.redisUrl === undefined ? "a private throw-away server" : hidePasswords(plan.redisUrl),
		keyPrefix: plan.keyPrefix,
		purge: String(plan.purge),
		workers: list((each) => each.workers),
		producers: list((each) => each.producers),
		tasks: load.kind === "tasks" ? formatCount(load.tasks) : "no limit",
		duration: durationMs === undefined ? "until all tasks are sent" : formatDuration(durationMs),
		rate: words((each) => (each.load.kind === "open" ? formatRateSpec(each.load.rate) : "closed loop")),
		arrivals: open ? formatArrivals(open.arrivals) : "none",
		warmup: load.kind === "tasks" ? "0" : formatDuration(load.warmupMs),
		maxUnacknowledged: open ? list((each) => (each.load.kind === "open" ? each.load.maxUnacknowledged : 0)) : "none",
		spin: String(open?.spin ?? false),
		inFlight: timed ? list((each) => (each.load.kind === "timed" ? each.load.inFlight : 0)) : "as many as get there",
		pollInterval: sorted((each) => each.pollIntervalMs)
			.map((ms) => (ms === 0 ? "0 (back to back)" : formatDuration(ms)))
			.join(", "),
		engine: words((each) => each.engine),
		concurrency: ofFused(points, (each) => each.concurrency),
		batch: ofFused(points, (each) => each.batch),
		thresholds: plan.thresholds.map(({ text }) => text).join("; ") || "none",
		targets: plan.targets?.name ?? "none",
		cpuprofile: plan.cpuprofile ?? "none",
		memprofile: plan.memprofile ?? "none",
		repeat: formatCount(plan.repeat),
		seed: seedText,
		drainTimeout: formatDuration(run.drainTimeoutMs),
		handler: formatHandler(run.handler),
		taskType: task.type,
		payload: words((each) => formatPayload(each.task.payload)),
		priority: formatPriorities(task.priorities),
		maxRetries: formatCount(task.maxRetries),
		timeout: formatDuration(task.timeoutMs),
	};
}

/** What only the fused engine is asked for. */
function ofFused(points: readonly RunSpec[], figure: (run: RunSpec) => number): string {
	const fused = points.find((run) => run.engine === "fused");
	return fused ? formatCount(figure(fused)) : "1";
}

function splitRow(run: RunSpec): string[] {
	const slices = partition(run, { runId: "", runTag: 0, target: { url: "", keyPrefix: "" } });
	return [
		run.name,
		shares(slices.map((slice) => slice.workers?.count ?? 0)),
		shares(slices.map((slice) => slice.producers.length)),
		loadCell(run, slices),
	];
}

function loadCell({ load, agents }: RunSpec, slices: readonly Slice[]): string {
	if (load.kind === "open") return `${formatRateSpec(load.rate)} a second${agents > 1 ? `, 1 in ${agents} each` : ""}`;
	return `${load.kind === "tasks" ? "tasks" : "in flight"} ${shares(slices.map(loadOf))}`;
}

function loadOf(slice: Slice): number {
	const kind = slice.load?.kind;
	if (kind?.$case === "timed") return kind.value.inFlight;
	return slice.producers.reduce((sum, producer) => sum + producer.tasks, 0);
}

/** `7 × 2 + 1 × 1`: how many agents have which share, the largest first. */
function shares(counts: readonly number[]): string {
	const agentsByShare = new Map<number, number>();
	for (const count of counts) agentsByShare.set(count, (agentsByShare.get(count) ?? 0) + 1);
	return [...agentsByShare]
		.sort(([a], [b]) => b - a)
		.map(([share, agents]) => (counts.length === 1 ? formatCount(share) : `${agents} × ${formatCount(share)}`))
		.join(" + ");
}

function table(rows: readonly (readonly string[])[]): string[] {
	const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
	return rows.map((row) =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join("   ")
			.trimEnd(),
	);
}
