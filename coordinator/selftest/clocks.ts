import type { ClockSync } from "../../proto/gen/measurement.js";
import { formatMicros } from "../report/format.js";
import type { Experiment, Experimenter, Outcome } from "./experiment.js";
import { type Check, judge, type RowResult } from "./table.js";

export const PLANTED_US = 5_000;

/** How far two clocks may drift apart in a second, in µs (measurement.md §1). */
const DRIFT_PPM = 50;

const SHORT_RUN: Experiment["flags"] = { agents: "2", tasks: "32", pollInterval: "0", payload: "100B" };

/** The first burst of the comparison; the others come with every further run. */
export async function readClocks(experimenter: Experimenter): Promise<void> {
	await experimenter.run({ flags: { ...SHORT_RUN, name: "clocks-begin" } });
}

/** All bursts against Redis's clock, from the self-test's begin to its end; then one with an offset planted. */
export async function testClocks(experimenter: Experimenter): Promise<RowResult> {
	await experimenter.run({ flags: { ...SHORT_RUN, name: "clocks-end" } });
	const honest = experimenter.outcomes.flatMap(readingsOf);
	const planted = await experimenter.run({
		flags: { ...SHORT_RUN, name: "clocks-planted" },
		faults: (agent) => (agent === 1 ? { clockOffsetUs: PLANTED_US } : undefined),
	});
	return {
		row: "clocks",
		title: `${honest.length} comparisons with Redis's clock, and one that is off by ${formatMicros(PLANTED_US)}`,
		checks: [agreement(honest), found(planted), told(planted)],
	};
}

function readingsOf({ record }: Outcome): ClockSync[] {
	return record.agents.flatMap(({ clock }) => clock ?? []);
}

/**
 * Each burst bounds the offset of the two clocks hard; on one host all bounds have a point in common, but for the drift
 * since. Measured is how far the highest lower bound lies above the lowest upper one.
 */
export function agreement(readings: readonly ClockSync[]): Check {
	const atUs = readings[0]?.monotonicNowUs ?? 0;
	const reach = ({ boundUs, monotonicNowUs }: ClockSync) =>
		boundUs + (Math.abs(monotonicNowUs - atUs) * DRIFT_PPM) / 1e6;
	const low = Math.max(...readings.map((reading) => reading.offsetUs - reach(reading)));
	const high = Math.min(...readings.map((reading) => reading.offsetUs + reach(reading)));
	const widest = Math.max(...readings.map(({ boundUs }) => boundUs));
	const apartUs = Math.max(0, low - high);
	return {
		name: "bounds apart",
		theory: formatMicros(0),
		measured: `${formatMicros(apartUs)} (bounds to ±${formatMicros(widest)})`,
		interval: formatMicros(0),
		verdict: apartUs === 0 ? "pass" : "FAIL",
		...(apartUs > 0 && { why: "a clock was set while the self-test ran, or an agent misreads Redis's clock" }),
	};
}

/** How far the two agents of one host are apart about Redis's clock. */
function found({ record }: Outcome): Check {
	const [first, second] = record.agents.map(({ clock }) => clock);
	const name = "planted offset";
	if (!first || !second) throw new Error("an agent handed in no comparison of its clock");
	const boundUs = first.boundUs + second.boundUs;
	const check = judge({
		name,
		theory: PLANTED_US,
		measured: second.offsetUs - first.offsetUs,
		low: PLANTED_US - boundUs,
		high: PLANTED_US + boundUs,
		format: formatMicros,
		excuse: undefined,
	});
	if (boundUs < PLANTED_US) return check;
	const why = `${name}: Redis is so far away that clocks are known to ±${formatMicros(boundUs)} only`;
	return { ...check, verdict: "INCONCLUSIVE", why };
}

/** The bound that the run states for its own clocks has to cover what they disagree by. */
function told({ run }: Outcome): Check {
	const boundUs = Math.max(...run.agents.map((agent) => agent.clockBoundUs));
	return {
		name: "the run's own bound",
		theory: `≥ ${formatMicros(PLANTED_US / 2)}`,
		measured: formatMicros(boundUs),
		interval: `≥ ${formatMicros(PLANTED_US / 2)}`,
		verdict: boundUs >= PLANTED_US / 2 ? "pass" : "FAIL",
	};
}
