import { describe, expect, test } from "vitest";
import { Resources, Stage } from "../../proto/gen/measurement.js";
import { ArrivalProcess, OpenLoad, RateSegment, TaskShape } from "../../proto/gen/slice.js";
import { Distribution } from "../../proto/histogram.js";
import { nowUs } from "../measure/clock.js";
import { Recorder } from "../measure/recorder.js";
import { readStamp, Stamper } from "../measure/stamp.js";
import { WallClock } from "../spool/gotime.js";
import type { Task } from "../spool/task.js";
import { runOpenLoop } from "./openLoop.js";
import { payloadMaker } from "./payload.js";

const RUN = 7;
const SHARE = { index: 0, firstTask: 0, tasks: 0 };
const shape = TaskShape.create({
	type: "t",
	payload: [{ weight: 1, leastBytes: 1, mostBytes: 1 }],
	priorityWeights: [0, 1, 0, 0],
	timeoutMs: 1_000,
});

interface Setting {
	readonly enqueue: (task: Task) => Promise<void>;
	readonly load?: Partial<OpenLoad>;
	/** How long after the epoch the loop begins; before it unless said. */
	readonly lateUs?: number;
	readonly stop?: AbortSignal;
}

/** Making a recorder takes a while, and no arrival may be missed meanwhile. */
const EPOCH_IN_MS = 1_000;

/** 500 arrivals a second for 400 ms, unless said otherwise, on the real clock. */
async function offered({ enqueue, load, lateUs = -1_000 * EPOCH_IN_MS, stop = new AbortController().signal }: Setting) {
	const epochUs = nowUs() - lateUs;
	const recorder = new Recorder({ runTag: RUN, epochUs, producers: [0] });
	const context = {
		enqueue,
		runTag: RUN,
		shape,
		payload: payloadMaker(1),
		stamper: new Stamper(RUN, epochUs),
		recorder,
		nowUs,
		wall: new WallClock(),
		stop,
		epochUs,
		abandon: new AbortController().signal,
		lookers: new Set<() => void>(),
	};
	const open = OpenLoad.create({
		profile: [RateSegment.create({ durationMs: 400, fromPerSecond: 500, toPerSecond: 500 })],
		arrivals: ArrivalProcess.UNIFORM,
		shareCount: 1,
		maxUnacknowledged: 1_000,
		...load,
	});
	await runOpenLoop(context, SHARE, open);
	const { counters, stages, responseSeries, span, resources } = recorder.result(Resources.create());
	if (!counters || !span) throw new Error("no counters");
	const lag = (stage: Stage) => {
		const encoded = stages.find((candidate) => candidate.stage === stage);
		return encoded ? Distribution.decode(encoded) : Distribution.empty("us");
	};
	return { counters, lag, seconds: responseSeries, span, resources };
}

function standStill(ms: number): void {
	for (const endUs = nowUs() + 1_000 * ms; nowUs() < endUs; );
}

