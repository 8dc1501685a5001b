import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Measurements, Outcome, Resources, Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { LedgerPages } from "../../proto/ledger.js";
import { addSeconds, decodeSecond } from "../../proto/responseSecond.js";
import { makeTaskId } from "../../proto/taskid.js";
import { newTask } from "../spool/task.js";
import type { Attempt, AttemptOutcome } from "../work/attempt.js";
import { Recorder } from "./recorder.js";
import { Stamper, stampBytes } from "./stamp.js";

const RUN = 0x0badcafe;
const EPOCH_US = 5_000_000;
const stamper = new Stamper(RUN, EPOCH_US);

function recorderOf(producers: readonly number[] = [0, 1]): Recorder {
	return new Recorder({ runTag: RUN, epochUs: EPOCH_US, producers });
}

/** A task that was meant to be sent at `atUs` since the epoch, was sent 10 µs later, and dequeued 1 ms after that. */
function attempt(producer: number, sequence: number, atUs: number, outcome: AttemptOutcome, change = {}): Attempt {
	const at = EPOCH_US + atUs;
	const createdAt = "2026-11-23T03:04:38Z";
	const metadata = stamper.stamp(producer, sequence, at, at + 10, createdAt).toString();
	const id = makeTaskId(RUN, producer, sequence);
	return {
		task: { ...newTask({ id, type: "t", payload: "{}", createdAt, metadata }) },
		polledAtUs: at + 800,
		dequeuedAtUs: at + 1_010,
		startedAtUs: at + 1_200,
		handledAtUs: at + 1_500,
		handlerNs: 250_000,
		settledAtUs: at + 1_750,
		outcome,
		...change,
	};
}

/** A producer's part: sent 10 µs late, acknowledged 300 µs after sending. */
function send(recorder: Recorder, producer: number, sequence: number, atUs: number): void {
	const at = EPOCH_US + atUs;
	recorder.begun(producer, sequence, at, at + 10, stampBytes);
	recorder.enqueued(producer, sequence, at + 10, at + 310);
}

function work(recorder: Recorder, one: Attempt): void {
	recorder.polled(true);
	recorder.taken();
	recorder.settled(one);
	recorder.released();
}

const NO_RESOURCES = Resources.create();

function stages(measurements: Measurements): Record<string, [count: number, min: number, max: number]> {
	return Object.fromEntries(
		measurements.stages.map((encoded) => {
			const { count, min, max } = Distribution.decode(encoded);
			return [Stage[encoded.stage], [count, min, max]];
		}),
	);
}

function ledgerOf({ ledger }: Measurements): LedgerPages {
	const pages = new LedgerPages();
	pages.or(ledger);
	return pages;
}

