import { expect, test } from "vitest";
import { startRedis } from "../../tests/support/redis.js";
import { openRedis } from "../spool/connection.js";
import { nowUs } from "./clock.js";
import { type BurstNews, followClock } from "./clockBeat.js";

test("follows a real Redis's clock through a loss of the connection, and reads it a last time at the end", async () => {
	const server = await startRedis();
	const redis = await openRedis(server.url, { name: "clock" });
	const finish = new AbortController();
	const news: BurstNews[] = [];
	let heardThree = () => {};
	const heard = new Promise<void>((resolve) => {
		heardThree = resolve;
	});
	try {
		const following = followClock(
			redis,
			(one) => {
				news.push(one);
				// In the middle of the next burst, or before it: either way it comes back by itself.
				if (news.length === 1) redis.stream.destroy();
				if (news.length === 3) heardThree();
			},
			finish.signal,
		);
		await heard;
		finish.abort();
		await following;
		const intervals = news.flatMap((one) => (one.kind === "interval" ? [one.interval] : []));
		expect(intervals[0]?.samples).toBe(32);
		expect(intervals.at(-1)?.samples).toBe(32);
		expect(intervals.length).toBeGreaterThanOrEqual(news.length - 1);
		const trueOffsetUs = Date.now() * 1_000 - nowUs();
		for (const { lowUs, highUs } of intervals) {
			// Date.now is cut off to milliseconds.
			expect(lowUs).toBeLessThan(trueOffsetUs + 1_100);
			expect(highUs).toBeGreaterThan(trueOffsetUs - 100);
		}
	} finally {
		redis.disconnect();
		await server.stop();
	}
});
