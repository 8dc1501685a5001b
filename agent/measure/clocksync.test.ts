import { afterAll, describe, expect, test } from "vitest";
import { startRedis } from "../../tests/support/redis.js";
import { openRedis } from "../spool/connection.js";
import { nowUs } from "./clock.js";
import { boundOffset, type ClockSample, measureClock } from "./clocksync.js";

/** A reproducible source of numbers in (0, 1): Park and Miller's. */
function randomSource(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state * 16_807) % 2_147_483_647;
		return state / 2_147_483_647;
	};
}

const OFFSET_US = 1_795_403_078_000_123;

/** A burst whose requests queue for an exponential time of 400 µs on average, on top of 50 µs each way. */
function queueingBurst(random: () => number): ClockSample[] {
	let now = 1e9;
	return Array.from({ length: 32 }, () => {
		const sentAtUs = now;
		const readAtUs = sentAtUs + 50 - 400 * Math.log(1 - random());
		const receivedAtUs = readAtUs + 50;
		now = receivedAtUs + 10;
		return { sentAtUs, serverUs: Math.floor(readAtUs + OFFSET_US), receivedAtUs };
	});
}

describe("the offset that a burst bounds", () => {
	test("is within its bound, and near, though one leg queues", () => {
		const random = randomSource(20_261_123);
		const bursts = Array.from({ length: 300 }, () => {
			const samples = queueingBurst(random);
			const { offsetUs, boundUs } = boundOffset(samples, samples.at(-1)?.receivedAtUs ?? 0);
			return { errorUs: Math.abs(offsetUs - OFFSET_US), boundUs };
		});
		const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
		expect(bursts.filter(({ errorUs, boundUs }) => errorUs > boundUs)).toEqual([]);
		expect(mean(bursts.map(({ errorUs }) => errorUs))).toBeLessThan(20);
		expect(Math.max(...bursts.map(({ errorUs }) => errorUs))).toBeLessThan(80);
		expect(mean(bursts.map(({ boundUs }) => boundUs))).toBeLessThan(80);
	});

	test("is that of a single call, to half its round trip", () => {
		const sync = boundOffset([{ sentAtUs: 1_000, serverUs: 51_050, receivedAtUs: 1_100 }], 1_100);
		expect(sync.offsetUs).toBeCloseTo(50_000.5, 6);
		expect(sync.boundUs).toBeCloseTo(50.5 + 0.25 + 100 * 50e-6, 6);
		expect(sync).toMatchObject({ worstRoundTripUs: 100, samples: 1, monotonicNowUs: 1_100 });
	});

	test("is less sure the older it is: 50 µs more a second", () => {
		const samples = [{ sentAtUs: 0, serverUs: 1_000, receivedAtUs: 10 }];
		expect(boundOffset(samples, 2e6).boundUs - boundOffset(samples, 1e6).boundUs).toBeCloseTo(50, 6);
	});

	test("does not exist when the clock was set between two calls", () => {
		const samples = queueingBurst(randomSource(7)).map((sample, call) =>
			call < 16 ? sample : { ...sample, serverUs: sample.serverUs - 5_000 },
		);
		expect(() => boundOffset(samples, 0)).toThrow(/clock was set/);
	});
});

const server = await startRedis();
afterAll(() => server.stop());

test("against a Redis of this host it is what both clocks say", async () => {
	const redis = await openRedis(server.url, { name: "clock" });
	try {
		const sync = await measureClock(redis);
		const beforeUs = nowUs();
		const wallUs = Date.now() * 1_000;
		const afterUs = nowUs();
		expect(sync.samples).toBe(32);
		expect(sync.boundUs).toBeLessThanOrEqual(sync.worstRoundTripUs / 2 + 1_000);
		// Date.now is cut off to milliseconds.
		expect(sync.offsetUs + sync.boundUs).toBeGreaterThan(wallUs - afterUs);
		expect(sync.offsetUs - sync.boundUs).toBeLessThan(wallUs + 1_000 - beforeUs);
	} finally {
		redis.disconnect();
	}
});
