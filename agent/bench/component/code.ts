import { Stage } from "../../../proto/gen/measurement.js";
import { Distribution } from "../../../proto/histogram.js";
import { StageRecorder } from "../../../proto/histogramRecorder.js";
import { makeTaskId } from "../../../proto/taskid.js";
import { payloadMaker } from "../../load/payload.js";
import { nowUs } from "../../measure/clock.js";
import { Recorder } from "../../measure/recorder.js";
import { Stamper, stampBytes } from "../../measure/stamp.js";
import { PlainTask } from "../../spool/plainTask.js";
import { decodeTask, encodeTask, type Task } from "../../spool/task.js";
import type { Benchmark } from "./benchmark.js";

const RUN_TAG = 0x0badcafe;
const PAYLOAD_BYTES = 1_024;
const CREATED_AT = "2026-01-02T03:04:05.678901234Z";

/** The n-th task of a benchmark, 1 KB of payload unless said otherwise. */
export function taskOf(number: number, payload = payloadMaker(PAYLOAD_BYTES)): Task {
	return new PlainTask({
		id: makeTaskId(RUN_TAG, 0, number),
		type: "benchmark_task",
		payload: payload(number),
		priority: 1,
		maxRetries: 3,
		timeoutNs: 30e9,
		createdAt: CREATED_AT,
		metadata: new Stamper(RUN_TAG, 0).stamp(0, number, 0, 0, CREATED_AT),
	});
}

/** The agent's own code, without Redis. */
export const CODE_BENCHMARKS: readonly Benchmark[] = [
	{
		name: "Serialize",
		prepare: (iterations) => ({
			run() {
				// A task keeps its text once it is made: each is another one.
				const payload = payloadMaker(PAYLOAD_BYTES);
				for (let number = 0; number < iterations; number++) encodeTask(taskOf(number, payload));
			},
		}),
	},
	{
		name: "Deserialize",
		prepare(iterations) {
			const json = encodeTask(taskOf(0));
			return {
				run() {
					for (let number = 0; number < iterations; number++) decodeTask(json);
				},
			};
		},
	},
	{
		// All that an agent records of one task that it sends and completes.
		name: "Record",
		prepare(iterations) {
			const epochUs = nowUs();
			const recorder = new Recorder({ runTag: RUN_TAG, epochUs, producers: [0] });
			const stamper = new Stamper(RUN_TAG, epochUs);
			const task = decodeTask(encodeTask(taskOf(0)));
			return {
				run() {
					for (let sequence = 0; sequence < iterations; sequence++) {
						const atUs = epochUs + sequence;
						recorder.begun(0, sequence, atUs, atUs, stampBytes);
						recorder.enqueued(0, sequence, atUs, atUs + 300);
						recorder.taken();
						recorder.settled({
							task: { ...task, metadata: stamper.stamp(0, sequence, atUs, atUs, CREATED_AT).toString() },
							polledAtUs: atUs + 400,
							dequeuedAtUs: atUs + 700,
							startedAtUs: atUs + 710,
							handledAtUs: atUs + 715,
							handlerNs: 5_000,
							settledAtUs: atUs + 900,
							outcome: "completed",
						});
						recorder.released();
					}
				},
			};
		},
	},
	{
		// A histogram of 10,000 values to its bytes on the wire.
		name: "Encode",
		prepare(iterations) {
			const recorder = filledRecorder(0);
			return {
				run() {
					for (let number = 0; number < iterations; number++) recorder.encode();
				},
			};
		},
	},
	{
		// Such bytes read and added to what is there, as the coordinator does for each agent.
		name: "Merge",
		prepare(iterations) {
			const encoded = [0, 1, 2, 3].map((agent) => filledRecorder(agent).encode());
			const sum = Distribution.empty("us");
			return {
				run() {
					for (let number = 0; number < iterations; number++) {
						const one = encoded[number % encoded.length];
						if (one) sum.add(Distribution.decode(one));
					}
				},
			};
		},
	},
];

const HISTOGRAM_VALUES = 10_000;

/** Values between 0.2 and some 100 ms, as responses are: many small, few large. */
function filledRecorder(agent: number): StageRecorder {
	const recorder = new StageRecorder(Stage.RESPONSE_TIME);
	for (let number = 0; number < HISTOGRAM_VALUES; number++) {
		const share = (number + (agent + 1) / 8) / HISTOGRAM_VALUES;
		recorder.record(200 - 12_000 * Math.log(1 - share));
	}
	return recorder;
}
