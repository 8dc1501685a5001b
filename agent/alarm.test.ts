import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { Alarm } from "./alarm.js";
import { nowUs } from "./measure/clock.js";

let alarm: Alarm | undefined;
afterEach(() => alarm?.close());

async function ready(): Promise<Alarm> {
	const made = new Alarm();
	alarm = made;
	await made.ready;
	return made;
}

function wokenIn(made: Alarm, ms: number): Promise<number> {
	const dueUs = nowUs() + ms * 1_000;
	return new Promise((resolve) => made.in(ms, () => resolve(nowUs() - dueUs)));
}

test("wakes finer than Node's own timers, and hardly before the time", async () => {
	const made = await ready();
	const errorsUs: number[] = [];
	for (let round = 0; round < 200; round++) errorsUs.push(await wokenIn(made, 1.3 + (round % 10) * 0.17));
	errorsUs.sort((a, b) => a - b);
	expect(errorsUs[0]).toBeGreaterThan(-100);
	// A timer of 1 ms grain is off by more than 0.3 ms for most; a busy machine delays some of them much longer.
	expect(errorsUs[20]).toBeLessThan(500);
});

test("wakes each of many at its time, in order, whatever the order in which they fell asleep", async () => {
	const made = await ready();
	const woken: number[] = [];
	const times = [30, 5, 20, 10, 5, 0, 25];
	await Promise.all(times.map((ms) => new Promise<void>((done) => made.in(ms, () => done(void woken.push(ms))))));
	expect(woken).toEqual([...times].sort((a, b) => a - b));
});

test("does not wake who called it off, and forgets it", async () => {
	const made = await ready();
	let woken = 0;
	const turnOff = made.in(5, () => woken++);
	expect(made.sleeping).toBe(1);
	turnOff();
	expect(made.sleeping).toBe(0);
	await wokenIn(made, 20);
	expect(woken).toBe(0);
});

test("who is called off by another that is woken with it is not woken", async () => {
	const made = await ready();
	const woken: string[] = [];
	await new Promise<void>((resolve) => {
		made.in(5, () => {
			woken.push("first");
			turnOff();
			made.in(20, resolve);
		});
		const turnOff = made.in(5, () => void woken.push("second"));
	});
	expect(woken).toEqual(["first"]);
});

test("before its thread is there, who called it off leaves no timer behind", () => {
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
	onTestFinished(() => void vi.useRealTimers());
	alarm = new Alarm();
	const turnOff = alarm.in(60_000, () => {});
	expect(vi.getTimerCount()).toBe(1);
	turnOff();
	expect(vi.getTimerCount()).toBe(0);
});

test("wakes those who fell asleep before its thread was there", async () => {
	alarm = new Alarm();
	expect(await wokenIn(alarm, 5)).toBeGreaterThan(-2_000);
});

test("takes next to no CPU time while everybody sleeps", async () => {
	const made = await ready();
	const before = process.cpuUsage();
	await Promise.all(Array.from({ length: 100 }, (_, at) => wokenIn(made, 300 + at)));
	const { user, system } = process.cpuUsage(before);
	expect(user + system).toBeLessThan(200_000);
});
