import type { FleetOutage, MergedRun } from "../merge/merged.js";
import { formatMicros, formatQuantity } from "../report/format.js";
import type { Reason } from "./reason.js";
import { SLOT_MS } from "./throughput.js";

const SLOT_US = SLOT_MS * 1_000;
/** The rate before an outage is that of so many slots: 5 s. */
const SLOTS_BEFORE = 25;
/** The rate is back in the first second whose completions reach this share of it. */
const SLOTS_BACK = 5;
const SHARE_BACK = 0.8;

/** An outage, and how the load came back from it. */
export interface Recovery {
	readonly outage: FleetOutage;
	/** Completions a second over the 5 s before it, or since the epoch; undefined where there were none. */
	readonly tasksPerSecondBefore: number | undefined;
	/** From its end until the first second with at least 80 % of that rate; undefined where that did not come about. */
	readonly recoveryUs: number | undefined;
}

/** How each outage of a run went, in order. */
export function recoveriesOf(run: Pick<MergedRun, "outages" | "series">): Recovery[] {
	return run.outages.map((outage) => {
		const firstSlot = Math.floor(outage.fromUs / SLOT_US);
		const before = run.series.slice(Math.max(0, firstSlot - SLOTS_BEFORE), firstSlot);
		const completed = before.reduce((sum, slot) => sum + slot.completed, 0);
		if (completed === 0) return { outage, tasksPerSecondBefore: undefined, recoveryUs: undefined };
		const perSlot = completed / before.length;
		return {
			outage,
			tasksPerSecondBefore: (perSlot * 1_000) / SLOT_MS,
			recoveryUs: outage.toUs === undefined ? undefined : recoveryUs(run.series, outage.toUs, perSlot * SHARE_BACK),
		};
	});
}

/** To the slot: 200 ms. */
function recoveryUs(series: MergedRun["series"], backUs: number, perSlot: number): number | undefined {
	for (let first = Math.floor(backUs / SLOT_US); first + SLOTS_BACK <= series.length; first++) {
		const completed = series.slice(first, first + SLOTS_BACK).reduce((sum, slot) => sum + slot.completed, 0);
		if (completed >= perSlot * SLOTS_BACK) return Math.max(0, first * SLOT_US - backUs);
	}
	return undefined;
}

/** When Redis was out of reach, and how long the load took to come back. */
export function checkOutages(run: MergedRun): Reason[] {
	return recoveriesOf(run).map((recovery) => ({
		code: "redis-outage",
		severity: "DEGRADED",
		figure: recovery.outage.toUs === undefined ? null : (recovery.outage.toUs - recovery.outage.fromUs) / 1_000,
		sentence: `${windowSentence(recovery.outage, run.agents.length)} ${recoverySentence(recovery)}`,
		advice:
			"Figures of the whole run include the outage. See the errors by kind, and the accounting for what was lost.",
	}));
}

function windowSentence({ fromUs, toUs, agents }: FleetOutage, fleet: number): string {
	const whom = agents.length === fleet ? "" : ` for ${formatQuantity(agents.length, "agent")} of ${fleet}`;
	const from = `Redis was out of reach${whom} from ${formatMicros(fromUs)}`;
	if (toUs === undefined) return `${from} on, and did not come back before the end.`;
	return `${from} to ${formatMicros(toUs)} of the run, for ${formatMicros(toUs - fromUs)}.`;
}

function recoverySentence({ outage, tasksPerSecondBefore, recoveryUs: us }: Recovery): string {
	if (tasksPerSecondBefore === undefined) return "There was no rate before it to come back to.";
	if (outage.toUs === undefined) return "";
	if (us === undefined) return "The rate from before it was not reached again.";
	return `The rate from before it was back ${us === 0 ? "at once" : `${formatMicros(us)} later`}.`;
}
