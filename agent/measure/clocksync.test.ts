import { afterAll, expect, test } from "vitest";
import { startRedis } from "../../tests/support/redis.js";
import { openRedis } from "../spool/connection.js";
import { nowUs } from "./clock.js";
import { clockSync, measureClock } from "./clocksync.js";

test("a measurement is less sure the older it is: 50 µs more a second", () => {
	const interval = { atUs: 10, lowUs: 980, highUs: 1_000, worstRoundTripUs: 20, samples: 1 };
	expect(clockSync(interval, 10)).toMatchObject({ offsetUs: 990, boundUs: 10, worstRoundTripUs: 20, samples: 1 });
	expect(clockSync(interval, 2e6).boundUs - clockSync(interval, 1e6).boundUs).toBeCloseTo(50, 6);
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
