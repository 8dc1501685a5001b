import { expect, test } from "vitest";
import { type DiagnosisFigures, diagnose, type Limit } from "./diagnosis.js";

/** Spool's default at 10 % of what it can do. */
const IDLE: DiagnosisFigures = {
	loop: "closed",
	tasksPerSecond: 40,
	workers: 4,
	slots: 4,
	isClassic: true,
	pollIntervalMs: 10,
	generatorLate: false,
	hostBusy: 0.2,
	redisBusy: 0.1,
	evictedKeys: 0,
	loopUtilization: 0.2,
	serviceUs: 10,
	dequeueUs: 400,
	ackUs: 500,
	queueWait: { p50Us: 20_000, p95Us: 90_000 },
	responseP50Us: 21_000,
};

test.each<[Limit, Partial<DiagnosisFigures>, RegExp]>([
	["none", {}, /near its limit/],
	["none", { loop: "open" }, /at this rate/],
	["polling", { tasksPerSecond: 390 }, /cannot exceed 400\.0 tasks\/s, and this run did 97\.5% of that/],
	["polling", { tasksPerSecond: 341 }, /85\.3%/],
	["none", { tasksPerSecond: 339 }, /near its limit/],
	["handlers", { tasksPerSecond: 79, serviceUs: 50_000 }, /50\.0 ms a task 98\.8% of their time/],
	["handlers", { isClassic: false, slots: 128, tasksPerSecond: 2_500, serviceUs: 50_000 }, /97\.7%/],
	["redis", { redisBusy: 0.93, tasksPerSecond: 390 }, /main thread was 93% busy/],
	["redis-evicting", { evictedKeys: 7, redisBusy: 0.99 }, /evicted 7 keys/],
	["agent", { loopUtilization: 0.95, tasksPerSecond: 390 }, /event loop was 95% busy/],
	["host-cpu", { hostBusy: 0.97, redisBusy: 0.99 }, /97% busy/],
	["generator", { loop: "open", generatorLate: true, hostBusy: 0.99 }, /could not send tasks when they were due/],
	["round-trips", { pollIntervalMs: 0, tasksPerSecond: 4_200 }, /of the 910 µs .* 98\.9% is talking/],
	[
		"poll-wait",
		{ loop: "open", workers: 1, queueWait: { p50Us: 5_000, p95Us: 9_500 }, responseP50Us: 6_200 },
		/of 6\.20 ms a task waits 5\.00 ms/,
	],
	// As long, but not spread like a wait for a tick.
	[
		"none",
		{ loop: "open", workers: 1, queueWait: { p50Us: 5_000, p95Us: 40_000 }, responseP50Us: 6_200 },
		/near its limit/,
	],
	["none", { hostBusy: undefined, redisBusy: undefined, queueWait: undefined }, /near its limit/],
])("%s: %j", (limit, figures, sentence) => {
	const found = diagnose({ ...IDLE, ...figures });
	expect(found.limit).toBe(limit);
	expect(found.sentence).toMatch(sentence);
	expect(found.advice).not.toBe("");
});
