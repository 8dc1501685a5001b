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

/** How often it is looked whether a task that is to be done twice was done once. */
const LOOK_MS = 20;

/** An engine that loses the planted tasks, and sends the others again when they have been done. */
export async function unreliableEngine(engine: Engine, faults: Faults, parts: EngineParts): Promise<Engine> {
	if (faults.lose.length + faults.repeat.length === 0) return engine;
	const idsOf = (tasks: readonly TaskNumber[]) =>
		new Set(tasks.map(({ producer, sequence }) => makeTaskId(parts.slice.runTag, producer, sequence)));
	const lost = idsOf(faults.lose);
	const repeated = idsOf(faults.repeat);
	const redis = await parts.open("faults");
	const keys = new SpoolKeys(parts.keyPrefix);
	const abandoned = new AbortController();
	const sendAgain = async (task: Task) => {
		try {
			while ((await redis.exists(keys.storedResult(task.id))) === 0) {
				await sleep(LOOK_MS, undefined, { signal: abandoned.signal });
			}
			await engine.enqueue(task);
		} catch (error) {
			if (!abandoned.signal.aborted) parts.onNotice(`${task.id} was to be sent again: ${(error as Error).message}`);
		}
	};
	return {
		get owed() {
			return engine.owed;
		},
		async enqueue(task) {
			await engine.enqueue(task);
			if (repeated.has(task.id)) void sendAgain(task);
			if (lost.has(task.id) && !(await lose(redis, keys, task))) {
				parts.onNotice(`${task.id} was to be lost, and a worker was faster`);
			}
		},
		work: (shift) => engine.work(shift),
		abandon() {
			abandoned.abort();
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

	override async takeDelta(resources: Resources): Promise<Measurements> {
		return falsified(await super.takeDelta(resources), this.sabotage);
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
			return { ...measured, ledger: withoutOneEntry(measured.ledger) };
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

/** The first completed task that a ledger knows of is left out. */
function withoutOneEntry(ledger: readonly LedgerPage[]): LedgerPage[] {
	const first = ledger.find(({ outcome }) => outcome === Outcome.COMPLETED);
	return ledger.map((page) => (page === first ? withoutFirstBit(page) : page));
}

function withoutFirstBit(page: LedgerPage): LedgerPage {
	const bits = Buffer.from(page.bits);
	const at = bits.findIndex((byte) => byte !== 0);
	// byte & (byte - 1) is the byte without its lowest bit.
	if (at >= 0) bits[at] = (bits[at] as number) & ((bits[at] as number) - 1);
	return { ...page, bits };
}
