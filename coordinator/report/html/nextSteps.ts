import { headlineOf } from "../cells.js";
import { formatRate, formatShare } from "../format.js";
import type { Report, ReportRun } from "../schema.js";
import { shownReasons } from "../sentences.js";

const MOST_STEPS = 4;
/** Redis and an agent's event loop are one thread each; beyond that a queue forms before it (measurement.md §12). */
const REDIS_BUSY = 0.85;
const LOOP_BUSY = 0.9;
const POLL_CAP_REACHED = 0.85;
const REPEATS_ADVISED = 3;

/** What to do now, the most pressing first: what stands against the figures, then what limits them, then how to be surer. */
export function nextSteps(report: Report): string[] {
	const run = headlineOf(report);
	const against = shownReasons(report)
		.filter(({ severity }) => severity !== "NOTE")
		.map(({ advice }) => advice);
	const failed = report.thresholds
		.filter(({ passed }) => !passed)
		.map(({ threshold }) => `The threshold ${threshold} failed: the charts below show when and in which stage.`);
	const limits = run === undefined || report.verdict.validity === "INVALID" ? [] : limitsOf(report, run);
	const surer =
		report.plan.repeat < REPEATS_ADVISED
			? ["One run says little about the next: repeat it with --repeat 5, or let coordinator compare judge a change."]
			: ["To judge a change, let coordinator compare run both sides by turns."];
	return [...new Set([...against, ...failed, ...limits, ...surer])].filter(Boolean).slice(0, MOST_STEPS);
}

function limitsOf(report: Report, run: ReportRun): string[] {
	const scaling = report.sweep?.scaling?.verdict;
	if (scaling) return [`${scaling.sentence} ${scaling.cause}`];
	const { throughput, redis, resources } = run;
	const cap = pollCap(run);
	const steps: string[] = [];
	if (cap !== undefined && throughput.tasksPerSecond > POLL_CAP_REACHED * cap) {
		steps.push(
			`Polling is the limit: a worker takes one task a poll, so these cannot exceed ${formatRate(cap)} tasks/s, and this run ` +
				`did ${formatShare(Math.min(1, throughput.tasksPerSecond / cap))} of that. More --workers, or a shorter --poll-interval.`,
		);
	}
	if (redis.busyShare !== null && redis.busyShare > REDIS_BUSY) {
		steps.push(
			`Redis's main thread was ${formatShare(redis.busyShare)} busy: it is near its limit, more workers will not help.`,
		);
	}
	if (resources.loopUtilizationMax > LOOP_BUSY) {
		steps.push(
			`An agent's event loop was ${formatShare(resources.loopUtilizationMax)} busy: spread the load over more --agents, or ` +
				"profile it with --type profiled.",
		);
	}
	if (steps.length === 0) {
		steps.push(
			run.loop === "open"
				? "To find where the queue gives way, offer more: sweep over rates, such as --rate 1000,2000,4000."
				: "To find where throughput ends, sweep: npx coordinator run --type scalability.",
		);
	}
	return steps;
}

/** Tasks a second that classic workers cannot exceed; undefined where they poll back to back, or are woken. */
function pollCap({ parameters }: ReportRun): number | undefined {
	const { engine, pollIntervalMs, workers } = parameters;
	return engine === "classic" && pollIntervalMs > 0 ? (workers * 1_000) / pollIntervalMs : undefined;
}
