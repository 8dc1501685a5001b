import { LEASE_MS } from "../../../proto/limits.js";
import type { FleetFigures } from "./messages.js";

/** What a fleet of any size up to 500 must keep on 2 cores. */
export const BARS = {
	armedMs: 10_000,
	mergedMs: 10_000,
	peakRssBytes: 600 * 1_000_000,
	/** A stall of half a lease leaves the other half to hear the next heartbeat in. */
	stallMs: LEASE_MS / 2,
} as const;

/** @returns a sentence for each bar that was missed */
export function missedBars(figures: FleetFigures): string[] {
	const { agents, armedMs, collectedMs, reportedMs, peakRssBytes, longestStallMs, lost, completed, expected } = figures;
	const missed: string[] = [];
	const atMost = (what: string, value: number, most: number, unit: string) => {
		if (!(value < most))
			missed.push(`${agents} agents: ${what} ${value.toFixed(0)} ${unit}, not below ${most} ${unit}`);
	};
	atMost("joined and armed in", armedMs, BARS.armedMs, "ms");
	atMost("results in and merged in", collectedMs + reportedMs, BARS.mergedMs, "ms");
	atMost("peak resident memory", peakRssBytes / 1e6, BARS.peakRssBytes / 1e6, "MB");
	atMost("the event loop stood still for", longestStallMs, BARS.stallMs, "ms");
	if (lost > 0) missed.push(`${agents} agents: ${lost} of them were lost`);
	if (completed !== expected) missed.push(`${agents} agents: ${completed} tasks in the report, ${expected} were done`);
	return missed;
}
