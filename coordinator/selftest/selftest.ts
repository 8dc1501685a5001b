import { type Faults, Sabotage } from "../../proto/gen/slice.js";
import { readClocks, testClocks } from "./clocks.js";
import type { Experimenter } from "./experiment.js";
import { testLedger } from "./ledger.js";
import { testMerging } from "./merging.js";
import { testOmission } from "./omission.js";
import { QUEUEING_CASES, testQueueing } from "./queueing.js";
import type { RowResult } from "./table.js";

export const ROWS = ["queueing", "omission", "merge", "ledger", "clocks"] as const;
export type Row = (typeof ROWS)[number];

/** How the instrument is made wrong on purpose, and the row that must notice. */
export const SABOTAGES = {
	"sent-time": { row: "omission", faults: { sabotage: Sabotage.SENT_TIME } },
	"averaged-percentiles": { row: "merge", faults: {} },
	"skipped-entry": { row: "ledger", faults: { sabotage: Sabotage.SKIPPED_ENTRY } },
	"clock-offset": { row: "clocks", faults: { clockOffsetUs: 20_000 } },
} as const satisfies Record<string, { readonly row: Row; readonly faults: Partial<Faults> }>;
export type SabotageName = keyof typeof SABOTAGES;

export interface SelfTestOptions {
	readonly rows: ReadonlySet<Row>;
	readonly sabotage: SabotageName | undefined;
	readonly seed: number;
	readonly experimenter: Experimenter;
	/** Told of each row as it is done. */
	readonly onRow: (result: RowResult) => void;
}

/** Runs the rows in their order. @returns what each came to */
export async function runSelfTest(options: SelfTestOptions): Promise<RowResult[]> {
	const { rows, sabotage, seed, experimenter, onRow } = options;
	const results: RowResult[] = [];
	const done = (result: RowResult) => {
		results.push(result);
		onRow(result);
	};
	if (rows.has("merge")) done(testMerging(sabotage === "averaged-percentiles"));
	if (rows.has("clocks")) await readClocks(experimenter);
	if (rows.has("ledger")) done(await testLedger(experimenter));
	if (rows.has("omission")) done(await testOmission(experimenter));
	if (rows.has("queueing")) {
		for (const setting of QUEUEING_CASES) done(await testQueueing(experimenter, setting, seed));
	}
	if (rows.has("clocks")) done(await testClocks(experimenter));
	return results;
}