describe("a recorder", () => {
	test("records every stage of a task, from its stamp and its attempt", () => {
		const recorder = recorderOf();
		send(recorder, 1, 0, 500_000);
		work(recorder, attempt(1, 0, 500_000, "completed"));
		const result = recorder.result(NO_RESOURCES);
		expect(stages(result)).toEqual({
			RESPONSE_TIME: [1, 1_750, 1_750],
			UNCORRECTED_RESPONSE_TIME: [1, 1_740, 1_740],
			SEND_LAG: [1, 10, 10],
			ENQUEUE_TIME: [1, 300, 300],
			QUEUE_WAIT: [1, 700, 700],
			DEQUEUE_TIME: [1, 210, 210],
			SERVICE_TIME: [1, 250_000, 250_000],
			ACK_TIME: [1, 250, 250],
		});
		expect(result.counters).toMatchObject({ sent: 1, enqueued: 1, dequeued: 1, completed: 1, polls: 1, emptyPolls: 0 });
		expect(result.counters?.metadataBytes).toBe(stampBytes);
		expect(result.producers).toEqual([
			{ producer: 0, issued: 0 },
			{ producer: 1, issued: 1 },
		]);
		expect(result.span).toEqual({
			firstSentAtUs: 500_010,
			lastSentAtUs: 500_010,
			lastEnqueuedAtUs: 500_310,
			firstCompletedAtUs: 501_750,
			lastCompletedAtUs: 501_750,
			startLatenessUs: 0,
			sendingEndedAtUs: -1,
		});
		expect(result.series).toEqual([{ index: 2, sent: 1, enqueued: 1, completed: 1, failed: 0 }]);
		expect(ledgerOf(result).has(1, Outcome.COMPLETED, 0)).toBe(true);
	});

	test("knows the response time of tasks that another agent sent, but not their wait", () => {
		const recorder = recorderOf([0]);
		work(recorder, attempt(7, 3, 0, "completed"));
		expect(Object.keys(stages(recorder.result(NO_RESOURCES)))).toEqual([
			"RESPONSE_TIME",
			"UNCORRECTED_RESPONSE_TIME",
			"DEQUEUE_TIME",
			"SERVICE_TIME",
			"ACK_TIME",
		]);
	});

	test("a task dequeued before its producer had the acknowledgement waited 0", () => {
		const recorder = recorderOf();
		const at = EPOCH_US;
		recorder.begun(0, 0, at, at, stampBytes);
		work(recorder, attempt(0, 0, 0, "completed"));
		recorder.enqueued(0, 0, at, at + 2_000);
		send(recorder, 0, 1, 0);
		work(recorder, attempt(0, 1, 0, "completed", { dequeuedAtUs: at + 300, polledAtUs: at + 200 }));
		expect(stages(recorder.result(NO_RESOURCES)).QUEUE_WAIT).toEqual([2, 0, 0]);
		const [wait] = recorder.result(NO_RESOURCES).stages.filter(({ stage }) => stage === Stage.QUEUE_WAIT);
		expect(wait?.negative).toBe(0);
	});

	test("a retried task's wait is that of its first attempt alone", () => {
		const recorder = recorderOf();
		send(recorder, 0, 0, 0);
		work(recorder, attempt(0, 0, 0, "retried"));
		const second = attempt(0, 0, 0, "completed", { dequeuedAtUs: EPOCH_US + 2e6, settledAtUs: EPOCH_US + 2_100_000 });
		work(recorder, { ...second, task: { ...second.task, retryCount: 1 } });
		const result = recorder.result(NO_RESOURCES);
		expect(stages(result)).toMatchObject({ QUEUE_WAIT: [1, 700, 700], RESPONSE_TIME: [1, 2_100_000, 2_100_000] });
		expect(result.counters).toMatchObject({ retried: 1, failedAttempts: 1, completed: 1, dequeued: 2 });
	});

	test("a second settlement, of either kind, is a duplicate and nothing else", () => {
		const recorder = recorderOf();
		let settled = 0;
		recorder.onSettled = () => settled++;
		work(recorder, attempt(0, 0, 0, "completed"));
		work(recorder, attempt(0, 0, 0, "completed"));
		work(recorder, attempt(0, 0, 0, "deadLettered"));
		work(recorder, attempt(0, 1, 0, "deadLettered"));
		work(recorder, attempt(0, 1, 0, "completed"));
		const result = recorder.result(NO_RESOURCES);
		expect(result.counters).toMatchObject({ completed: 3, deadLettered: 2, duplicates: 3 });
		expect(settled).toBe(2);
		expect(stages(result).RESPONSE_TIME?.[0]).toBe(1);
		expect(result.series).toEqual([{ index: 0, sent: 0, enqueued: 0, completed: 1, failed: 1 }]);
		expect(ledgerOf(result).popcount(Outcome.COMPLETED)).toBe(1);
		expect(ledgerOf(result).popcount(Outcome.DEAD_LETTERED)).toBe(1);
	});

	test("a task that this run did not issue is foreign and nothing else", () => {
		const recorder = recorderOf();
		const own = attempt(0, 0, 0, "completed");
		const other = new Stamper(RUN + 1, EPOCH_US).stamp(0, 0, EPOCH_US, EPOCH_US, "").toString();
		work(recorder, { ...own, task: { ...own.task, metadata: other } });
		const { metadata: _, ...bare } = own.task;
		work(recorder, { ...own, task: bare });
		const result = recorder.result(NO_RESOURCES);
		expect(result.counters).toMatchObject({ foreign: 2, dequeued: 2, completed: 0, duplicates: 0 });
		expect(result).toMatchObject({ stages: [], series: [], ledger: [] });
	});

	test("refusals are told apart, by task and by kind", () => {
		const recorder = recorderOf();
		for (const sequence of [0, 1, 2]) recorder.begun(0, sequence, EPOCH_US, EPOCH_US, stampBytes);
		recorder.refused(0, 0, "rejected", "OOM", EPOCH_US);
		recorder.refused(0, 1, "unknown", "connection lost", EPOCH_US);
		recorder.refused(0, 2, "rejected", "OOM", EPOCH_US);
		recorder.failed(new Error("READONLY You can't write against a read only replica."), undefined);
		const result = recorder.result(NO_RESOURCES);
		expect(result.counters).toMatchObject({ sent: 3, rejected: 2, unknown: 1, workerErrors: 1 });
		expect(result.errors.get("enqueue: OOM")).toBe(2);
		expect(result.errors.get("enqueue: connection lost")).toBe(1);
		expect([...result.errors.values()].reduce((sum, count) => sum + count)).toBe(4);
		const ledger = ledgerOf(result);
		expect([0, 1, 2].map((sequence) => ledger.has(0, Outcome.REJECTED, sequence))).toEqual([true, false, true]);
		expect(ledger.has(0, Outcome.UNKNOWN, 1)).toBe(true);
	});

	test("kinds of errors are bounded, and none is dropped", () => {
		const recorder = recorderOf();
		for (let sequence = 0; sequence < 500; sequence++)
			recorder.refused(0, sequence, "unknown", `kind ${sequence}`, EPOCH_US);
		const { errors } = recorder.result(NO_RESOURCES);
		expect(errors.size).toBe(101);
		expect(errors.get("other")).toBe(400);
	});

	test("the most tasks in flight, with those whose worker sleeps before a retry", async () => {
		const recorder = recorderOf();
		for (let task = 0; task < 3; task++) recorder.taken();
		recorder.released();
		recorder.polled(false);
		expect(recorder.inFlight).toBe(2);
		const { resources, counters } = await recorder.takeDelta({ ...NO_RESOURCES, wallUs: 7 });
		expect(resources).toMatchObject({ maxInFlight: 3, wallUs: 7 });
		expect(counters).toMatchObject({ polls: 1, emptyPolls: 1, dequeued: 3 });
	});

	test("the most enqueues without an answer", () => {
		const recorder = recorderOf();
		for (let sequence = 0; sequence < 3; sequence++) recorder.begun(0, sequence, EPOCH_US, EPOCH_US, stampBytes);
		recorder.enqueued(0, 1, EPOCH_US, EPOCH_US);
		recorder.refused(0, 0, "unknown", "no answer", EPOCH_US);
		for (const sequence of [3, 4]) recorder.begun(0, sequence, EPOCH_US, EPOCH_US, stampBytes);
		expect(recorder.result(NO_RESOURCES).resources?.maxUnacknowledged).toBe(3);
	});

	test("an acknowledgement that was overwritten is unknown, not wrong", () => {
		const recorder = recorderOf([0]);
		for (let sequence = 0; sequence <= 2 ** 19; sequence++) {
			recorder.enqueued(0, sequence, EPOCH_US + 10, EPOCH_US + 10 + sequence);
		}
		work(recorder, attempt(0, 0, 0, "completed"));
		expect(stages(recorder.result(NO_RESOURCES)).QUEUE_WAIT).toBeUndefined();
		work(recorder, attempt(0, 1, 0, "completed"));
		expect(stages(recorder.result(NO_RESOURCES)).QUEUE_WAIT).toEqual([1, 999, 999]);
	});
});

