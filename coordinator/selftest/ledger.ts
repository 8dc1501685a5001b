import type { TaskNumber } from "../../proto/gen/slice.js";
import { formatCount } from "../report/format.js";
import type { Experimenter, Outcome } from "./experiment.js";
import { type Check, exactly, type RowResult } from "./table.js";

const TASKS = 480;
const PRODUCERS = 16;

/** Late enough to lie behind others in the queue when they are sent, where they can be taken out. */
const LOST: readonly TaskNumber[] = [
	{ producer: 2, sequence: 20 },
	{ producer: 5, sequence: 24 },
	{ producer: 11, sequence: 27 },
];
const REPEATED: readonly TaskNumber[] = [1, 4, 8, 13, 15].map((producer) => ({ producer, sequence: 10 }));

/** Tasks lost in Redis after their acknowledgement, and others done twice. */
export async function testLedger(experimenter: Experimenter): Promise<RowResult> {
	const outcome = await experimenter.run({
		flags: {
			name: "ledger",
			agents: "2",
			engine: "fused",
			workers: "2",
			concurrency: "4",
			batch: "8",
			tasks: String(TASKS),
			producers: String(PRODUCERS),
			handler: "sleep:20ms",
			payload: "100B",
		},
		faults: (agent) => {
			const own = ({ producer }: TaskNumber) => Math.floor(producer / (PRODUCERS / 2)) === agent;
			return { lose: LOST.filter(own), repeat: REPEATED.filter(own) };
		},
	});
	return {
		row: "ledger",
		title: `of ${TASKS} tasks ${LOST.length} are deleted in Redis, and ${REPEATED.length} are done twice`,
		checks: judgeLedger(outcome),
	};
}

export function judgeLedger({ run }: Outcome): Check[] {
	const { lost, lostTasks, completed, duplicates, balanced } = run.accounting;
	return [
		exactly("completed", formatCount(TASKS - LOST.length), formatCount(completed)),
		exactly("lost", formatCount(LOST.length), formatCount(lost)),
		exactly("their names", named(LOST), named(lostTasks)),
		exactly("duplicates", formatCount(REPEATED.length), formatCount(duplicates)),
		exactly("the books", "balance", balanced ? "balance" : "do not balance"),
	];
}

/** As producer/sequence. */
function named(tasks: readonly TaskNumber[]): string {
	return tasks.map(({ producer, sequence }) => `${producer}/${sequence}`).join(" ") || "none";
}
