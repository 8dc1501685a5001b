import { expect, test } from "vitest";
import { describePlan } from "./describe.js";
import { type FlagValues, resolvePlan } from "./resolve.js";

function describeFlags(flags: FlagValues): string[] {
	const resolution = resolvePlan({ flags, environment: {} });
	if (!resolution.ok) throw new Error(JSON.stringify(resolution.problems));
	return describePlan(resolution.plan, resolution.origins).split("\n");
}

/** As a row of the settings' table reads, its columns apart by three spaces. */
const rows = (lines: readonly string[]) => lines.map((line) => line.replaceAll(/ {3,}/g, "   "));

test("a sweep over agents", () => {
	const lines = describeFlags({ type: "scalability", agents: "3", redis: "redis://u:secret@h" });
	expect(rows(lines)).toContain("redis   redis://u:***@h   --redis");
	expect(rows(lines)).toContain("workers   1, 2, 4, 8, 16   scalability preset");
	expect(rows(lines)).toContain("tasks   2,000   scalability preset");
	expect(rows(lines)).toContain("timeout   30s   default");
	expect(lines.slice(-9)).toEqual([
		"5 runs, split over 3 agents:",
		"",
		"run          workers         producers       load",
		"workers-1    1 × 1 + 2 × 0   1 × 6 + 2 × 5   tasks 1 × 750 + 2 × 625",
		"workers-2    2 × 1 + 1 × 0   1 × 6 + 2 × 5   tasks 1 × 750 + 2 × 625",
		"workers-4    1 × 2 + 2 × 1   1 × 6 + 2 × 5   tasks 1 × 750 + 2 × 625",
		"workers-8    2 × 3 + 1 × 2   1 × 6 + 2 × 5   tasks 1 × 750 + 2 × 625",
		"workers-16   1 × 6 + 2 × 5   1 × 6 + 2 × 5   tasks 1 × 750 + 2 × 625",
		"",
	]);
});

test("a timed run of one agent", () => {
	const lines = describeFlags({ duration: "1m30s", pollInterval: "0", handler: "sleep:exp:5ms" });
	expect(rows(lines)).toContain("tasks   no limit   default");
	expect(rows(lines)).toContain("duration   1m30s   --duration");
	expect(rows(lines)).toContain("inFlight   8   default");
	expect(rows(lines)).toContain("pollInterval   0 (back to back)   --poll-interval");
	expect(lines.slice(-5)).toEqual([
		"1 run, split over 1 agent:",
		"",
		"run      workers   producers   load",
		"custom   4         16          in flight 8",
		"",
	]);
});
