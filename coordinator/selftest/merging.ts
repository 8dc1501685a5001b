import { Census, Counters, Measurements, Outcome, Stage } from "../../proto/gen/measurement.js";
import { AgentRecord, Record, RunEnd, RunRecord } from "../../proto/gen/record.js";
import { StageRecorder } from "../../proto/histogramRecorder.js";
import { LedgerPages } from "../../proto/ledger.js";
import { chunkResult, ResultAssembler } from "../../proto/result.js";
import { mergeRun, mergeRunBy } from "../merge/merge.js";
import { planToJson, specToJson } from "../plan/planJson.js";
import { resolvePlan } from "../plan/resolve.js";
import { buildReport } from "../report/build.js";
import { formatCount, formatMicros } from "../report/format.js";
import { renderJson } from "../report/json.js";
import type { Report } from "../report/schema.js";
import { RECORD_FORMAT } from "../results/recordFile.js";
import { averageStages } from "./averaging.js";
import { exactly, type RowResult } from "./table.js";

const FAST = { tasks: 9_900, us: 1_000 };
const SLOW = { tasks: 100, us: 100_000 };
const PERCENTILE = 99.5;

/**
 * One agent did 99 % of the tasks in 1 ms each, the other the rest in 100 ms (measurement.md §6): merged p99.5 is 100 ms,
 * averaged it would be 50.5 ms. Through the recorder, the codec, the chunks, the merge and the report that runs go through.
 *
 * @param averaging merges by averaging the agents' percentiles instead
 */
export function testMerging(averaging: boolean): RowResult {
	const plan = resolvePlan({
		flags: { agents: "2", tasks: String(FAST.tasks + SLOW.tasks), thresholds: `responseTime: p(${PERCENTILE})<1s` },
		environment: {},
	});
	if (!plan.ok) throw new Error("the self-test's own plan was refused");
	const [spec] = plan.plan.runs;
	if (!spec) throw new Error("a plan without a run");
	const agents = [FAST, SLOW].map(({ tasks, us }, index) =>
		AgentRecord.create({ index, measurements: handedIn(index, tasks, us) }),
	);
	const run = RunRecord.create({ specJson: specToJson(spec), agents, census: Census.create(), end: RunEnd.DRAINED });
	const record = Record.create({ format: RECORD_FORMAT, planJson: planToJson(plan.plan), runs: [run] });
	const merged = averaging ? mergeRunBy(averageStages, run) : mergeRun(run);
	const report: Report = JSON.parse(renderJson(buildReport(record, [merged])));
	const measuredUs = report.thresholds[0]?.runs[0]?.measured ?? Number.NaN;
	return {
		row: "merge",
		title: `${formatCount(FAST.tasks)} tasks of 1 ms by one agent, ${SLOW.tasks} of 100 ms by another`,
		checks: [
			exactly(`response p${PERCENTILE}`, formatMicros(SLOW.us), formatMicros(measuredUs)),
			exactly(
				"tasks",
				formatCount(FAST.tasks + SLOW.tasks),
				formatCount(report.runs[0]?.latency.responseTime.count ?? 0),
			),
		],
	};
}

/** An agent's result as the coordinator has it when it has come over the stream. */
function handedIn(index: number, tasks: number, us: number): Measurements {
	const recorder = new StageRecorder(Stage.RESPONSE_TIME);
	for (let task = 0; task < tasks; task++) recorder.record(us);
	const completed = new LedgerPages();
	for (let task = 0; task < tasks; task++) completed.set(index, Outcome.COMPLETED, task);
	const measured = Measurements.create({
		counters: Counters.create({ sent: tasks, enqueued: tasks, dequeued: tasks, completed: tasks }),
		stages: [recorder.encode()],
		producers: [{ producer: index, issued: tasks }],
		ledger: completed.allPages(),
	});
	const assembler = new ResultAssembler();
	for (const chunk of chunkResult(0, measured)) {
		const whole = assembler.take(chunk);
		if (whole) return whole;
	}
	throw new Error("a result without an end");
}
