import { Stage } from "../../proto/gen/measurement.js";
import type { MergedRun } from "../merge/merged.js";
import { formatCount, formatMicros, formatQuantity, formatShare } from "../report/format.js";
import { type Clocks, clocksOf, type HostClock } from "./clocks.js";
import type { Reason } from "./reason.js";

/** A figure whose clock error may be a tenth of it is flagged (measurement.md §1). */
export const CLOCK_BOUND_SHARE_MAX = 0.1;
/** Stamps are in whole microseconds, rounded three times. */
const ROUNDING_US = 2;
/** Fewer values than this have no median to compare. */
const FEWEST_FOR_MEDIAN = 100;
/** Medians of two parts of a run differ by this much anyway. */
const MEDIANS_APART_SHARE = 0.1;

/** Whether times between hosts can be believed. On one host there are none. */
export function checkClocks(run: MergedRun): Reason[] {
	const clocks = clocksOf(run);
	if (clocks === undefined) return [];
	return [
		...steps(clocks),
		...contradictions(clocks),
		...notFollowed(clocks),
		...tooWide(run, clocks),
		...belowZero(clocks),
		...mediansApart(clocks),
	];
}

function steps(clocks: Clocks): Reason[] {
	const stepped = clocks.hosts.filter((host) => host.steps > 0);
	const [widest] = stepped.toSorted((a, b) => Math.abs(b.largestStepUs) - Math.abs(a.largestStepUs));
	if (widest === undefined) return [];
	const firstUs = Math.min(...stepped.map(({ firstStepAtUs = 0 }) => firstStepAtUs));
	const times = Math.max(...stepped.map((host) => host.steps));
	const size = `${widest.largestStepUs < 0 ? "back" : "forward"} by ${formatMicros(Math.abs(widest.largestStepUs))}`;
	return [
		{
			code: "clock-stepped",
			severity: clocks.crossing.count > 0 ? "INVALID" : "NOTE",
			figure: Math.abs(widest.largestStepUs),
			sentence:
				`The clock of Redis's host stepped ${size}${times > 1 ? `, the largest of ${times} steps` : ""}, first ` +
				`${firstUs <= 0 ? "before the start" : `${formatMicros(firstUs)} into the run`}: ` +
				"times between hosts are not valid from there on.",
			advice:
				"Rates, counts and the stages within a host hold. Find out what sets that clock (ntpd, chrony's makestep, a machine that was suspended) and run again.",
		},
	];
}

function contradictions(clocks: Clocks): Reason[] {
	return clocks.below
		.filter(({ mostNegativeUs, boundUs }) => mostNegativeUs < -boundUs - ROUNDING_US)
		.map(({ sender, receiver, tasks, mostNegativeUs, boundUs }) => ({
			code: "clocks-contradict",
			severity: "INVALID",
			figure: -mostNegativeUs,
			sentence:
				`A task from ${hostName(sender)} to ${hostName(receiver)} came out as completed ${formatMicros(-mostNegativeUs)} before it was sent, ` +
				`where their clocks may be off by ${formatMicros(boundUs)}: all ${formatQuantity(tasks, "response time")} between the two are void.`,
			advice:
				"Redis must be one server with one clock: look for several behind one address, and for a host whose clock is set while the run goes on.",
		}));
}

function notFollowed(clocks: Clocks): Reason[] {
	const unfollowed = clocks.hosts.flatMap((host) => host.unfollowed);
	if (unfollowed.length === 0 || clocks.crossing.count === 0) return [];
	return [
		{
			code: "clocks-not-followed",
			severity: "DEGRADED",
			figure: unfollowed.length,
			sentence:
				`${unfollowed.length === 1 ? "Agent" : "Agents"} ${unfollowed.join(", ")} could not compare its clock with Redis's during the run.`.replace(
					"its clock",
					unfollowed.length === 1 ? "its clock" : "their clocks",
				),
			advice:
				"Their times between hosts are as good as at the start, and 50 µs less certain with each second. The agent's log says why.",
		},
	];
}

function tooWide(run: MergedRun, clocks: Clocks): Reason[] {
	const response = run.stages.get(Stage.RESPONSE_TIME);
	if (response === undefined || clocks.crossing.count === 0) return [];
	const flagged = [50, 95, 99].filter(
		(percent) => clocks.boundUs > CLOCK_BOUND_SHARE_MAX * response.percentileUs(percent),
	);
	if (flagged.length === 0) return [];
	const figures = flagged.map((percent) => `p${percent} of ${formatMicros(response.percentileUs(percent))}`);
	return [
		{
			code: "clock-bound",
			severity: "DEGRADED",
			figure: clocks.boundUs,
			sentence:
				`Response times between hosts may be off by ±${formatMicros(clocks.boundUs)}, ` +
				`over ${formatShare(CLOCK_BOUND_SHARE_MAX)} of the ${figures.join(", the ")}.`,
			advice: `Bring ${widestHost(clocks)} closer to Redis on the network, or run all agents on one host.`,
		},
	];
}

function belowZero(clocks: Clocks): Reason[] {
	const within = clocks.below.filter(({ mostNegativeUs, boundUs }) => mostNegativeUs >= -boundUs - ROUNDING_US);
	const count = within.reduce((sum, { negative }) => sum + negative, 0);
	if (count === 0) return [];
	const most = Math.min(...within.map(({ mostNegativeUs }) => mostNegativeUs));
	return [
		{
			code: "negative-times",
			severity: "NOTE",
			figure: count,
			sentence:
				`${formatCount(count)} of ${formatQuantity(clocks.crossing.count, "response time")} between hosts came out below zero, ` +
				`by ${formatMicros(-most)} at the most, and counted as zero.`,
			advice: "That is within what the clocks may be off by.",
		},
	];
}

function mediansApart(clocks: Clocks): Reason[] {
	const { crossing, crossingMedianUs, withinMedianUs, withinCount, boundUs } = clocks;
	if (crossingMedianUs === undefined || withinMedianUs === undefined) return [];
	if (Math.min(crossing.count, withinCount) < FEWEST_FOR_MEDIAN) return [];
	const apartUs = Math.abs(crossingMedianUs - withinMedianUs);
	if (apartUs <= boundUs + MEDIANS_APART_SHARE * withinMedianUs) return [];
	return [
		{
			code: "clocks-suspect",
			severity: "NOTE",
			figure: apartUs,
			sentence:
				`The median response time is ${formatMicros(withinMedianUs)} within a host and ${formatMicros(crossingMedianUs)} between two, ` +
				`further apart than the clocks' ±${formatMicros(boundUs)} can explain.`,
			advice:
				"Where hosts differ in speed or in their distance to Redis, that is the reason. Otherwise do not rely on times between them.",
		},
	];
}

function hostName({ hostnames, agents }: HostClock): string {
	const shown = agents.slice(0, 3).join(", ");
	return `${hostnames.join("/")} (agent${agents.length > 1 ? "s" : ""} ${shown}${agents.length > 3 ? ", …" : ""})`;
}

function widestHost({ hosts }: Clocks): string {
	const [widest] = hosts.toSorted((a, b) => b.boundUs - a.boundUs);
	return widest === undefined ? "agents" : hostName(widest);
}
