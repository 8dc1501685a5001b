import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pause, Ticker } from "./ticker.js";

/** When a worker polls that is busy for each of the given times after a poll. */
function polls(intervalMs: number, busyMs: readonly number[]): number[] {
	const ticker = new Ticker(intervalMs, 0);
	let now = 0;
	return busyMs.map((busy) => {
		now = Math.max(now, ticker.nextTick(now));
		ticker.take(now);
		const polledAt = now;
		now += busy;
		return polledAt;
	});
}

describe("Ticker", () => {
	it.each([
		["never busy: every beat", [0, 0, 0], [10, 20, 30]],
		["busy within a beat: on the next one", [4, 9, 0], [10, 20, 30]],
		["busy past one beat: at once, then on the beat", [13, 0, 0], [10, 23, 30]],
		["busy past many: one is held, the others dropped", [57, 0, 0], [10, 67, 70]],
		["busy to a beat exactly: that beat", [10, 0, 0], [10, 20, 30]],
		["always a little too long: every poll at once, the rate is the work's", [12, 12, 12], [10, 22, 34]],
	])("%s", (_case, busy, expected) => {
		expect(polls(10, busy)).toEqual(expected);
	});

	it("polls at most once a beat, and never later than the end of its work and the next beat", () => {
		fc.assert(
			fc.property(fc.array(fc.nat({ max: 50 }), { minLength: 2, maxLength: 100 }), (busy) => {
				const at = polls(10, busy);
				for (const [index, next] of at.slice(1).entries()) {
					const free = (at[index] ?? 0) + (busy[index] ?? 0);
					expect(next).toBeGreaterThanOrEqual(free);
					expect(next - free).toBeLessThanOrEqual(10);
				}
				const last = at.at(-1) ?? 0;
				expect(at.length).toBeLessThanOrEqual(Math.floor(last / 10));
			}),
		);
	});

	it("keeps absolute time: lateness does not add up", () => {
		const ticker = new Ticker(10, 5);
		for (let beat = 1; beat <= 1_000; beat++) {
			expect(ticker.nextTick(0)).toBe(5 + beat * 10);
			ticker.take(5 + beat * 10 + 0.7);
		}
	});

	it("waits for its beat by the clock it is given, and not for one that is held", async () => {
		const nowMs = () => performance.now();
		const start = nowMs();
		const ticker = new Ticker(5, start);
		const { signal } = new AbortController();
		expect(await ticker.wait(nowMs, signal)).toBe(true);
		expect(nowMs()).toBeGreaterThanOrEqual(start + 5);
		const held = new Ticker(60_000, start - 90_000);
		expect(await held.wait(nowMs, signal)).toBe(true);
		expect(held.nextTick(nowMs())).toBeCloseTo(start + 30_000, 3);
	});

	it.each([0, 60_000])("interval %d ms: ends with its signal", async (intervalMs) => {
		const stop = new AbortController();
		const waiting = new Ticker(intervalMs, performance.now()).wait(() => performance.now(), stop.signal);
		stop.abort();
		expect(await waiting).toBe(false);
	});

	it("an interval of 0 always has a beat, and lets the event loop turn", async () => {
		let turned = false;
		setImmediate(() => {
			turned = true;
		});
		const ticker = new Ticker(0, 0);
		expect(await ticker.wait(() => 0, new AbortController().signal)).toBe(true);
		expect(turned).toBe(true);
		expect(ticker.nextTick(123)).toBe(123);
	});
});

it("pause leaves no listener behind", async () => {
	const stop = new AbortController();
	let listeners = 0;
	const { signal } = stop;
	const add = signal.addEventListener.bind(signal);
	const remove = signal.removeEventListener.bind(signal);
	signal.addEventListener = (...args: Parameters<typeof add>) => {
		listeners++;
		add(...args);
	};
	signal.removeEventListener = (...args: Parameters<typeof remove>) => {
		listeners--;
		remove(...args);
	};
	await pause(1, signal);
	expect(listeners).toBe(0);
});
