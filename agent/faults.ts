import { setTimeout as sleep } from "node:timers/promises";
import {
	type ClockSync,
	type LedgerPage,
	type Measurements,
	Outcome,
	type Resources,
	Stage,
} from "../proto/gen/measurement.js";
import { type Faults, Sabotage, type TaskNumber } from "../proto/gen/slice.js";
import { makeTaskId } from "../proto/taskid.js";
import type { Engine, EngineParts } from "./engine.js";
import { Recorder, type RecorderOptions } from "./measure/recorder.js";
import type { Redis } from "./spool/connection.js";
import { SpoolKeys } from "./spool/keys.js";
import type { Task } from "./spool/task.js";

/*
 * What the self-test plants. Every part of it wraps what a run is made of when the run is prepared, so that a run without
 * faults has no trace of it in its way.
 */

/** The clock comparison, off by what is planted. */
export function misreadClock(clock: ClockSync, faults: Faults | undefined): ClockSync {
	return faults ? { ...clock, offsetUs: clock.offsetUs + faults.clockOffsetUs } : clock;
}

/** Lets this process stand still at the time planted, if any. */
export async function standStill(faults: Faults, sinceEpochUs: () => number, signal: AbortSignal): Promise<void> {
	const { stallAtMs, stallForMs } = faults;
	if (stallForMs <= 0) return;
	await sleep(Math.max(0, stallAtMs - sinceEpochUs() / 1_000), undefined, { signal }).catch(() => {});
	if (signal.aborted) return;
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallForMs);
}

/** An engine that loses the planted tasks and sends the others twice. */
export async function unreliableEngine(engine: Engine, faults: Faults, parts: EngineParts): Promise<Engine> {
	if (faults.lose.length + faults.repeat.length === 0) return engine;
	const idsOf = (tasks: readonly TaskNumber[]) =>
		new Set(tasks.map(({ producer, sequence }) => makeTaskId(parts.slice.runTag, producer, sequence)));
	const lost = idsOf(faults.lose);
	const repeated = idsOf(faults.repeat);
	const redis = await parts.open("faults");
	const keys = new SpoolKeys(parts.keyPrefix);
	return {
		get owed() {
			return engine.owed;
		},
		async enqueue(task) {
			await engine.enqueue(task);
			if (repeated.has(task.id)) await engine.enqueue(task);
			if (lost.has(task.id) && !(await lose(redis, keys, task))) {
				parts.onNotice(`${task.id} was to be lost, and a worker was faster`);
			}
		},
		work: (shift) => engine.work(shift),
		abandon() {
			engine.abandon();
			redis.disconnect();
		},
	};
}

/** @returns whether it was still in its queue */
async function lose(redis: Redis, keys: SpoolKeys, { id, priority }: Task): Promise<boolean> {
	const taken = await redis.lrem(keys.queues[priority], -1, id);
	if (taken === 0) return false;
	await redis.del(keys.task(id), keys.storedTask(id));
	return true;
}

/** Makes a recorder, or one that hands in what it measured wrongly. */
export function recorderMaker(faults: Faults | undefined): (options: RecorderOptions) => Recorder {
	const sabotage = faults?.sabotage ?? Sabotage.UNSPECIFIED;
	if (sabotage === Sabotage.UNSPECIFIED) return (options) => new Recorder(options);
	return (options) => new SabotagedRecorder(options, sabotage);
}

class SabotagedRecorder extends Recorder {
	constructor(
		options: RecorderOptions,
		private readonly sabotage: Sabotage,
	) {
		super(options);
	}

	override takeDelta(resources: Resources): Measurements {
		return falsified(super.takeDelta(resources), this.sabotage);
	}

	override result(resources: Resources): Measurements {
		return falsified(super.result(resources), this.sabotage);
	}
}

function falsified(measured: Measurements, sabotage: Sabotage): Measurements {
	switch (sabotage) {
		case Sabotage.SENT_TIME:
			return { ...measured, stages: measured.stages.flatMap((each) => fromSending(each, measured.stages)) };
		case Sabotage.SKIPPED_ENTRY:
			return { ...measured, ledger: measured.ledger.map((page) => (isFirst(page) ? without(page, 0) : page)) };
		default:
			return measured;
	}
}

/** In place of the response times those from the moment of sending. */
function fromSending(each: Measurements["stages"][number], all: Measurements["stages"]): Measurements["stages"] {
	if (each.stage !== Stage.RESPONSE_TIME) return [each];
	const uncorrected = all.find(({ stage }) => stage === Stage.UNCORRECTED_RESPONSE_TIME);
	return uncorrected ? [{ ...uncorrected, stage: Stage.RESPONSE_TIME }] : [];
}

function isFirst({ producer, page, outcome }: LedgerPage): boolean {
	return producer === 0 && page === 0 && outcome === Outcome.COMPLETED;
}

function without(page: LedgerPage, bit: number): LedgerPage {
	const bits = Uint8Array.from(page.bits);
	bits[bit >>> 3] = (bits[bit >>> 3] as number) & ~(1 << (bit & 7));
	return { ...page, bits: Buffer.from(bits) };
}
