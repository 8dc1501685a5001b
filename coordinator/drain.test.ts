import { expect, test } from "vitest";
import { DrainWatch, type RunState } from "./drain.js";

const state = (nowMs: number, changes: Partial<RunState> = {}): RunState => ({
	nowMs,
	sendingDone: true,
	acknowledged: 10,
	settled: 4,
	inFlight: 0,
	backlog: 6,
	someUntold: false,
	...changes,
});

test("drained when sending is over and all that was acknowledged is settled", () => {
	const watch = new DrainWatch(60_000);
	expect(watch.look(state(0, { sendingDone: false, settled: 10 })).kind).toBe("goOn");
	expect(watch.look(state(1, { settled: 10 })).kind).toBe("drained");
	expect(watch.look(state(2, { acknowledged: 0, settled: 0 })).kind).toBe("drained");
});

test("stalled when queues and hands stay empty with tasks unsettled", () => {
	const watch = new DrainWatch(60_000);
	expect(watch.look(state(0, { backlog: 0 })).kind).toBe("goOn");
	expect(watch.look(state(2_000, { backlog: 0, inFlight: 1 })).kind).toBe("goOn");
	expect(watch.look(state(4_000, { backlog: 0 })).kind).toBe("goOn");
	expect(watch.look(state(4_499, { backlog: 0 })).kind).toBe("goOn");
	expect(watch.look(state(4_500, { backlog: 0 }))).toEqual({
		kind: "stalled",
		reason: "the queues ran empty with 6 acknowledged tasks unsettled",
	});
});

test("an unknown backlog is not an empty one; then the drain timeout decides", () => {
	const watch = new DrainWatch(10_000);
	expect(watch.look(state(0, { backlog: undefined })).kind).toBe("goOn");
	expect(watch.look(state(9_999, { backlog: undefined })).kind).toBe("goOn");
	expect(watch.look(state(10_000, { backlog: undefined })).kind).toBe("stalled");
});

test("a queue that takes no more tasks and settles none is given up, too", () => {
	const watch = new DrainWatch(10_000);
	watch.look(state(0, { sendingDone: false }));
	expect(watch.look(state(9_000, { sendingDone: false, acknowledged: 11 })).kind).toBe("goOn");
	expect(watch.look(state(18_999, { sendingDone: false, acknowledged: 11 })).kind).toBe("goOn");
	expect(watch.look(state(19_000, { sendingDone: false, acknowledged: 11 }))).toEqual({
		kind: "stalled",
		reason: "no task was settled and none sent for 10 s, with 7 unsettled",
	});
});

test("counts do not end a run that lost an agent, empty queues and hands do", () => {
	const watch = new DrainWatch(60_000);
	const untold = (nowMs: number, changes: Partial<RunState>) =>
		watch.look(state(nowMs, { someUntold: true, ...changes }));
	expect(untold(0, { settled: 10 }).kind).toBe("goOn");
	expect(untold(5_000, { settled: 12, backlog: 0, inFlight: 2 }).kind).toBe("goOn");
	expect(untold(6_000, { settled: 13, backlog: 0 }).kind).toBe("goOn");
	expect(untold(8_499, { settled: 13, backlog: 0 }).kind).toBe("goOn");
	expect(untold(8_500, { settled: 13, backlog: 0 }).kind).toBe("drained");
});

test("each settled task starts the drain timeout again", () => {
	const watch = new DrainWatch(10_000);
	watch.look(state(0));
	expect(watch.look(state(9_000, { settled: 5 })).kind).toBe("goOn");
	expect(watch.look(state(18_000, { settled: 5 })).kind).toBe("goOn");
	expect(watch.look(state(19_000, { settled: 5 })).kind).toBe("stalled");
});

test("undrained when a run with a window is still settling tasks so long after sending ended", () => {
	const watch = new DrainWatch(1_000, true);
	const endless = new DrainWatch(1_000);
	for (let nowMs = 0; nowMs < 3_000; nowMs += 100) {
		const moving = { acknowledged: 10_000, settled: nowMs / 10, sendingDone: nowMs >= 1_000 };
		expect(watch.look(state(nowMs, moving)).kind, `${nowMs} ms`).toBe(nowMs >= 2_000 ? "undrained" : "goOn");
		expect(endless.look(state(nowMs, moving)).kind).toBe("goOn");
	}
});
