import type { MergedRun } from "../merge/merged.js";
import { formatQuantity } from "../report/format.js";
import type { Reason } from "./reason.js";

/** Fewer tasks than this are lost in what else a server does with its memory. */
const LEAST_TASKS = 1_000;

/** What Spool leaves of every task, which this run alone has removed again. */
export function checkLeftovers(run: MergedRun): Reason[] {
	const { census, namespace, accounting } = run;
	const settled = accounting.completed + accounting.deadLettered;
	if (!census || namespace?.keysBeforeStart !== 0 || settled < LEAST_TASKS || accounting.remaining > 0) return [];
	const records = ["store:task", "store:result", "dlq:meta"].map((kind) => census.keysByKind.get(kind) ?? 0);
	const keysPerTask = records.reduce((sum, count) => sum + count, 0) / settled;
	if (keysPerTask === 0) return [];
	const bytes = bytesPerTask(run, settled);
	return [
		{
			code: "left-per-task",
			severity: "NOTE",
			figure: bytes ?? keysPerTask,
			sentence:
				`Each task left ${Number(keysPerTask.toFixed(2))} keys${bytes === undefined ? "" : `, ${formatQuantity(bytes, "byte")} in all,`} ` +
				"and its ID in the index of every state that it entered.",
			advice:
				"The records expire after 7 and 30 days. Spool never takes an ID out of spool:index:state:*, so these sets grow " +
				"without bound: trim them. What this run left was removed.",
		},
	];
}

/** Undefined where Redis did not tell, or where something else moved its memory more than the tasks did. */
function bytesPerTask({ redisSamples, census }: MergedRun, settled: number): number | undefined {
	const before = redisSamples[0]?.usedMemoryBytes ?? -1;
	const after = census?.redis?.usedMemoryBytes ?? -1;
	return before < 0 || after <= before ? undefined : Math.round((after - before) / settled);
}
