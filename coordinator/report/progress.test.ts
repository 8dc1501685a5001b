import { fc, test as property } from "@fast-check/vitest";
import picocolors from "picocolors";
import { expect, it } from "vitest";
import { type ProgressPhase, type ProgressView, progressLine, progressLines } from "./progress.js";

const PLAIN = picocolors.createColors(false);

const RUNNING: ProgressView = {
	name: "quick",
	runIndex: 0,
	runCount: 1,
	phase: "running",
	elapsedMs: 1_300,
	done: 500,
	total: 1_000,
	durationMs: undefined,
	tasksPerSecond: 385.2,
	responseTime: { minUs: 400, p50Us: 1_300, p95Us: 8_000, p99Us: 12_400, maxUs: 20_000 },
	agentsAlive: 1,
	agentsTotal: 1,
	inFlight: 4,
	backlog: 496,
	errors: 0,
	secondsLeft: 1.3,
	recentRates: [0, 100, 200, 400],
};

it("draws a run", () => {
	expect(progressLines(RUNNING, 80, PLAIN)).toEqual([
		"quick: running",
		"  ███████████████░░░░░░░░░░░░░░░  50%  500/1,000 tasks  1s, 1s left",
		"  385.2 tasks/s  p50 1.30 ms  p99 12.4 ms  ▁▃▅█",
		"  400 µs ────────────●──────────────────◆────▲───── 20.0 ms  ● p50  ◆ p95  ▲ p99",
		"  agents 1/1 · in flight 4 · backlog 496 · errors 0",
	]);
});

it("says the same in one line", () => {
	expect(progressLine({ ...RUNNING, runIndex: 1, runCount: 5 })).toBe(
		"quick (run 2 of 5): running, 500/1,000 tasks (50%), 385.2 tasks/s, p50 1.30 ms  p99 12.4 ms, agents 1/1, errors 0, 1s, 1s left",
	);
});

it("has no figures before the start", () => {
	const waiting: ProgressView = { ...RUNNING, phase: "waiting for agents", agentsAlive: 3, agentsTotal: 8 };
	expect(progressLines(waiting, 80, PLAIN)).toEqual(["quick: waiting for agents", "  agents 3/8  1s"]);
	expect(progressLine(waiting)).toBe("quick: waiting for agents, agents 3/8");
});

it("goes by the clock in a timed run, and prints what is not known as such", () => {
	const timed = { ...RUNNING, total: undefined, durationMs: 10_000, responseTime: undefined };
	const [, bar, figures, state] = progressLines({ ...timed, backlog: undefined, recentRates: [] }, 80, PLAIN);
	expect(bar).toContain(" 13%  500 tasks  ");
	expect(figures).toContain("p50 —  p99 —");
	expect(state).toContain("backlog —");
});

it("does not say 100% before it is so", () => {
	expect(progressLine({ ...RUNNING, done: 999 })).toContain("(99%)");
	expect(progressLine({ ...RUNNING, done: 1_000 })).toContain("(100%)");
});

it("shows a lost agent and errors in red", () => {
	const lines = progressLines(
		{ ...RUNNING, agentsAlive: 3, agentsTotal: 4, errors: 2 },
		80,
		picocolors.createColors(true),
	);
	expect(lines.at(-1)).toContain("\u001b[31m  agents 3/4");
	expect(lines.at(-1)).toContain("\u001b[31m · in flight");
});

const PHASES: ProgressPhase[] = ["waiting for agents", "preparing", "running", "draining", "collecting", "cleaning"];
const figure = fc.double({ min: 0, max: 1e12, noNaN: true });
const count = fc.nat(2 ** 31 - 1);
const anyView: fc.Arbitrary<ProgressView> = fc.record({
	name: fc.string(),
	runIndex: count,
	runCount: count,
	phase: fc.constantFrom(...PHASES),
	elapsedMs: figure,
	done: count,
	total: fc.option(count, { nil: undefined }),
	durationMs: fc.option(figure, { nil: undefined }),
	tasksPerSecond: figure,
	responseTime: fc.option(
		fc.uniqueArray(figure, { minLength: 5, maxLength: 5 }).map((values) => {
			const [minUs = 0, p50Us = 0, p95Us = 0, p99Us = 0, maxUs = 0] = values.sort((a, b) => a - b);
			return { minUs, p50Us, p95Us, p99Us, maxUs };
		}),
		{ nil: undefined },
	),
	agentsAlive: count,
	agentsTotal: count,
	inFlight: count,
	backlog: fc.option(count, { nil: undefined }),
	errors: count,
	secondsLeft: fc.option(figure, { nil: undefined }),
	recentRates: fc.array(figure, { maxLength: 60 }),
});

property.prop([anyView, fc.integer({ min: 20, max: 200 })])("no line is wider than the terminal", (view, width) => {
	for (const line of progressLines(view, width, PLAIN)) {
		expect(line.length).toBeLessThanOrEqual(width);
		expect(line).not.toMatch(/NaN|Infinity|undefined/);
	}
});
