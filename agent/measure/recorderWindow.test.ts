import { expect, test } from "vitest";
import { type Measurements, Resources, Stage } from "../../proto/gen/measurement.js";
import type { Window } from "../../proto/gen/slice.js";
import { Distribution } from "../../proto/histogram.js";
import { makeTaskId } from "../../proto/taskid.js";
import { newTask } from "../spool/task.js";
import { Recorder } from "./recorder.js";
import { Stamper, stampBytes } from "./stamp.js";

const RUN = 0x0badcafe;
const EPOCH_US = 7_000_000.25;
const stamper = new Stamper(RUN, EPOCH_US);
const CREATED_AT = "2026-11-23T03:04:38Z";

function recorderOf(window?: Window): Recorder {
	return new Recorder({ runTag: RUN, epochUs: EPOCH_US, producers: [0], window });
}

interface Times {
	/** µs since the epoch. */
	readonly intendedUs: number;
	readonly sentUs: number;
	readonly completedUs: number;
}

/** A task's whole life, with a millisecond of service at its end. */
function live(
	recorder: Recorder,
	sequence: number,
	{ intendedUs, sentUs, completedUs }: Times,
	heldBack = false,
): void {
	const [intended, sent, completed] = [intendedUs, sentUs, completedUs].map((atUs) => EPOCH_US + atUs) as [
		number,
		number,
		number,
	];
	recorder.due(1);
	recorder.begun(0, sequence, intended, sent, stampBytes, heldBack);
	recorder.enqueued(0, sequence, sent, sent, intended);
	const metadata = stamper.stamp(0, sequence, intended, sent, CREATED_AT).toString();
	recorder.settled({
		task: {
			...newTask({ id: makeTaskId(RUN, 0, sequence), type: "t", payload: "{}", createdAt: CREATED_AT, metadata }),
		},
		polledAtUs: completed - 1_000,
		dequeuedAtUs: completed - 1_000,
		startedAtUs: completed - 1_000,
		handledAtUs: completed,
		handlerNs: 1_000_000,
		settledAtUs: completed,
		outcome: "completed",
	});
}

function resultOf(recorder: Recorder): Measurements {
	return recorder.result(Resources.create());
}

function timesOf(measurements: Measurements, stage: Stage): Distribution {
	const encoded = measurements.stages.find((candidate) => candidate.stage === stage);
	return encoded ? Distribution.decode(encoded) : Distribution.empty("us");
}

test("times are of the tasks intended in the window, whenever they finish; counts and series of all", () => {
	const recorder = recorderOf({ fromMs: 1_000, toMs: 2_000 });
	const intended = [0, 999_999, 1_000_000, 1_500_000, 1_999_999, 2_000_000, 5_000_000];
	for (const [sequence, intendedUs] of intended.entries()) {
		live(recorder, sequence, { intendedUs, sentUs: intendedUs + 2_000, completedUs: intendedUs + 1_000_000 });
	}
	const result = resultOf(recorder);
	expect(result.counters).toMatchObject({ due: 7, sent: 7, completed: 7, late: 7, cohortSent: 3, cohortSettled: 3 });
	for (const stage of [
		Stage.RESPONSE_TIME,
		Stage.UNCORRECTED_RESPONSE_TIME,
		Stage.SEND_LAG,
		Stage.GENERATOR_LAG,
		Stage.ENQUEUE_TIME,
		Stage.QUEUE_WAIT,
		Stage.DEQUEUE_TIME,
		Stage.ACK_TIME,
	]) {
		expect(timesOf(result, stage).count, Stage[stage]).toBe(3);
	}
	expect(result.series.reduce((sum, slot) => sum + slot.completed, 0)).toBe(7);
	expect(timesOf(result, Stage.RESPONSE_TIME).max).toBeCloseTo(1_000_000, 0);
	expect(timesOf(result, Stage.UNCORRECTED_RESPONSE_TIME).max).toBeCloseTo(998_000, 0);
});

