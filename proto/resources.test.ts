import { afterEach, expect, test } from "vitest";
import { ResourceMeter } from "./resources.js";

let meter = new ResourceMeter();
afterEach(() => {
	meter.stop();
	meter = new ResourceMeter();
});

/** Keeps the event loop for this long. */
function block(durationMs: number): void {
	const end = performance.now() + durationMs;
	while (performance.now() < end);
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 25));

test("sees CPU time, memory, and an event loop that was kept busy", async () => {
	meter.start();
	await turn();
	block(150);
	await turn();
	const used = meter.read();
	expect(used.wallUs).toBeGreaterThan(150_000);
	expect(used.cpuUserUs + used.cpuSystemUs).toBeGreaterThan(0);
	expect(used.loopDelayMaxUs).toBeGreaterThan(100_000);
	expect(used.loopUtilization).toBeGreaterThan(0);
	expect(used.loopUtilization).toBeLessThanOrEqual(1);
	expect(used.peakRssBytes).toBeGreaterThanOrEqual(used.rssStartBytes);
	expect(used.peakHeapBytes).toBeGreaterThan(0);
	expect(used.allocatedBytes).toBeGreaterThanOrEqual(-1);
});

test("keeps how busy the event loop was until sending ended, however long the process idles after it", async () => {
	meter.start();
	await turn();
	block(150);
	meter.sendingEnded();
	const { sendingLoopUtilization } = meter.read();
	for (let idle = 0; idle < 8; idle++) await turn();
	meter.sendingEnded();
	meter.stop();
	const used = meter.read();
	expect(used.sendingLoopUtilization).toBe(sendingLoopUtilization);
	expect(used.sendingLoopUtilization).toBeGreaterThan(used.loopUtilization);
});

test("until sending has ended, tells of the time so far", () => {
	meter.sendingEnded();
	meter.start();
	const used = meter.read();
	expect(used.sendingLoopUtilization).toBe(used.loopUtilization);
});

test("keeps the memory's peak", () => {
	meter.start();
	const before = meter.read().peakRssBytes;
	let large: Buffer | undefined = Buffer.alloc(64 * 1024 * 1024, 1);
	meter.sample();
	large = undefined;
	expect(large).toBeUndefined();
	expect(meter.read().peakRssBytes).toBeGreaterThan(before + 32 * 1024 * 1024);
});

test("tells the same after it was stopped, as often as that is", () => {
	meter.start();
	meter.stop();
	const used = meter.read();
	block(5);
	meter.stop();
	expect(meter.read()).toEqual(used);
});

test("has no figures before it was started, and may be stopped then", () => {
	meter.stop();
	expect(meter.read()).toMatchObject({ wallUs: 0, cpuUserUs: 0, allocatedBytes: -1 });
});
