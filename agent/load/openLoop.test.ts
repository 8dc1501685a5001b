import { afterEach, describe, expect, test } from "vitest";
import { Resources, Stage } from "../../proto/gen/measurement.js";
import { ArrivalProcess, OpenLoad, RateSegment, TaskShape } from "../../proto/gen/slice.js";
import { Distribution } from "../../proto/histogram.js";
import { nowUs } from "../measure/clock.js";
import { Recorder } from "../measure/recorder.js";
import { makeStamper, readStamp } from "../measure/stamp.js";
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

const opened: Recorder[] = [];
afterEach(() => {
	for (const recorder of opened.splice(0)) recorder.close();
});

interface Setting {
	readonly enqueue: (task: Task) => Promise<void>;
	readonly load?: Partial<OpenLoad>;
	/** How long after the epoch the loop begins; before it unless said: making a recorder takes a while. */
	readonly lateUs?: number;
	readonly stop?: AbortSignal;
}

/** 500 arrivals a second for 400 ms, unless said otherwise, on the real clock. */
async function offered({ enqueue, load, lateUs = -300_000, stop = new AbortController().signal }: Setting) {
	const epochUs = nowUs() - lateUs;
	const recorder = new Recorder({ runTag: RUN, epochUs, producers: [0] });
	opened.push(recorder);
	const context = {
		enqueue,
		runTag: RUN,
		shape,
		payload: payloadMaker(1),
		stamper: makeStamper(RUN, epochUs),
		recorder,
		nowUs,
		wall: new WallClock(),
		stop,
		epochUs,
	};
	const open = OpenLoad.create({
		profile: [RateSegment.create({ durationMs: 400, fromPerSecond: 500, toPerSecond: 500 })],
		arrivals: ArrivalProcess.UNIFORM,
		shareCount: 1,
		maxUnacknowledged: 1_000,
		...load,
	});
	await runOpenLoop(context, SHARE, open);
	const { counters, stages } = recorder.result(Resources.create());
	if (!counters) throw new Error("no counters");
	const lag = (stage: Stage) => {
		const encoded = stages.find((candidate) => candidate.stage === stage);
		return encoded ? Distribution.decode(encoded) : Distribution.empty("us");
	};
	return { counters, lag };
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
		}, 500);
		let counting = true;
		const { counters, lag } = await offered({ enqueue, load: { maxUnacknowledged: 10 } }).finally(() => {
			counting = false;
			clearTimeout(thaw);
		});
		expect(most).toBe(10);
		expect(counters).toMatchObject({ due: 200, sent: 200, dropped: 0 });
		// The first 10 went out on time; what was due until 200 ms waited, and what was due while it caught up.
		expect(counters.heldBack).toBeGreaterThan(80);
		const heldBack = lag(Stage.BACKPRESSURE_LAG);
		expect(heldBack.count + lag(Stage.GENERATOR_LAG).count).toBe(200);
		expect(heldBack.max).toBeGreaterThan(150_000);
	});

	test("what waits when it is stopped is dropped, and counted", async () => {
		const stop = new AbortController();
		const answers: (() => void)[] = [];
		const end = setTimeout(() => {
			stop.abort();
			for (const answer of answers) answer();
		}, 450);
		const enqueue = () => new Promise<void>((resolve) => answers.push(resolve));
		const { counters } = await offered({ enqueue, load: { maxUnacknowledged: 5 }, stop: stop.signal });
		clearTimeout(end);
		expect(counters.sent).toBe(5);
		expect(counters.dropped).toBeGreaterThan(50);
		expect(counters.due).toBe(counters.sent + counters.dropped);
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

	test("what Redis refuses is counted, and the next arrival comes at its time all the same", async () => {
		const enqueue = () => Promise.reject(new Error("OOM command not allowed when used memory > 'maxmemory'."));
		const { counters } = await offered({ enqueue });
		expect(counters).toMatchObject({ due: 200, sent: 200, enqueued: 0 });
		expect(counters.rejected + counters.unknown).toBe(200);
	});
});
