import { Measurements } from "../proto/gen/measurement.js";
import { Engine, ProducerShare, type Slice, type TaskShape } from "../proto/gen/slice.js";
import { ResourceMeter } from "../proto/resources.js";
import { longestPayload, payloadMaker } from "./load/payload.js";
import { taskMaker } from "./load/taskMaker.js";
import { nowUs } from "./measure/clock.js";
import { Recorder } from "./measure/recorder.js";
import { Stamper, stampBytes } from "./measure/stamp.js";
import { CommandBuffer } from "./spool/commandBuffer.js";
import type { FusedKeys } from "./spool/fusedCompleted.js";
import { type Settlement, writeTurn } from "./spool/fusedTurn.js";
import { WallClock } from "./spool/gotime.js";
import { Piece } from "./spool/piece.js";
import { PlainTask } from "./spool/plainTask.js";
import { RawText, TaskReader } from "./spool/storedTask.js";
import { decodeTask, encodeTask, type Task } from "./spool/task.js";
import { settle } from "./work/fusedSettlement.js";

const ROUNDS = 512;
const FUSED_ROUNDS = 4_096;
const ROUNDS_A_TURN = 64;
const SHARE: ProducerShare = ProducerShare.create({ index: 0, firstTask: 0, tasks: 0 });
const NO_KEYS: FusedKeys = {
	prefix: "",
	task: Piece.of("task:"),
	storedTask: Piece.of("store:task:"),
	storedResult: Piece.of("store:result:"),
	completedIndex: "index:state:completed",
};

/**
 * Runs the code of the hot path until it is compiled (and the histograms' WebAssembly with it), so that the first tasks of a
 * run do not pay for it. Sends nothing; what it records is thrown away.
 */
export async function warmUp({ runTag, engine }: Pick<Slice, "runTag" | "engine">, shape: TaskShape): Promise<void> {
	const epochUs = nowUs();
	const recorder = new Recorder({ runTag, epochUs, producers: [SHARE.index] });
	const wall = new WallClock();
	const parts = {
		runTag,
		shape,
		payload: payloadMaker(longestPayload(shape)),
		stamper: new Stamper(runTag, epochUs),
		wall,
	};
	const makeTask = taskMaker(parts, SHARE);
	const send = (sequence: number): Task => {
		const atUs = nowUs();
		const task = makeTask(sequence, atUs, atUs);
		recorder.begun(SHARE.index, sequence, atUs, atUs, stampBytes);
		recorder.enqueued(SHARE.index, sequence, atUs, nowUs());
		return task;
	};
	const receive = (task: Task) => {
		JSON.parse(task.payload);
		recorder.settled(attempt(task, nowUs()));
	};
	const isFused = engine === Engine.FUSED;
	const fused = isFused ? fusedRound(wall) : undefined;
	const rounds = isFused ? FUSED_ROUNDS : ROUNDS;
	for (let from = 0; from < rounds; from += ROUNDS_A_TURN) {
		const tasks = Array.from({ length: ROUNDS_A_TURN }, (_, offset) => send(from + offset));
		for (const task of fused?.(tasks) ?? tasks.map((each) => decodeTask(encodeTask(each)))) receive(task);
		await new Promise((resolve) => setImmediate(resolve));
	}
	Measurements.encode(await recorder.takeDelta(new ResourceMeter().read())).finish();
}

/** What becomes of tasks on their way to Redis and back, and of what is stored of them. */
function fusedRound(wall: WallClock): (tasks: readonly Task[]) => Task[] {
	const buffer = new CommandBuffer();
	const reader = new TaskReader();
	const handled = { kind: "done", output: "null" } as const;
	return (tasks) => {
		// As they come from Redis: to V8 a text that was put together is another kind of text.
		const ids = JSON.parse(JSON.stringify(tasks.map(({ id }) => id))) as string[];
		const read = tasks.map((task, at) => {
			buffer.begin(2);
			if (task instanceof PlainTask) task.addTo(buffer, NO_KEYS.task);
			else buffer.add(encodeTask(task));
			const written = Buffer.from(buffer.written);
			const from = written.indexOf("{");
			return reader.read(new RawText(written, from, written.length - 2), ids[at] ?? "");
		});
		const settlements: Settlement[] = read.map((task) => {
			const held = { task, handlerNs: 1_234.5, priority: task.priority };
			return settle(held, wall.now().rfc3339, handled, wall.now()).settlement;
		});
		const turn = { consumer: "", number: 1, settlements, tickets: [], most: 0 };
		buffer.begin(1);
		writeTurn(buffer, "", NO_KEYS, turn, { leaseMs: 1, sorts: true });
		return read;
	};
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