type Step = {
	readonly kind: AttemptOutcome | "send" | "reject" | "delta";
	readonly task: number;
	readonly atUs: number;
};
const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.record({
		kind: fc.constantFrom<Step["kind"]>("send", "reject", "completed", "deadLettered", "retried", "delta"),
		task: fc.nat({ max: 20 }),
		atUs: fc.nat({ max: 3_000_000 }),
	}),
	{ maxLength: 80 },
);

test("the deltas together are the result", async () => {
	await fc.assert(
		fc.asyncProperty(steps, async (all) => {
			const recorder = recorderOf();
			const deltas: Measurements[] = [];
			const issued = new Map([
				[0, 0],
				[1, 0],
			]);
			for (const { kind, task, atUs } of all) {
				const producer = task % 2;
				const next = issued.get(producer) ?? 0;
				if (kind === "delta") deltas.push(await recorder.takeDelta(NO_RESOURCES));
				else if (kind === "send") send(recorder, producer, next, atUs);
				else if (kind === "reject") {
					recorder.begun(producer, next, EPOCH_US + atUs, EPOCH_US + atUs, stampBytes);
					recorder.refused(producer, next, "rejected", `kind ${task}`, EPOCH_US);
				} else work(recorder, attempt(producer, task, atUs, kind));
				if (kind === "send" || kind === "reject") issued.set(producer, next + 1);
			}
			deltas.push(await recorder.takeDelta(NO_RESOURCES));
			const result = recorder.result(NO_RESOURCES);
			const last = deltas.at(-1);

			const counters = Object.entries(result.counters ?? {});
			for (const [name, total] of counters) {
				const parts = deltas.map(
					(delta) => Object.entries(delta.counters ?? {}).find(([other]) => other === name)?.[1] ?? 0,
				);
				expect([name, parts.reduce((sum, part) => sum + part, 0)]).toEqual([name, total]);
			}
			const stagesTold = new Set(deltas.flatMap((delta) => delta.stages.map(({ stage }) => stage)));
			expect(new Set(result.stages.map(({ stage }) => stage))).toEqual(stagesTold);
			for (const encoded of result.stages) {
				const whole = Distribution.decode(encoded);
				const sum = Distribution.empty(whole.unit);
				for (const delta of deltas) {
					for (const part of delta.stages) if (part.stage === encoded.stage) sum.add(Distribution.decode(part));
				}
				expect([...sum.buckets()]).toEqual([...whole.buckets()]);
				expect([sum.count, sum.min, sum.max]).toEqual([whole.count, whole.min, whole.max]);
			}
			for (const slot of result.series) {
				const parts = deltas.flatMap(({ series }) => series.filter(({ index }) => index === slot.index));
				for (const name of ["sent", "enqueued", "completed", "failed"] as const) {
					expect(parts.reduce((sum, part) => sum + part[name], 0)).toBe(slot[name]);
				}
			}
			const secondsTold = deltas.flatMap(({ responseSeries }) => responseSeries.map(decodeSecond));
			for (const second of result.responseSeries.map(decodeSecond)) {
				expect(secondsTold.filter(({ index }) => index === second.index).reduce(addSeconds)).toEqual(second);
			}
			for (const [kind, count] of result.errors) {
				expect(deltas.reduce((sum, { errors }) => sum + (errors.get(kind) ?? 0), 0)).toBe(count);
			}
			const merged = ledgerOf({ ...result, ledger: deltas.flatMap(({ ledger }) => ledger) });
			for (const outcome of [Outcome.COMPLETED, Outcome.DEAD_LETTERED, Outcome.REJECTED]) {
				expect(merged.popcount(outcome)).toBe(ledgerOf(result).popcount(outcome));
			}
			expect(last?.span).toEqual(result.span);
			expect(last?.producers).toEqual(result.producers);
		}),
	);
});