describe("an open loop", () => {
	test.each([false, true])("sends every arrival, intended at its time, in order (spin: %s)", async (spin) => {
		const intended: number[] = [];
		const enqueue = async (task: Task) => {
			const stamp = readStamp(RUN, task.metadata ?? "");
			expect(stamp?.sequence).toBe(intended.length);
			intended.push(stamp?.intendedAtUs ?? -1);
		};
		const { counters } = await offered({ enqueue, load: { spin } });
		expect(intended).toEqual(Array.from({ length: 200 }, (_, index) => 1_000 + index * 2_000));
		expect(counters).toMatchObject({ due: 200, sent: 200, enqueued: 200, notOffered: 0, dropped: 0 });
	});

	test("does not wait for the queue, unless too many enqueues have no answer: then it says whose fault that is", async () => {
		let unanswered = 0;
		let most = 0;
		const answers: (() => void)[] = [];
		const enqueue = () => {
			unanswered++;
			most = Math.max(most, unanswered);
			return new Promise<void>((resolve) => answers.push(resolve));
		};
		const thaw = setTimeout(() => {
			const answer = () => {
				for (const each of answers.splice(0)) {
					unanswered--;
					each();
				}
				if (counting) setTimeout(answer, 1);
			};
			answer();
		}, EPOCH_IN_MS + 200);
		let counting = true;
		const { counters, lag, resources } = await offered({ enqueue, load: { maxUnacknowledged: 10 } }).finally(() => {
			counting = false;
			clearTimeout(thaw);
		});
		expect(most).toBe(10);
		expect(resources?.maxUnacknowledged).toBe(10);
		expect(counters).toMatchObject({ due: 200, sent: 200, dropped: 0 });
		// The first 10 went out on time; what was due until 200 ms waited, and what was due while it caught up.
		expect(counters.heldBack).toBeGreaterThan(80);
		const heldBack = lag(Stage.BACKPRESSURE_LAG);
		expect(heldBack.count + lag(Stage.GENERATOR_LAG).count).toBe(200);
		expect(heldBack.max).toBeGreaterThan(150_000);
	});

	test("what enqueues without an answer hold back when it is stopped is dropped, and each is told with its time", async () => {
		const stop = new AbortController();
		const answers: (() => void)[] = [];
		const enqueue = () => new Promise<void>((resolve) => answers.push(resolve));
		const end = setTimeout(() => stop.abort(), EPOCH_IN_MS + 600);
		// The answers come long after it has given up.
		const thaw = setTimeout(() => {
			for (const answer of answers) answer();
		}, EPOCH_IN_MS + 2_500);
		const { counters, seconds, span } = await offered({ enqueue, load: { maxUnacknowledged: 5 }, stop: stop.signal });
		clearTimeout(end);
		clearTimeout(thaw);
		expect(counters).toMatchObject({ due: 200, sent: 5, dropped: 195, droppedHeldBack: 195 });
		expect(seconds).toMatchObject([{ index: 0, intended: 200, ended: 0, count: 0 }]);
		// It was stopped 200 ms after the last one was due, and gave up half a second later.
		expect(span.sendingEndedAtUs).toBeGreaterThan(500_000);
	});

	test("what fell due since the last turn goes out yet when it is stopped", async () => {
		const stop = new AbortController();
		let sentBefore = 0;
		let sent = 0;
		const end = setTimeout(() => {
			sentBefore = sent;
			standStill(8);
			stop.abort();
		}, EPOCH_IN_MS + 200);
		const enqueue = async () => void sent++;
		const { counters } = await offered({ enqueue, stop: stop.signal });
		clearTimeout(end);
		expect(counters).toMatchObject({ due: sent, sent, dropped: 0 });
		expect(sent).toBeGreaterThanOrEqual(sentBefore + 3);
	});

	test("what it is behind with by its own fault is dropped as that", async () => {
		const stop = new AbortController();
		let sent = 0;
		const enqueue = async () => {
			if (++sent !== 20) return;
			// 750 fall due meanwhile, of which half a second at twice the rate leaves 250.
			standStill(1_500);
			stop.abort();
		};
		const profile = [RateSegment.create({ durationMs: 3_000, fromPerSecond: 500, toPerSecond: 500 })];
		const { counters } = await offered({ enqueue, load: { profile }, stop: stop.signal });
		expect(counters.dropped).toBeGreaterThan(200);
		expect(counters).toMatchObject({ due: counters.sent + counters.dropped, droppedHeldBack: 0 });
	});

	test("a late agent keeps the schedule: what fell due before it began is not offered, and no sequence number is used up", async () => {
		const stamps: [number, number][] = [];
		const enqueue = async (task: Task) => {
			const stamp = readStamp(RUN, task.metadata ?? "");
			stamps.push([stamp?.sequence ?? -1, stamp?.intendedAtUs ?? -1]);
		};
		const { counters } = await offered({ enqueue, lateUs: 200_000 });
		expect(counters.notOffered).toBeGreaterThanOrEqual(100);
		expect(counters).toMatchObject({ due: 200, sent: 200 - counters.notOffered });
		expect(stamps[0]).toEqual([0, 1_000 + counters.notOffered * 2_000]);
		expect(stamps.at(-1)).toEqual([counters.sent - 1, 399_000]);
	});

	test("asleep, sends what has fallen due as soon as something else wakes the process, or an answer comes", async () => {
		const epochUs = 1e9;
		let clockUs = epochUs;
		const answers: (() => void)[] = [];
		const stop = new AbortController();
		const lookers = new Set<() => void>();
		const recorder = new Recorder({ runTag: RUN, epochUs, producers: [0] });
		const context = {
			enqueue: () => new Promise<void>((resolve) => answers.push(resolve)),
			runTag: RUN,
			shape,
			payload: payloadMaker(1),
			stamper: new Stamper(RUN, epochUs),
			recorder,
			nowUs: () => clockUs,
			wall: new WallClock(),
			stop: stop.signal,
			epochUs,
			abandon: new AbortController().signal,
			lookers,
		};
		// Due at 10, 30 and 50 s of a clock that the test moves: the loop's own sleep would take as long.
		const profile = [RateSegment.create({ durationMs: 60_000, fromPerSecond: 0.05, toPerSecond: 0.05 })];
		const shared = { arrivals: ArrivalProcess.UNIFORM, shareCount: 1, maxUnacknowledged: 10 };
		const ended = runOpenLoop(context, SHARE, OpenLoad.create({ profile, ...shared }));
		const sent = () => recorder.totals().sent;
		for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
		const look = () => {
			for (const each of lookers) each();
		};
		look();
		expect(sent()).toBe(0);
		clockUs = epochUs + 10.002e6;
		look();
		await expect.poll(sent).toBe(1);
		clockUs = epochUs + 30.002e6;
		answers.shift()?.();
		await expect.poll(sent).toBe(2);
		stop.abort();
		answers.shift()?.();
		await ended;
		expect(lookers.size).toBe(0);
	});

	test("what Redis refuses is counted, and the next arrival comes at its time all the same", async () => {
		const enqueue = () => Promise.reject(new Error("OOM command not allowed when used memory > 'maxmemory'."));
		const { counters } = await offered({ enqueue });
		expect(counters).toMatchObject({ due: 200, sent: 200, enqueued: 0 });
		expect(counters.rejected + counters.unknown).toBe(200);
	});
});
