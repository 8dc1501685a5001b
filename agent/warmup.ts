import { Measurements } from "../proto/gen/measurement.js";
import type { TaskShape } from "../proto/gen/slice.js";
import { ResourceMeter } from "../proto/resources.js";
import { makeTaskId } from "../proto/taskid.js";
import { longestPayload, payloadMaker } from "./load/payload.js";
import { nowUs } from "./measure/clock.js";
import { Recorder } from "./measure/recorder.js";
import { makeStamper, stampBytes } from "./measure/stamp.js";
import { decodeTask, encodeTask, newTask, type Task } from "./spool/task.js";

const ROUNDS = 500;
const ROUNDS_A_TURN = 100;

/**
 * Runs the code of the hot path until it is compiled (and the histograms' WebAssembly with it), so that the first tasks of a
 * run do not pay for it. Sends nothing; what it records is thrown away.
 */
export async function warmUp(runTag: number, shape: TaskShape): Promise<void> {
	const epochUs = nowUs();
	const recorder = new Recorder({ runTag, epochUs, producers: [0] });
	const stamper = makeStamper(runTag, epochUs);
	const payload = payloadMaker(longestPayload(shape));
	for (let sequence = 0; sequence < ROUNDS; sequence++) {
		const atUs = nowUs();
		const createdAt = new Date().toISOString();
		const metadata = stamper.metadata(0, sequence, atUs, atUs, createdAt);
		const id = makeTaskId(runTag, 0, sequence);
		recorder.begun(0, sequence, atUs, atUs, stampBytes);
		const json = encodeTask(newTask({ id, type: shape.type, payload: payload(sequence), createdAt, metadata }));
		recorder.enqueued(0, sequence, atUs, nowUs());
		const task = decodeTask(json);
		JSON.parse(task.payload);
		recorder.settled(attempt(task, atUs));
		if (sequence % ROUNDS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	Measurements.encode(await recorder.takeDelta(new ResourceMeter().read())).finish();
	recorder.close();
}

function attempt(task: Task, polledAtUs: number): Parameters<Recorder["settled"]>[0] {
	const atUs = nowUs();
	return {
		task,
		polledAtUs,
		dequeuedAtUs: atUs,
		startedAtUs: atUs,
		handledAtUs: atUs,
		handlerNs: 0,
		settledAtUs: atUs,
		outcome: "completed",
	};
}
