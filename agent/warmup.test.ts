import { afterEach, expect, test, vi } from "vitest";
import { type Measurements, Stage } from "../proto/gen/measurement.js";
import { ArrivalProcess, Engine, OpenLoad, RateSegment, TaskShape } from "../proto/gen/slice.js";
import { Recorder } from "./measure/recorder.js";
import { warmUp } from "./warmup.js";

afterEach(() => void vi.restoreAllMocks());

const ONE_HOST_OPEN_LOOP = [
	Stage.RESPONSE_TIME,
	Stage.UNCORRECTED_RESPONSE_TIME,
	Stage.SEND_LAG,
	Stage.GENERATOR_LAG,
	Stage.ENQUEUE_TIME,
	Stage.QUEUE_WAIT,
	Stage.DEQUEUE_TIME,
	Stage.SERVICE_TIME,
	Stage.ACK_TIME,
];

test.each([Engine.CLASSIC, Engine.FUSED])(
	"goes the ways of tasks before, in and behind a window, engine %s",
	async (engine) => {
		const takeDelta = vi.spyOn(Recorder.prototype, "takeDelta");
		const shape = TaskShape.create({
			type: "t",
			payload: [{ weight: 1, leastBytes: 1, mostBytes: 1 }],
			priorityWeights: [0, 1, 0, 0],
			timeoutMs: 1_000,
		});
		const profile = [RateSegment.create({ durationMs: 1_000, fromPerSecond: 5_000, toPerSecond: 5_000 })];
		const open = OpenLoad.create({ profile, arrivals: ArrivalProcess.UNIFORM, shareCount: 1 });
		await warmUp({ runTag: 7, engine, load: { window: undefined, kind: { $case: "open", value: open } } }, shape);

		const deltas = takeDelta.mock.settledResults.map(({ value }) => value as Measurements);
		const total = (of: (delta: Measurements) => number) => deltas.reduce((sum, delta) => sum + of(delta), 0);
		const sent = total(({ counters }) => counters?.sent ?? 0);
		const measured = total(({ counters }) => counters?.cohortSent ?? 0);
		expect(measured).toBeGreaterThan(sent / 4);
		expect(measured).toBeLessThan(sent / 2);
		expect(total(({ counters }) => counters?.cohortSettled ?? 0)).toBe(measured);
		for (const stage of ONE_HOST_OPEN_LOOP) {
			const told = deltas.filter(({ stages }) => stages.some((each) => each.stage === stage));
			// More than once: what is encoded a second time is of another kind to V8.
			expect(told.length, `stage ${stage}`).toBeGreaterThan(1);
		}
	},
);