test("a dropped arrival is intended and never ends, in the window's cohort where it was intended in it", () => {
	const recorder = recorderOf({ fromMs: 1_000, toMs: 2_000 });
	live(recorder, 0, { intendedUs: 1_000_000, sentUs: 1_000_000, completedUs: 1_002_000 });
	recorder.due(4);
	for (const [intendedUs, heldBack] of [
		[999_999, true],
		[1_000_000, true],
		[1_999_999, false],
		[2_000_000, true],
	] as const) {
		recorder.dropped(EPOCH_US + intendedUs, heldBack);
	}
	const { counters, errors, responseSeries, producers, series, stages } = resultOf(recorder);
	expect(counters).toMatchObject({ due: 5, sent: 1, dropped: 4, droppedHeldBack: 3, cohortSent: 1, cohortDropped: 2 });
	expect(responseSeries.map(({ index, intended, count, ended }) => [index, intended, count, ended])).toEqual([
		[0, 1, 0, 0],
		[1, 3, 1, 0],
		[2, 1, 0, 0],
	]);
	expect([...errors]).toEqual([
		["dropped: enqueues had no answer", 3],
		["dropped: the generator was behind", 1],
	]);
	// None of them was begun.
	expect(producers).toEqual([{ producer: 0, issued: 1 }]);
	expect(series.reduce((sum, { sent }) => sum + sent, 0)).toBe(1);
	expect(stages.find(({ stage }) => stage === Stage.SEND_LAG)?.count).toBe(1);
});

test("without a window every task is measured, and there is no cohort", () => {
	const recorder = recorderOf();
	live(recorder, 0, { intendedUs: 5, sentUs: 5, completedUs: 2_000 });
	const result = resultOf(recorder);
	expect(result.counters).toMatchObject({ cohortSent: 0, cohortSettled: 0 });
	expect(timesOf(result, Stage.RESPONSE_TIME).count).toBe(1);
});

test("lag is told apart by its cause", () => {
	const recorder = recorderOf();
	live(recorder, 0, { intendedUs: 0, sentUs: 500, completedUs: 9_000 });
	live(recorder, 1, { intendedUs: 0, sentUs: 1_500, completedUs: 9_000 });
	live(recorder, 2, { intendedUs: 0, sentUs: 4_000, completedUs: 9_000 }, true);
	live(recorder, 3, { intendedUs: 0, sentUs: 900, completedUs: 9_000 }, true);
	const result = resultOf(recorder);
	expect(result.counters).toMatchObject({ late: 2, heldBack: 1 });
	expect(timesOf(result, Stage.SEND_LAG).count).toBe(4);
	expect(timesOf(result, Stage.GENERATOR_LAG).max).toBeCloseTo(1_500, 0);
	expect(timesOf(result, Stage.BACKPRESSURE_LAG).max).toBeCloseTo(4_000, 0);
	expect(timesOf(result, Stage.BACKPRESSURE_LAG).count).toBe(2);
});

/**
 * The known answer of measurement.md §3: 100 requests a second at 1 ms for 100 s, then the server stalls for 100 s. One
 * connection: the request that the stall catches is answered at its end, and those due meanwhile after it, 1 ms each.
 */
test("a stall counts in the response times of all that were due in it, and in no other way of counting", () => {
	const recorder = recorderOf();
	const closedLoop = recorderOf();
	for (let sequence = 0; sequence < 20_000; sequence++) {
		const intendedUs = sequence * 10_000;
		const isWaiting = sequence > 10_000;
		const sentUs = isWaiting ? 200e6 : intendedUs;
		live(recorder, sequence, { intendedUs, sentUs, completedUs: sequence === 10_000 ? 200e6 : sentUs + 1_000 });
		const completedUs = sequence === 10_000 ? 200e6 : intendedUs + 1_000;
		if (!isWaiting) live(closedLoop, sequence, { intendedUs, sentUs, completedUs });
	}
	const corrected = timesOf(resultOf(recorder), Stage.RESPONSE_TIME);
	expect(corrected.count).toBe(20_000);
	expect(corrected.sum / corrected.count / 1e6).toBeCloseTo(25.0, 1);
	expect(corrected.percentileUs(50) / 1_000).toBeCloseTo(1, 1);
	expect(corrected.percentileUs(75) / 1e6).toBeCloseTo(50, 0);
	expect(corrected.percentileUs(99) / 1e6).toBeCloseTo(98, 0);
	const uncorrected = timesOf(resultOf(recorder), Stage.UNCORRECTED_RESPONSE_TIME);
	expect(uncorrected.percentileUs(99.99) / 1_000).toBeCloseTo(1, 1);
	// A client that waits for each answer would have sent 10,001 in that time.
	const closed = timesOf(resultOf(closedLoop), Stage.UNCORRECTED_RESPONSE_TIME);
	expect(closed.sum / closed.count / 1_000).toBeCloseTo(11, 0);
	expect(closed.percentileUs(99.99) / 1_000).toBeCloseTo(1, 1);
});
