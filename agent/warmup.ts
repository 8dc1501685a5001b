import { Measurements } from "../proto/gen/measurement.js";
import { Engine, ProducerShare, type Slice, type TaskShape, type Window } from "../proto/gen/slice.js";
import { makeProfile, type Profile } from "../proto/profile.js";
import { ResourceMeter } from "../proto/resources.js";
import { longestPayload, payloadMaker } from "./load/payload.js";
import { taskMaker } from "./load/taskMaker.js";
import { nowUs } from "./measure/clock.js";
import { Recorder } from "./measure/recorder.js";
import { Stamper, stampBytes } from "./measure/stamp.js";
import { CommandBuffer } from "./spool/commandBuffer.js";
import type { FusedKeys } from "./spool/fusedCompleted.js";
import { writeTurn } from "./spool/fusedTurn.js";
import { WallClock } from "./spool/gotime.js";
import { Piece } from "./spool/piece.js";
import { PlainTask } from "./spool/plainTask.js";
import { RawText, TaskReader } from "./spool/storedTask.js";
import { decodeTask, encodeTask, type Task } from "./spool/task.js";
import type { Attempt } from "./work/attempt.js";
import { Consumer } from "./work/fusedConsumer.js";
import { settle } from "./work/fusedSettlement.js";
import { InHand } from "./work/inHand.js";

const ROUNDS = 512;
const FUSED_ROUNDS = 4_096;
const ROUNDS_A_TURN = 64;
const SHARE: ProducerShare = ProducerShare.create({ index: 0, firstTask: 0, tasks: 0 });
/** Tasks pretend to be sent over three seconds, so that there are some before the measured window, in it, and behind it. */
const PRETENDED_US = 3_000_000;
const WINDOW: Window = { fromMs: 1_000, toMs: 2_000 };
/** So many seconds are told of. */
const DELTAS = 8;
const TURN_OPTIONS = { leaseMs: 1, sorts: true };
const NO_KEYS: FusedKeys = {
	prefix: "",
	task: Piece.of("task:"),
	storedTask: Piece.of("store:task:"),
	storedResult: Piece.of("store:result:"),
	completedIndex: "index:state:completed",
};

/**
 * Runs the code of the hot path until it is compiled (and the histograms' WebAssembly with it), so that the first tasks of a
 * run do not pay for it: those of the measured window no more than the others, since V8 throws compiled code away when it gets
 * to a branch that was never taken. Sends nothing; what it records is thrown away.
 */
export async function warmUp(slice: Pick<Slice, "runTag" | "engine" | "load">, shape: TaskShape): Promise<void> {
	const { runTag, engine, load } = slice;
	const isFused = engine === Engine.FUSED;
	const rounds = isFused ? FUSED_ROUNDS : ROUNDS;
	const epochUs = nowUs();
	const recorder = new Recorder({ runTag, epochUs, producers: [SHARE.index], window: WINDOW });
	const wall = new WallClock();
	const parts = {
		runTag,
		shape,
		payload: payloadMaker(longestPayload(shape)),
		stamper: new Stamper(runTag, epochUs),
		wall,
	};
	const makeTask = taskMaker(parts, SHARE);
	const heldBack = load?.kind?.$case === "open" ? false : undefined;
	const send = (sequence: number): Sent => {
		const intendedAtUs = epochUs + (sequence / rounds) * PRETENDED_US;
		const sentAtUs = intendedAtUs + waitUs(sequence);
		const task = makeTask(sequence, intendedAtUs, sentAtUs);
		recorder.begun(SHARE.index, sequence, intendedAtUs, sentAtUs, stampBytes, heldBack);
		recorder.enqueued(SHARE.index, sequence, sentAtUs, sentAtUs + waitUs(sequence), intendedAtUs);
		return { task, sentAtUs };
	};
	if (load?.kind?.$case === "open") walk(makeProfile(load.kind.value.profile), rounds);
	const exchange = isFused ? fusedExchange(wall) : classicExchange;
	const meter = new ResourceMeter();
	for (let from = 0; from < rounds; from += ROUNDS_A_TURN) {
		const sent = Array.from({ length: ROUNDS_A_TURN }, (_, offset) => send(from + offset));
		for (const attempt of exchange(sent)) {
			JSON.parse(attempt.task.payload);
			recorder.settled(attempt);
		}
		await new Promise((resolve) => setImmediate(resolve));
		if (from % (rounds / DELTAS) === 0) Measurements.encode(await recorder.takeDelta(meter.read())).finish();
	}
}

interface Sent {
	readonly task: Task;
	readonly sentAtUs: number;
}

/** From 100 µs to 1.1 ms, as evenly spread as a multiplier without a common divisor does it. */
function waitUs(sequence: number): number {
	return 100.5 + ((sequence * 617) % 1_000);
}

/** Asks for the times of arrivals in all of the profile's segments. */
function walk(profile: Profile, rounds: number): void {
	for (let round = 0; round < rounds; round++) profile.timeOf(((round + 0.5) / rounds) * profile.arrivals);
}

function classicExchange(sent: readonly Sent[]): Attempt[] {
	return sent.map(({ task, sentAtUs }) => ({
		task: decodeTask(encodeTask(task)),
		polledAtUs: sentAtUs + 10.5,
		dequeuedAtUs: sentAtUs + 210.5,
		startedAtUs: sentAtUs + 220.5,
		handledAtUs: sentAtUs + 225.5,
		handlerNs: 5_000.5,
		settledAtUs: sentAtUs + 500.5,
		outcome: "completed",
	}));
}

/** What becomes of tasks on their way to Redis and back, and of what is stored of them. */
function fusedExchange(wall: WallClock): (sent: readonly Sent[]) => Attempt[] {
	const buffer = new CommandBuffer();
	const reader = new TaskReader();
	const consumer = new Consumer("");
	const done = { kind: "done", output: "null" } as const;
	return (sent) => {
		// As they come from Redis: to V8 a text that was put together is another kind of text.
		const ids = JSON.parse(JSON.stringify(sent.map(({ task }) => task.id))) as string[];
		const ticket = consumer.ticket("1:1", ids);
		const all = sent.map(({ task, sentAtUs }, place) => {
			buffer.begin(2);
			if (task instanceof PlainTask) task.addTo(buffer, NO_KEYS.task);
			else buffer.add(encodeTask(task));
			const written = Buffer.from(buffer.written);
			const from = written.indexOf("{");
			const read = reader.read(new RawText(written, from, written.length - 2), ids[place] ?? "");
			const held = new InHand(ticket, place, read.priority, read, sentAtUs + 10.5, sentAtUs + 210.5);
			held.startedAtUs = sentAtUs + 220.5;
			held.handledAtUs = sentAtUs + 225.5;
			held.handlerNs = 5_000.5;
			held.settledAtUs = sentAtUs + 500.5;
			const { settlement, outcome } = settle(held, wall.now().rfc3339, done, wall.now());
			held.handled(settlement, outcome);
			return held;
		});
		const settlements = all.map(({ settlement }) => settlement);
		buffer.begin(1);
		writeTurn(buffer, "", NO_KEYS, { consumer: "", number: 1, settlements, tickets: [], most: 0 }, TURN_OPTIONS);
		return all;
	};
}
