import { describe, expect, test } from "vitest";
import { ClockQuality, type Measurements, Resources, Stage } from "../../proto/gen/measurement.js";
import { Distribution } from "../../proto/histogram.js";
import { makeTaskId } from "../../proto/taskid.js";
import { newTask } from "../spool/task.js";
import type { HostClock } from "./clockOfHost.js";
import { Recorder } from "./recorder.js";
import { Stamper, stampBytes } from "./stamp.js";

const RUN = 0x0badcafe;

/** A host's clock that reads `epochUs` at the epoch and runs `driftPpm` too fast. */
function hostClock(hostIndex: number, epochUs: number, driftPpm: number): HostClock & { at(trueUs: number): number } {
	const rate = 1 + driftPpm / 1e6;
	return {
		hostIndex,
		at: (trueUs) => epochUs + trueUs * rate,
		correctionUs: (atUs) => (atUs - epochUs) / rate - (atUs - epochUs),
		quality: () => ClockQuality.create({ hostIndex, boundUs: 40, bursts: 9 }),
	};
}

interface Crossing {
	readonly sequence: number;
	/** Since the epoch, as a clock without fault would tell. */
	readonly intendedAtUs: number;
	readonly completedAtUs: number;
}

/** What the receiver measures of tasks that the sender stamped. */
function measuredBy(
	receiver: ReturnType<typeof hostClock>,
	sender: ReturnType<typeof hostClock>,
	tasks: readonly Crossing[],
): Measurements {
	const recorder = new Recorder({ runTag: RUN, epochUs: receiver.at(0), producers: [1], clock: receiver });
	const stamper = new Stamper(RUN, sender.at(0), sender);
	for (const { sequence, intendedAtUs, completedAtUs } of tasks) {
		const sentAtUs = sender.at(intendedAtUs);
		const metadata = stamper.stamp(0, sequence, sentAtUs, sentAtUs, "").toString();
		const atUs = receiver.at(completedAtUs);
		const id = makeTaskId(RUN, 0, sequence);
		recorder.settled({
			task: newTask({ id, type: "t", payload: "{}", createdAt: "2026-11-23T03:04:38Z", metadata }),
			polledAtUs: atUs - 900,
			dequeuedAtUs: atUs - 800,
			startedAtUs: atUs - 700,
			handledAtUs: atUs - 300,
			handlerNs: 400_000,
			settledAtUs: atUs,
			outcome: "completed",
		});
	}
	return recorder.result(Resources.create());
}

function valuesOf({ stages }: Measurements, stage: Stage): Distribution {
	const encoded = stages.find((one) => one.stage === stage);
	return encoded ? Distribution.decode(encoded) : Distribution.empty("us");
}

const AN_HOUR_US = 3.6e9;

describe("the response time of a task", () => {
	const tasks = [0, AN_HOUR_US / 2, AN_HOUR_US].map((intendedAtUs, sequence) => ({
		sequence,
		intendedAtUs,
		completedAtUs: intendedAtUs + 3_000,
	}));

	test("between hosts whose clocks drift apart is what a clock without fault would tell", () => {
		const result = measuredBy(hostClock(1, 7e12, -100), hostClock(0, 3e9, 100), tasks);
		for (const stage of [Stage.RESPONSE_TIME, Stage.UNCORRECTED_RESPONSE_TIME, Stage.CROSS_HOST_RESPONSE_TIME]) {
			const { count, min, max } = valuesOf(result, stage);
			expect(count).toBe(3);
			expect(min, Stage[stage]).toBeGreaterThan(2_998);
			expect(max, Stage[stage]).toBeLessThan(3_002);
		}
		expect(valuesOf(result, Stage.NEGATIVE_RESPONSE_TIME).count).toBe(0);
	});

	test("within one host is the difference of two readings of its clock, corrected by nothing", () => {
		const here = hostClock(2, 3e9, 100);
		const asIfBroken = { ...here, correctionUs: () => 1e6 };
		const result = measuredBy(asIfBroken, here, tasks);
		expect(valuesOf(result, Stage.RESPONSE_TIME).max).toBeLessThan(3_002);
		expect(valuesOf(result, Stage.CROSS_HOST_RESPONSE_TIME).count).toBe(0);
		expect(result.clock?.fromHosts).toEqual([]);
	});

	test("below zero counts as zero, by sender, and its size is kept", () => {
		const early = [2_000, -500, 1_000, -1_500].map((us, sequence) => ({
			sequence,
			intendedAtUs: 1e6,
			completedAtUs: 1e6 + us,
		}));
		const result = measuredBy(hostClock(1, 7e12, 0), hostClock(3, 3e9, 0), early);
		const response = valuesOf(result, Stage.RESPONSE_TIME);
		expect([response.count, response.min, response.negative]).toEqual([4, 0, 2]);
		const below = valuesOf(result, Stage.NEGATIVE_RESPONSE_TIME);
		expect([below.count, below.min, below.max]).toEqual([2, 500, 1_500]);
		expect(result.clock).toMatchObject({ hostIndex: 1, boundUs: 40, bursts: 9 });
		expect(result.clock?.fromHosts).toEqual([{ hostIndex: 3, tasks: 4, negative: 2, mostNegativeUs: -1_500 }]);
	});
});

test("an agent of a fleet on one host tells nothing of clocks", () => {
	const recorder = new Recorder({ runTag: RUN, epochUs: 0, producers: [0] });
	recorder.begun(0, 0, 0, 0, stampBytes);
	expect(recorder.result(Resources.create()).clock).toBeUndefined();
});
